import { expect, test } from 'vitest';
import { createGuard } from '../../src/guard.js';
import { explain } from '../../src/report/explain.js';
import type { SpendRecord } from '../../src/sink/sink.js';

const ANSWERS: Readonly<Record<string, object>> = {
  '/v1/audio/transcriptions': { text: 'Hi', usage: { type: 'duration', seconds: 37 } },
  '/v1/images/generations': { created: 1, data: [{ url: 'https://x/1' }, { url: 'https://x/2' }] },
};

function setUp() {
  const guard = createGuard();
  const records: SpendRecord[] = [];
  guard.addSink({ name: 'test', write: (settled) => void records.push(...settled) });
  let sent = 0;
  const fetch = guard.guardFetch(async (url) => {
    sent += 1;
    return Response.json(ANSWERS[new URL(String(url)).pathname]);
  });
  const base = 'https://api.openai.com/v1';
  const listen = () => {
    const form = new FormData();
    form.set('model', 'whisper-1');
    form.set('file', new Blob([new Uint8Array(16_000)]), 'talk.mp3');
    return fetch(`${base}/audio/transcriptions`, { method: 'POST', body: form });
  };
  const paint = () => {
    const body = JSON.stringify({ model: 'dall-e-3', prompt: 'A cat', n: 2 });
    const headers = { 'content-type': 'application/json' };
    return fetch(`${base}/images/generations`, { method: 'POST', headers, body });
  };
  return { guard, records, listen, paint, sent: () => sent };
}

test('seconds and images are held at their most and billed as they are told', async () => {
  const { guard, records, listen, paint } = setUp();
  guard.prices.register('dall-e-3', { input: 0, output: 0, perImage: 0.04 });
  await guard.budget({ usd: 0.1837 }, async () => {
    await (await listen()).json();
    await (await paint()).json();
  })();
  await guard.flush();
  expect(records.map(({ basis, holdNanoUsd, costNanoUsd }) => [basis, holdNanoUsd, costNanoUsd])).toEqual([
    ['priced', 100_000_000, 3_700_000],
    ['priced', 80_000_000, 80_000_000],
  ]);
  expect(records.flatMap((record) => explain(record).items)).toEqual([
    { kind: 'audio_duration', quantity: 37, unit: 'second', rateUsd: '0.0001', costUsd: '0.0037' },
    { kind: 'image', quantity: 2, unit: 'image', rateUsd: '0.04', costUsd: '0.08' },
  ]);
});

test('what does not fit is never sent, and neither is what has no price', async () => {
  const { guard, listen, paint, sent } = setUp();
  const capped = (usd: number, call: () => Promise<unknown>) => guard.budget({ usd }, call)();
  await expect(capped(0.0999, listen)).rejects.toMatchObject({ code: 'budget_exceeded' });
  await expect(capped(100, paint)).rejects.toMatchObject({ code: 'unpriced_model' });
  guard.prices.register('dall-e-3', { input: 0, output: 0, perImage: 0.04 });
  await expect(capped(0.0799, paint)).rejects.toMatchObject({ code: 'budget_exceeded' });
  guard.prices.register('whisper-1', { like: 'whisper-1', maxAudioSeconds: 60 });
  expect(sent()).toBe(0);
  await capped(0.006, listen);
  expect(sent()).toBe(1);
});
