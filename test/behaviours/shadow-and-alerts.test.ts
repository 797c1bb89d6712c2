import { describe, expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { controlledDouble, settled } from './controlled-double.js';

function setUp() {
  const guard = createGuard();
  const double = controlledDouble(guard);
  const pay = async (outputTokens: number) => {
    const call = double.send();
    await settled();
    await double.answer(outputTokens);
    return call;
  };
  return { guard, double, pay };
}

describe('a budget in shadow mode', () => {
  test('tells what it would have refused, books it, and refuses nothing', async () => {
    const { guard, double, pay } = setUp();
    const told: unknown[] = [];
    guard.on('blocked', ({ error, isShadow }) => told.push([error.budget, isShadow, error.spent, error.requested]));
    await guard.budget({ name: 'planned', usd: 0.015, mode: 'shadow' }).run(async (scope) => {
      await pay(1000);
      expect(told).toEqual([]);
      await pay(1000);
      expect(scope.spent).toMatchObject({ usd: 0.02, calls: 2 });
    });
    expect(double.requests).toHaveLength(2);
    expect(told).toEqual([['planned', true, 0.01, 0.01]]);
  });

  test('neither throws under raise nor ends a scope under truncate, nor sends a ceiling under clamp', async () => {
    const { guard, double, pay } = setUp();
    await guard.budget({ usd: 0.001, mode: 'shadow', onExceed: 'raise' }).run(() => pay(1000));
    const value = await guard.budget({ usd: 0.001, mode: 'shadow', onExceed: 'truncate' }).run(async () => {
      await pay(1000);
      return 'kept';
    });
    expect(value).toBe('kept');
    await guard.budget({ usd: 0.001, mode: 'shadow', onExceed: 'clamp' }).run(() => pay(1000));
    expect(double.requests.map((request) => request.max_tokens)).toEqual([1000, 1000, 1000]);
  });

  test('does not weaken an enforcing budget around it', async () => {
    const { guard, double } = setUp();
    const outer = guard.budget({ name: 'outer', usd: 0.001 });
    const inner = guard.budget({ name: 'inner', usd: 0.001, mode: 'shadow' });
    await expect(outer.run(() => inner.run(() => double.send()))).rejects.toMatchObject({ budget: 'outer' });
  });
});

describe('alertAt', () => {
  test('fires each fraction once a run, with what was spent', async () => {
    const { guard, pay } = setUp();
    const told: unknown[] = [];
    guard.on('threshold', ({ budget, unit, fraction, spent, cap }) => told.push([budget, unit, fraction, spent, cap]));
    const budget = guard.budget({ name: 'watched', usd: 0.04, alertAt: [0.5, 0.8, 1] });
    await budget.run(async () => {
      await pay(1000);
      expect(told).toEqual([]);
      await pay(1000);
      expect(told).toEqual([['watched', 'usd', 0.5, 0.02, 0.04]]);
      await pay(1000);
      expect(told).toHaveLength(1);
      await pay(1000);
    });
    expect(told.slice(1)).toEqual([
      ['watched', 'usd', 0.8, 0.04, 0.04],
      ['watched', 'usd', 1, 0.04, 0.04],
    ]);
    await budget.run(() => pay(1000));
    expect(told).toHaveLength(3);
  });

  test('a listener that throws changes nothing', async () => {
    const warnings: unknown[] = [];
    const guard = createGuard({ onWarning: (warning) => warnings.push(warning) });
    const double = controlledDouble(guard);
    guard.on('threshold', () => {
      throw new Error('listener');
    });
    const call = guard.budget({ usd: 0.01, alertAt: 0.5 }).run(() => double.send());
    await settled();
    await double.answer(1000);
    await expect(call).resolves.toBeDefined();
    expect(warnings).toHaveLength(1);
  });
});

describe("bound: 'reserve'", () => {
  test('holds the assumed output, sends no ceiling, and books what goes above as overrun', async () => {
    const { guard, double } = setUp();
    const overruns: unknown[] = [];
    guard.on('overrun', ({ amounts }) => overruns.push(amounts.tokens));
    await guard.budget({ usd: 0.01, bound: 'reserve', outputReserve: 100 }).run(async (scope) => {
      const call = double.send({ max_tokens: undefined });
      await settled();
      expect(scope.held.usd).toBe(0.001);
      await double.answer(500);
      await call;
      expect(scope.spent.usd).toBe(0.005);
    });
    expect(double.requests[0]).not.toHaveProperty('max_completion_tokens');
    expect(overruns).toHaveLength(1);
  });

  test('reasoningReserve adds room for thinking, only where the call has no ceiling of its own', async () => {
    const { guard, double } = setUp();
    const options = { usd: 0.1, bound: 'reserve', outputReserve: 100, reasoningReserve: 400 } as const;
    await guard.budget(options).run(async (scope) => {
      const open = double.send({ max_tokens: undefined });
      await settled();
      expect(scope.held.usd).toBe(0.005);
      await double.answer(1);
      await open;
      const own = double.send({ max_tokens: 50 });
      await settled();
      expect(scope.held.usd).toBe(0.0005);
      await double.answer(1);
      await own;
    });
  });

  test('still refuses what does not fit', async () => {
    const { guard, double } = setUp();
    const budget = guard.budget({ usd: 0.001, bound: 'reserve', outputReserve: 200 });
    await expect(budget.run(() => double.send({ max_tokens: undefined }))).rejects.toMatchObject({ requested: 0.002 });
  });
});
