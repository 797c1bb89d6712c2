import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { MESSAGES, useProviders } from '../testing/clients.js';
import { controlledDouble, settled } from './controlled-double.js';

const start = useProviders();

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a stream nobody can read any more is settled as cut, and the provider is told to stop', async () => {
  const provider = await start();
  provider.respondWith({ inputTokens: 10, chunks: ['one ', 'two ', 'three '], holdAfterChunks: 1 });
  const guard = createGuard();
  const send = guard.guardFetch();
  await guard.budget({ usd: 1 }).run(async (scope) => {
    const open = async () => {
      const response = await send(`${provider.openaiBaseURL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4o', stream: true, max_tokens: 100, messages: MESSAGES }),
      });
      expect(response.status).toBe(200);
    };
    await open();
    expect(scope.held.calls).toBe(1);
    for (let turn = 0; turn < 50 && scope.held.calls > 0; turn += 1) {
      collectGarbage();
      await settled();
    }
    expect(scope.held.calls).toBe(0);
    expect(scope.spent.usd).toBeGreaterThan(0);
  });
  expect(guard.report({ groupBy: ['$outcome'] }).rows[0]?.tags).toEqual({ $outcome: 'cut' });
  await provider.idle();
  expect(provider.requests[0]?.aborted).toBe(true);
});

test('a call that never ends is charged once its lease is over, and corrected when it ends after all', async () => {
  const clock = createFakeClock();
  const guard = createGuard({ clock });
  const double = controlledDouble(guard);
  await guard.budget({ usd: 1 }).run(async (scope) => {
    const lost = double.send();
    await settled();
    clock.advance(24 * 60 * 60 * 1000);
    const next = double.send();
    await settled();
    expect(scope.spent.usd).toBe(0.01);
    expect(guard.report().total()).toMatchObject({ presumedCalls: 1, usd: 0.01 });
    await double.answer(100);
    await double.answer(100);
    await Promise.all([lost, next]);
    expect(scope.spent.usd).toBe(0.002);
    expect(scope.held.usd).toBe(0);
    expect(guard.report().total()).toMatchObject({ presumedCalls: 0, calls: 2, usd: 0.002 });
  });
});
