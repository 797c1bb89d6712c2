import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { ConfigError } from '../../src/errors.js';
import { MAX_AMOUNT } from '../../src/money.js';
import { benches, claim, cost, LEASE_MS, type Open, PHASE_MS, WINDOW_MS } from './conformance-fixture.js';

const TO_THE_EDGE_MS = WINDOW_MS - PHASE_MS;
const DAYS_MS = 3 * 86_400_000;

export function describeWindows(open: Open): void {
  const start = benches(open);

  describe('a window', () => {
    it('gives back at its edge what was spent in it, and not before', async () => {
      const bench = await start();
      const limit = bench.windowed(10);
      const resetsAtMs = bench.startedMs - PHASE_MS + WINDOW_MS;
      await bench.spend('a', limit, 10);
      expect(await bench.balance(limit)).toMatchObject({ spent: 10, remaining: 0, resetsAtMs });
      await bench.advance(TO_THE_EDGE_MS - 10_000);
      expect(await bench.holds('b', limit, 1)).toBe(false);
      await bench.advance(10_000);

      expect(await bench.balance(limit)).toMatchObject({ spent: 0, remaining: 10, resetsAtMs: resetsAtMs + WINDOW_MS });
      expect(await bench.holds('b', limit, 10)).toBe(true);
      expect(await bench.holds('c', limit, 1)).toBe(false);
    });

    it('is another one after several edges at once', async () => {
      const bench = await start();
      const limit = bench.windowed(10);
      await bench.spend('a', limit, 10);
      await bench.advance(5 * WINDOW_MS);

      expect(await bench.holds('b', limit, 10)).toBe(true);
    });

    it('says where it ends in a refusal', async () => {
      const bench = await start();
      const limit = bench.windowed(10);

      const result = await bench.ledger.reserve(bench.id('a'), [claim(limit, 11)]);

      expect(result).toMatchObject({
        reason: 'exceeded',
        balances: [{ cap: 10, resetsAtMs: bench.startedMs - PHASE_MS + WINDOW_MS }],
      });
    });

    it('keeps a hold across its edge, and books it in the window it was held in', async () => {
      const bench = await start();
      const limit = bench.windowed(10);
      await bench.advance(TO_THE_EDGE_MS - 10_000);
      await bench.holds('a', limit, 8);
      await bench.advance(10_000);

      expect(await bench.balance(limit)).toMatchObject({ spent: 0, held: 8, remaining: 2 });
      expect(await bench.holds('b', limit, 3)).toBe(false);
      expect(await bench.holds('a', limit, 8)).toBe(true);
      expect(await bench.settle('a', cost(9))).toBe('settled');
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, held: 0, overrun: 0, remaining: 10 });
    });

    it('charges a hold whose lease ends after it to the window it was held in', async () => {
      const bench = await start();
      const limit = bench.windowed(10);
      await bench.advance(TO_THE_EDGE_MS - 10_000);
      await bench.holds('a', limit, 8);
      await bench.advance(LEASE_MS);

      expect(await bench.expire()).toEqual(['a']);
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, presumed: 0, held: 0 });
    });

    it('takes no correction of an earlier one', async () => {
      const bench = await start();
      const limit = bench.windowed(10);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 4);
      await bench.settle('a', undefined);
      await bench.release('b');
      await bench.advance(TO_THE_EDGE_MS);
      await bench.spend('c', limit, 5);

      expect(await bench.settle('a', cost(1))).toBe('late');
      expect(await bench.settle('b', cost(2))).toBe('after-release');
      expect(await bench.balance(limit)).toMatchObject({ spent: 5, presumed: 0, overrun: 0 });
    });

    it('is each limit\u2019s own, in one reserve', async () => {
      const bench = await start();
      const limits = [bench.windowed(10), bench.limit(25), bench.rolling(20)];
      const reserve = (name: string) =>
        bench.ledger.reserve(
          bench.id(name),
          limits.map((limit) => claim(limit, 9)),
        );
      await reserve('a');
      await bench.settle('a', cost(9));
      expect(await reserve('b')).toMatchObject({ reason: 'exceeded', denied: [0] });
      await bench.advance(TO_THE_EDGE_MS);

      expect(await reserve('c')).toMatchObject({ granted: true });
      await bench.settle('c', cost(9));
      expect((await bench.balances(limits)).map(({ spent }) => spent)).toEqual([9, 18, 18]);
      expect(await reserve('d')).toMatchObject({ reason: 'exceeded', denied: [0, 1, 2] });
    });

    it('is the store\u2019s, whatever a client takes the time to be', async () => {
      for (const offMs of [-DAYS_MS, DAYS_MS]) {
        const bench = await start({ ...systemClock, nowMs: () => systemClock.nowMs() + offMs });
        const limit = bench.windowed(10);
        await bench.spend('a', limit, 10);

        expect(await bench.holds('b', limit, 1)).toBe(false);
        expect(await bench.balance(limit)).toMatchObject({
          spent: 10,
          resetsAtMs: bench.startedMs - PHASE_MS + WINDOW_MS,
        });
        expect(await bench.ledger.mark(limit, 'half')).toBe(true);
        expect(await bench.ledger.adjust(limit, -4, 'a test')).toMatchObject({ spent: 6 });
        await bench.advance(TO_THE_EDGE_MS);
        expect(await bench.holds('c', limit, 10)).toBe(true);
      }
    });
  });

  describe('a rolling window', () => {
    it('gives each bucket back when its own time is over, and never before', async () => {
      const bench = await start();
      const limit = bench.rolling(10);
      await bench.spend('a', limit, 4);
      await bench.advance(WINDOW_MS);
      await bench.spend('b', limit, 3);
      await bench.advance(WINDOW_MS);
      await bench.spend('c', limit, 2);

      expect(await bench.balance(limit)).toMatchObject({ spent: 9, remaining: 1 });
      expect(await bench.holds('d', limit, 2)).toBe(false);
      await bench.advance(TO_THE_EDGE_MS - 10_000);
      expect(await bench.balance(limit)).toMatchObject({ spent: 9 });
      await bench.advance(10_000);
      expect(await bench.balance(limit)).toMatchObject({ spent: 5, remaining: 5 });
      await bench.advance(WINDOW_MS);
      expect(await bench.balance(limit)).toMatchObject({ spent: 2 });
      await bench.advance(WINDOW_MS);
      expect(await bench.balance(limit)).toMatchObject({ spent: 0 });
    });

    it('skips buckets in which nothing happened', async () => {
      const bench = await start();
      const limit = bench.rolling(10);
      await bench.spend('a', limit, 4);
      await bench.advance(2 * WINDOW_MS);
      expect(await bench.holds('b', limit, 7)).toBe(false);
      await bench.advance(WINDOW_MS);

      expect(await bench.holds('b', limit, 10)).toBe(true);
    });

    it('counts a correction as long as the bucket that it is booked in', async () => {
      const bench = await start();
      const limit = bench.rolling(20);
      await bench.holds('a', limit, 9, 'always');
      await bench.holds('b', limit, 5);
      await bench.settle('a', undefined);
      await bench.advance(WINDOW_MS);

      expect(await bench.balance(limit)).toMatchObject({ spent: 9, presumed: 9, held: 5 });
      expect(await bench.settle('a', cost(11))).toBe('late');
      expect(await bench.settle('b', cost(4))).toBe('settled');
      expect(await bench.balance(limit)).toMatchObject({ spent: 15, presumed: 0, overrun: 2, held: 0 });
      await bench.advance(WINDOW_MS);
      expect(await bench.balance(limit)).toMatchObject({ spent: 15 });
      await bench.advance(WINDOW_MS);
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, overrun: 0 });
    });

    it('sums the excess of its buckets', async () => {
      const bench = await start();
      const limit = bench.rolling(10);
      await bench.spend('a', limit, 12);
      await bench.advance(WINDOW_MS);
      await bench.spend('b', limit, 3);

      expect(await bench.balance(limit)).toMatchObject({ spent: 15, excess: 5, remaining: 0 });
    });
  });

  describe('an operator\u2019s correction', () => {
    it('changes what is spent, never below zero, and returns the state', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.spend('a', limit, 30);
      await bench.holds('b', limit, 5);

      expect(await bench.ledger.adjust(limit, -10, 'a refund')).toMatchObject({ spent: 20, held: 5, remaining: 75 });
      expect(await bench.ledger.adjust(limit, 7, 'a bill')).toMatchObject({ spent: 27, remaining: 68 });
      expect(await bench.ledger.adjust(limit, -1000, 'all')).toMatchObject({ spent: 0, held: 5, remaining: 95 });
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, held: 5, remaining: 95 });
    });

    it('opens an account', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      expect(await bench.ledger.adjust(limit, 60, 'spent elsewhere')).toMatchObject({ spent: 60, overrun: 0 });
      expect(await bench.holds('a', limit, 41)).toBe(false);
      expect(await bench.holds('a', limit, 40)).toBe(true);
    });

    it('never makes a sum too large to be exact', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 10);

      const balance = await bench.ledger.adjust(limit, MAX_AMOUNT, 'too much');
      expect(balance).toMatchObject({ spent: MAX_AMOUNT - 10, held: 10, remaining: 0 });
    });

    it('takes out what stands for an attempt, and nothing is owed to the account then', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);
      await bench.settle('a', undefined);
      await bench.ledger.adjust(limit, -30, 'never sent');

      expect(await bench.settle('a', cost(10))).toBe('late');
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, presumed: 0 });
    });

    it('is of the current window alone', async () => {
      const bench = await start();
      const limit = bench.windowed(100);
      await bench.ledger.adjust(limit, 30, 'a bill');
      await bench.advance(TO_THE_EDGE_MS);

      expect(await bench.ledger.adjust(limit, -5, 'a refund')).toMatchObject({ spent: 0 });
      expect(await bench.ledger.adjust(limit, 5, 'a bill')).toMatchObject({ spent: 5 });
    });

    it.each([Number.NaN, 0.5, 2 ** 53, '7', undefined])(
      'is refused where it is no whole number: %s',
      async (change) => {
        const bench = await start();
        const limit = bench.limit(100);

        await expect(async () => bench.ledger.adjust(limit, change as number, 'a test')).rejects.toThrow(ConfigError);
        expect(await bench.balance(limit)).toMatchObject({ spent: 0 });
      },
    );

    it('loses nothing where many come at once', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      await Promise.all(Array.from({ length: 30 }, () => bench.ledger.adjust(limit, 2, 'a bill')));

      expect(await bench.balance(limit)).toMatchObject({ spent: 60 });
    });
  });

  describe('a mark', () => {
    it('is set by the first alone', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      const first = await Promise.all(Array.from({ length: 20 }, () => bench.ledger.mark(limit, 'warn-80')));

      expect(first.filter(Boolean)).toHaveLength(1);
      expect(await bench.ledger.mark(limit, 'warn-90')).toBe(true);
      expect(await bench.ledger.mark(limit, 'warn-80')).toBe(false);
      expect(await bench.ledger.mark(bench.limit(100, 'other'), 'warn-80')).toBe(true);
      expect(await bench.ledger.mark(bench.limit(100, 'account', 'tokens'), 'warn-80')).toBe(true);
    });

    it('can be set again in the next window, and only there', async () => {
      const bench = await start();
      const [limit, rolling, total] = [bench.windowed(100), bench.rolling(100), bench.limit(100)];
      for (const each of [limit, rolling, total]) expect(await bench.ledger.mark(each, 'half')).toBe(true);
      await bench.advance(TO_THE_EDGE_MS - 10_000);
      for (const each of [limit, rolling, total]) expect(await bench.ledger.mark(each, 'half')).toBe(false);
      await bench.advance(10_000);

      expect(await bench.ledger.mark(limit, 'half')).toBe(true);
      expect(await bench.ledger.mark(limit, 'half')).toBe(false);
      expect(await bench.ledger.mark(total, 'half')).toBe(false);
    });

    it('changes no balance', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.spend('a', limit, 5);
      const before = await bench.balance(limit);
      await bench.ledger.mark(limit, 'half');

      expect(await bench.balance(limit)).toEqual(before);
    });
  });
}
