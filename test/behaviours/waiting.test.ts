import { describe, expect, test } from 'vitest';
import { BudgetExceededError, createGuard } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { controlledDouble, settled } from './controlled-double.js';

function setUp() {
  const clock = createFakeClock();
  const guard = createGuard({ clock });
  return { clock, guard, double: controlledDouble(guard) };
}

describe('a budget with waitMs', () => {
  test('paces a burst in order of arrival as holds settle, and ends with the cap used', async () => {
    const { guard, double } = setUp();
    const done: number[] = [];
    const burst = guard.budget({ usd: 0.02, waitMs: 60_000 }).run(() =>
      Promise.allSettled(
        Array.from({ length: 5 }, async (_, index) => {
          await double.send({ user: String(index) });
          done.push(index);
        }),
      ),
    );
    await settled();
    expect(double.open).toBe(2);
    // Each is held at a cent and bills a fifth of one, so all of them fit in the end.
    while (double.open > 0) await double.answer(200);
    const results = await burst;
    expect(results.map((result) => result.status)).toEqual(Array(5).fill('fulfilled'));
    expect(double.requests.map((request) => (request as { user?: string }).user)).toEqual(['0', '1', '2', '3', '4']);
    expect(done).toEqual([0, 1, 2, 3, 4]);
    expect(guard.report().total().usd).toBeCloseTo(0.01, 9);
  });

  test('refuses at once what can never fit', async () => {
    const { guard, double } = setUp();
    const call = guard.budget({ usd: 0.005, waitMs: 60_000 }).run(() => double.send());
    await expect(call).rejects.toMatchObject({ canFitLater: false });
  });

  test('refuses what no longer fits once the others are paid', async () => {
    const { guard, double } = setUp();
    const burst = guard
      .budget({ usd: 0.01, waitMs: 60_000 })
      .run(() => Promise.allSettled([double.send(), double.send()]));
    await settled();
    await double.answer(900);
    const [first, second] = await burst;
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { canFitLater: false, spent: 0.009 } });
  });

  test('refuses when its time is up, and the call can fit later', async () => {
    const { clock, guard, double } = setUp();
    const events: string[] = [];
    guard.on('waiting', ({ waitMs }) => events.push(`waiting ${waitMs}`));
    guard.on('blocked', () => events.push('blocked'));
    const burst = guard
      .budget({ usd: 0.01, waitMs: 500 })
      .run(() => Promise.allSettled([double.send(), double.send()]));
    await settled();
    clock.advance(499);
    await settled();
    expect(events).toEqual(['waiting 500']);
    clock.advance(1);
    await settled();
    expect(events).toEqual(['waiting 500', 'blocked']);
    await double.answer(10);
    const [, second] = await burst;
    expect(second).toMatchObject({ status: 'rejected', reason: { canFitLater: true, held: 0.01 } });
    expect(clock.pendingTimers).toBe(0);
  });

  test('nobody overtakes an earlier call, also not a smaller one that would fit', async () => {
    const { guard, double } = setUp();
    const burst = guard
      .budget({ usd: 0.015, waitMs: 60_000 })
      .run(() => Promise.allSettled([double.send(), double.send(), double.send({ max_tokens: 100, user: 'small' })]));
    await settled();
    expect(double.requests).toHaveLength(1);
    await double.answer(0);
    await settled();
    expect(double.requests.map((request) => (request as { user?: string }).user)).toEqual([
      undefined,
      undefined,
      'small',
    ]);
    while (double.open > 0) await double.answer(0);
    await burst;
  });

  test('waits only where every refusing budget lets it, at most as long as the shortest', async () => {
    const { clock, guard, double } = setUp();
    const outer = guard.budget({ usd: 0.01, waitMs: 300 });
    const inner = guard.budget({ usd: 0.01, waitMs: 60_000 });
    const impatient = guard.budget({ usd: 0.01 });
    const first = outer.run(() => inner.run(() => Promise.allSettled([double.send(), double.send()])));
    await settled();
    clock.advance(300);
    await settled();
    await double.answer(0);
    expect(await first).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }]);
    const second = outer.run(() => impatient.run(() => Promise.allSettled([double.send(), double.send()])));
    await settled();
    expect(clock.pendingTimers).toBe(0);
    await double.answer(0);
    expect(await second).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }]);
  });

  test('an aborted call leaves the queue, and those behind it move up', async () => {
    const clock = createFakeClock();
    const guard = createGuard({ clock });
    guard.prices.register('m', { input: 0, output: 10, maxOutputTokens: 10_000 });
    const answers: (() => void)[] = [];
    const body = JSON.stringify({ usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } });
    const send = guard.guardFetch(() => new Promise((resolve) => answers.push(() => resolve(new Response(body)))));
    const post = (signal?: AbortSignal) =>
      send('http://127.0.0.1/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ model: 'm', max_tokens: 1000, messages: [] }),
        ...(signal && { signal }),
      });
    const leaving = new AbortController();
    const burst = guard
      .budget({ usd: 0.01, waitMs: 60_000 })
      .run(() => Promise.allSettled([post(), post(leaving.signal), post()]));
    await settled();
    leaving.abort(new Error('the user left'));
    await settled();
    for (const answer of answers.splice(0)) answer();
    await settled();
    for (const answer of answers.splice(0)) answer();
    const results = await burst;
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { message: 'the user left' } });
    expect(clock.pendingTimers).toBe(0);
  });

  test('a refusal after a wait is our own error', async () => {
    const { clock, guard, double } = setUp();
    const burst = guard
      .budget({ name: 'patient', calls: 1, waitMs: 10 })
      .run(() => Promise.allSettled([double.send(), double.send()]));
    await settled();
    clock.advance(10);
    await settled();
    await double.answer(0);
    const [, second] = await burst;
    expect((second as PromiseRejectedResult).reason).toBeInstanceOf(BudgetExceededError);
  });
});
