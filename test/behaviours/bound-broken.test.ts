import { expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { controlledDouble, settled } from './controlled-double.js';

function setUp() {
  const guard = createGuard();
  const double = controlledDouble(guard);
  const told: unknown[] = [];
  guard.on('overrun', ({ amounts, isBoundBroken }) => told.push([amounts.usd, isBoundBroken]));
  const held = async (outputTokens: number) =>
    guard.budget({ usd: 10 }).run(async (scope) => {
      const call = double.send();
      await settled();
      const { usd } = scope.held;
      await double.answer(outputTokens);
      await call;
      return usd;
    });
  return { guard, double, told, held };
}

test('a model that billed above its ceiling is booked in full, told, and held with that headroom from then on', async () => {
  const { guard, told, held } = setUp();
  expect(await held(1000)).toBe(0.01);
  expect(await held(1500)).toBe(0.01);
  expect(told).toEqual([[5_000_000, true]]);
  expect(guard.report().total().usd).toBe(0.025);
  expect(await held(1500)).toBeCloseTo(0.015, 9);
  expect(told).toHaveLength(1);
});

test('the headroom grows with a larger excess, and the event says only the first time that the bound broke', async () => {
  const { told, held } = setUp();
  await held(2000);
  expect(await held(3000)).toBeCloseTo(0.02, 9);
  expect(await held(3000)).toBeCloseTo(0.03, 9);
  expect(told).toEqual([
    [10_000_000, true],
    [10_000_000, false],
  ]);
});

test('an injected ceiling leaves room for the headroom', async () => {
  const { guard, double, held } = setUp();
  await held(2000);
  const call = guard.budget({ usd: 0.02 }).run(() => double.send({ max_tokens: undefined }));
  await settled();
  // Half of the two thousand tokens that two cents buy.
  expect(double.requests.at(-1)?.max_completion_tokens ?? double.requests.at(-1)?.max_tokens).toBe(1000);
  await double.answer(2000);
  await call;
});

test('other models keep their bounds', async () => {
  const { guard, double, held } = setUp();
  await held(2000);
  guard.prices.register('other', { input: 0, output: 10, maxOutputTokens: 1000 });
  await guard.budget({ usd: 10 }).run(async (scope) => {
    const call = double.send({ model: 'other' });
    await settled();
    expect(scope.held.usd).toBe(0.01);
    await double.answer(1);
    await call;
  });
});
