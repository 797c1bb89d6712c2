import { expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { controlledDouble, settled } from './controlled-double.js';

test('measure reports what its function alone spent, also among others that run at once', async () => {
  const guard = createGuard();
  const double = controlledDouble(guard);
  const work = (name: string, calls: number) =>
    guard.measure(async () => {
      for (let call = 0; call < calls; call += 1) await double.send();
      return name;
    });
  const both = Promise.all([work('one', 1), work('three', 3)]);
  for (let turn = 0; turn < 4; turn += 1) {
    await settled();
    await double.answer(100);
  }
  const [one, three] = await both;
  expect([one.value, one.report.total().calls]).toEqual(['one', 1]);
  expect([three.value, three.report.total().calls]).toEqual(['three', 3]);
  three.report.assertUnder({ usd: 0.003 });
});

test('measure never refuses and passes an error on', async () => {
  const guard = createGuard();
  const double = controlledDouble(guard);
  const outer = guard.budget({ name: 'outer', calls: 0 });
  await expect(outer.run(() => guard.measure(() => double.send()))).rejects.toMatchObject({ budget: 'outer' });
  const plain = await guard.measure(() => 42);
  expect(plain.value).toBe(42);
  expect(plain.report.rows).toEqual([]);
});
