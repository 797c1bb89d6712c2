import { describe, expect, test } from 'vitest';
import { BudgetExceededError, createGuard } from '../../src/index.js';
import { CENT_MODEL, controlledDouble, settled } from './controlled-double.js';

function setUp() {
  const guard = createGuard();
  guard.prices.register('cheap-model', { input: 0, output: 1, maxOutputTokens: 10_000 });
  return { guard, double: controlledDouble(guard) };
}

describe('a function as onExceed', () => {
  test('is awaited, with the refusal and the request', async () => {
    const { guard, double } = setUp();
    const seen: unknown[] = [];
    const budget = guard.budget({
      name: 'asked',
      usd: 0.001,
      onExceed: async (refusal, request) => {
        await settled();
        seen.push(refusal, request.model, request.maxOutputTokens);
        return 'refuse' as const;
      },
    });
    await expect(guard.track({ userId: 'alice' }, () => budget.run(() => double.send()))).rejects.toThrow('asked');
    expect(seen[0]).toBeInstanceOf(BudgetExceededError);
    expect(seen[0]).toMatchObject({ budget: 'asked', requested: 0.01, tags: { userId: 'alice' } });
    expect(seen.slice(1)).toEqual([CENT_MODEL, 1000]);
    expect(double.requests).toHaveLength(0);
  });

  test("'allow' books the call, and what it puts above the cap is excess", async () => {
    const { guard, double } = setUp();
    const run = guard.budget({ usd: 0.001, onExceed: () => 'allow' }).run(async (scope) => {
      const call = double.send();
      await settled();
      await double.answer(1000);
      await call;
      return scope.spent.usd;
    });
    expect(await run).toBe(0.01);
  });

  test('a model is quoted again, and so is a ceiling', async () => {
    const { guard, double } = setUp();
    const rerouted = guard.budget({ usd: 0.001, onExceed: () => ({ model: 'cheap-model' }) }).run(() => double.send());
    await settled();
    expect(double.requests[0]?.model).toBe('cheap-model');
    await double.answer(1);
    await rerouted;
    const clamped = guard.budget({ usd: 0.001, onExceed: () => ({ maxOutputTokens: 100 }) }).run(() => double.send());
    await settled();
    expect(double.requests[1]?.max_tokens).toBe(100);
    await double.answer(1);
    await clamped;
  });

  test('a rewrite that does not fit is refused in the end', async () => {
    const { guard, double } = setUp();
    const budget = guard.budget({ usd: 0.001, onExceed: () => ({ maxOutputTokens: 900 }) });
    await expect(budget.run(() => double.send())).rejects.toBeInstanceOf(BudgetExceededError);
    expect(double.requests).toHaveLength(0);
  });

  test('what it throws refuses the call and is the cause', async () => {
    const { guard, double } = setUp();
    const thrown = new Error('the lookup failed');
    const budget = guard.budget({
      usd: 0.001,
      onExceed: () => {
        throw thrown;
      },
    });
    const error = await budget.run(() => double.send()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as Error).cause).toBe(thrown);
  });

  test('an answer that is none refuses, and the cause names what to return', async () => {
    const { guard, double } = setUp();
    const budget = guard.budget({ usd: 0.001, onExceed: (() => 'yes') as never });
    const error = await budget.run(() => double.send()).catch((caught: unknown) => caught);
    expect(String((error as Error).cause)).toMatch(/'allow', 'refuse'/);
  });

  test('cannot hide an outer cap', async () => {
    const { guard, double } = setUp();
    const outer = guard.budget({ name: 'outer', usd: 0.001 });
    const inner = guard.budget({ name: 'inner', usd: 0.0001, onExceed: () => 'allow' });
    await expect(outer.run(() => inner.run(() => double.send()))).rejects.toMatchObject({ budget: 'outer' });
  });
});
