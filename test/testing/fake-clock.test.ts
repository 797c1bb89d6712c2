import { expect, it } from 'vitest';
import { createFakeClock } from '../../src/testing/index.js';

it('fires due timers in order, each at its own time', () => {
  const clock = createFakeClock({ nowMs: 1000 });
  const seen: [string, number, number][] = [];
  const note = (name: string) => () => seen.push([name, clock.nowMs(), clock.monotonicMs()]);
  clock.schedule(note('late'), 30);
  clock.schedule(note('first'), 10);
  clock.schedule(note('second'), 10);
  clock.schedule(() => clock.schedule(note('nested'), 5), 10);
  const cancel = clock.schedule(note('cancelled'), 10);
  cancel();
  cancel();
  expect(clock.pendingTimers).toBe(4);
  clock.advance(20);
  expect(seen).toEqual([
    ['first', 1010, 10],
    ['second', 1010, 10],
    ['nested', 1015, 15],
  ]);
  expect(clock.nowMs()).toBe(1020);
  clock.advance(10);
  expect(seen.at(-1)).toEqual(['late', 1030, 30]);
  expect(clock.pendingTimers).toBe(0);
});

it('jumps the wall clock without touching the monotonic one or its timers', () => {
  const clock = createFakeClock({ nowMs: 5000 });
  let fired = 0;
  clock.schedule(() => {
    fired += 1;
  }, 100);
  clock.setNow(0);
  expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([0, 0, 0]);
  clock.advance(100);
  expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([100, 100, 1]);
});

it('lets promises run between timers', async () => {
  const clock = createFakeClock();
  let rounds = 0;
  async function loop(): Promise<void> {
    for (; rounds < 5; rounds += 1) await new Promise<void>((resolve) => clock.schedule(resolve, 10));
  }
  const done = loop();
  await clock.advanceAsync(50);
  await done;
  expect(rounds).toBe(5);
  expect(clock.monotonicMs()).toBe(50);
});

it('does not run backwards', () => {
  const clock = createFakeClock();
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
});
