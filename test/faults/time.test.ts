import { describe, expect, it } from 'vitest';
import { createGuard, type Guard, type LiveScope } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { controlledDouble, settled } from '../behaviours/controlled-double.js';

const HOUR_MS = 3_600_000;
const LEASE_MS = 900_000;

describe('a wall clock that jumps while a call is in flight', () => {
  it.each([
    ['two hours back', -2 * HOUR_MS],
    ['two hours on', 2 * HOUR_MS],
    ['to another year', 400 * 24 * HOUR_MS],
  ])('%s neither ends its hold nor makes its duration wrong', async (_, jumpMs) => {
    const clock = createFakeClock({ nowMs: Date.UTC(2026, 2, 8) });
    const guard = createGuard({ clock });
    const double = controlledDouble(guard);
    await guard.budget({ usd: 1, waitMs: 1000 }).run(async (scope) => {
      const flying = double.send();
      await settled();
      clock.setNow(clock.nowMs() + jumpMs);
      clock.advance(250);
      const next = double.send();
      await settled();
      expect(scope.held.usd).toBe(0.02);
      await double.answer(500);
      await double.answer(500);
      await Promise.all([flying, next]);
      expect([scope.held.usd, scope.spent.usd]).toEqual([0, 0.01]);
    });
    expect(guard.report().total()).toMatchObject({ calls: 2, presumedCalls: 0 });
  });
});

/** A call that is in flight while nothing of ours runs for two leases, and what a test makes happen then. */
async function standStill(
  act: (double: ReturnType<typeof controlledDouble>, flying: Promise<unknown>, scope: LiveScope) => Promise<void>,
): Promise<Guard> {
  const clock = createFakeClock();
  const guard = createGuard({ clock });
  const double = controlledDouble(guard);
  await guard.budget({ usd: 1 }).run(async (scope) => {
    const flying = double.send();
    await settled();
    clock.advance(2 * LEASE_MS);
    await act(double, flying, scope);
  });
  return guard;
}

describe('a process that stands still for two leases', () => {
  it('books the answer that comes after all, and nothing twice', async () => {
    const guard = await standStill(async (double, flying, scope) => {
      await double.answer(300);
      await flying;
      expect([scope.held.usd, scope.spent.usd]).toEqual([0, 0.003]);
    });
    expect(guard.report().total()).toMatchObject({ calls: 1, presumedCalls: 0, usd: 0.003 });
  });

  it('books it in the place of what was presumed, where another call came first', async () => {
    const guard = await standStill(async (double, flying, scope) => {
      const next = double.send();
      await settled();
      expect(scope.spent.usd).toBe(0.01);
      await double.answer(300);
      await double.answer(300);
      await Promise.all([flying, next]);
      expect([scope.held.usd, scope.spent.usd]).toEqual([0, 0.006]);
    });
    expect(guard.report().total()).toMatchObject({ calls: 2, presumedCalls: 0, usd: 0.006 });
  });
});

describe('a call that takes its place in the queue', () => {
  it('is sent at once where the money it waits for is freed in that very moment', async () => {
    // The clock stands still, so that a call which missed its turn would wait for ever.
    const guard = createGuard({ clock: createFakeClock() });
    const client = guard.instrument({
      chat: {
        completions: {
          create: async (_: object) => ({ usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
        },
      },
    });
    const request = { model: 'gpt-4o', max_tokens: 100, messages: [] };
    const { worstCase } = await guard.estimate(request as never);
    const burst = guard
      .budget({ usd: worstCase.usd * 1.5, waitMs: 1000 })
      .run(() => Promise.all(Array.from({ length: 20 }, () => client.chat.completions.create(request))));
    expect(await burst).toHaveLength(20);
  });
});
