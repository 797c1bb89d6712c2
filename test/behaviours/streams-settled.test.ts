import { describe, expect, it } from 'vitest';
import { createGuard, type Guard } from '../../src/index.js';
import type { FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, MESSAGES, RESPONSES, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const REPLY: FakeReply = { inputTokens: 20, outputTokens: 300 };

function roomy(guard: Guard) {
  return guard.budget({ usd: 10, onUnknown: 'charge' });
}

describe.each(SDK_CALLS)('a stream of $name', (sdk) => {
  it('is settled once, by the bill, when it is read to its end', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });

    const after = await roomy(guard).run(async (scope) => {
      await readAll(await stream());
      return { spent: scope.spent, held: scope.held };
    });

    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ basis: 'priced', outcome: 'completed', stream: true });
    expect(record?.costNanoUsd).toBe(Number(provider.billed.nanoUsd));
    expect(Math.round(after.spent.usd * 1e9)).toBe(Number(provider.billed.nanoUsd));
    expect(after.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
  });

  it('holds its worst case until then', async () => {
    const provider = await startProvider({ respond: { ...REPLY, holdAfterChunks: 2 } });
    const guard = createGuard();
    const { stream } = sdk.open(provider, { guard });

    await roomy(guard).run(async (scope) => {
      const reading = readAll(await stream());
      expect(scope.held.calls).toBe(1);
      expect(scope.held.usd).toBeGreaterThanOrEqual(0.005);
      expect(scope.spent.calls).toBe(0);
      provider.releaseAll();
      await reading;
      expect(scope.held.calls).toBe(0);
      expect(scope.spent.calls).toBe(1);
    });
  });

  it('is charged its hold when the consumer breaks off, and the provider is told to stop', async () => {
    const provider = await startProvider({ respond: { ...REPLY, holdAfterChunks: 3 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });

    await roomy(guard).run(async () => {
      for await (const event of await stream()) {
        if (JSON.stringify(event).includes('two')) break;
      }
    });
    await provider.idle();

    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ basis: 'presumed', outcome: 'cut' });
    expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
    expect(record?.costNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
    expect(provider.requests[0]).toMatchObject({ aborted: true, chunksSent: 3 });
  });

  it('is charged its hold when the consumer aborts it', async () => {
    const provider = await startProvider({ respond: { ...REPLY, holdAfterChunks: 3 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });
    const controller = new AbortController();

    await roomy(guard).run(async () => {
      const events = await stream({}, { signal: controller.signal });
      for await (const event of events) {
        if (JSON.stringify(event).includes('two')) controller.abort(new Error('The user pressed Stop'));
      }
    });
    await provider.idle();

    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ basis: 'presumed', outcome: 'cut' });
    expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
    expect(provider.requests[0]?.aborted).toBe(true);
  });

  it.each<[string, FakeReply]>([
    ['the connection breaks in its middle', { fault: 'cut-stream', faultAfterChunks: 3 }],
    ['the connection is reset after the headers', { fault: 'reset-after-headers' }],
    ['it ends without usage and without its last event', { fault: 'no-terminal-event' }],
    ['its last event is cut in the middle', { fault: 'truncated-json', faultAfterChunks: 300 }],
    ['it tells no usage', { usage: 'omit' }],
  ])('is charged its hold, and never nothing, when %s', async (_, fault) => {
    const provider = await startProvider({ respond: { ...REPLY, ...fault } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });

    const held = await roomy(guard).run(async (scope) => {
      await readAll(await stream()).catch(() => undefined);
      return scope.held;
    });

    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record?.basis).toBe('presumed');
    expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
    expect(record?.costNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
    expect(held.calls).toBe(0);
  });

  it('is settled once when it is read twice through tee', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });

    const [left, right] = (
      (await stream()) as unknown as { tee(): [AsyncIterable<unknown>, AsyncIterable<unknown>] }
    ).tee();
    const [first, second] = await Promise.all([readAll(left), readAll(right)]);

    expect(second).toEqual(first);
    expect(await records()).toHaveLength(1);
    expect(guard.report().total().costUsd).toBe(provider.billed.usd);
  });
});

/** The last frames of a whole answer in each format; after them the connection stays open. */
const ENDINGS = [
  { sdk: CHAT, last: '[DONE]' },
  { sdk: RESPONSES, last: 'response.completed' },
  { sdk: MESSAGES, last: 'message_stop' },
];

describe.each(ENDINGS)('a stream of $sdk.name whose connection stays open', ({ sdk, last }) => {
  it('is settled at the last event of its protocol', async () => {
    const recorded = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = sdk.open(recorded, {});
    await create();
    const frames = await recordFrames(recorded, sdk);
    expect(frames.at(-1)).toContain(last);
    const provider = await startProvider({
      respond: { ...REPLY, rawEvents: [...frames, ': still here\n\n'], holdAfterChunks: frames.length },
    });
    const { raw } = sdk.open(provider, { guard });

    await roomy(guard).run(async (scope) => {
      const response = await raw({ stream: true, ...(sdk === CHAT && { stream_options: { include_usage: true } }) });
      const reader = response.body?.getReader();
      let text = '';
      while (!text.includes(last)) text += new TextDecoder().decode((await reader?.read())?.value);
      expect(provider.requests[0]?.status).toBe(200);
      expect(scope.held.calls).toBe(0);
      expect(scope.spent).toMatchObject({ calls: 1, tokens: 320 });
      await reader?.cancel();
    });

    expect(guard.report().total()).toMatchObject({ calls: 1, presumedCalls: 0, tokens: 320 });
  });
});

async function recordFrames(provider: Parameters<typeof CHAT.open>[0], sdk: typeof CHAT): Promise<string[]> {
  const response = await sdk
    .open(provider)
    .raw({ stream: true, ...(sdk === CHAT && { stream_options: { include_usage: true } }) });
  return (await response.text()).split(/(?<=\n\n)/);
}
