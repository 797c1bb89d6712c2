import { describe, expect, it } from 'vitest';
import type { Amounts, Limit } from '../../src/ledger/ledger.js';
import { benches, claim, cost, LEASE_MS, type Open } from './conformance-fixture.js';

export function describeSettle(open: Open): void {
  const start = benches(open);

  describe('settling', () => {
    it('replaces the hold by what was consumed, each limit by its own unit', async () => {
      const bench = await start();
      const limits: Limit[] = [
        ...[bench.limit(100, 'a'), bench.limit(100, 'a', 'tokens'), bench.limit(100, 'a', 'calls')],
      ];
      await bench.ledger.reserve(
        bench.id('a'),
        limits.map((limit) => claim(limit, 50)),
      );

      expect(await bench.ledger.settle(bench.id('a'), { usd: 20, tokens: 30, calls: 1 })).toMatchObject({
        outcome: 'settled',
        overrun: { usd: 0, tokens: 0, calls: 0 },
      });
      expect(await bench.balances(limits)).toMatchObject([
        { spent: 20, held: 0 },
        { spent: 30, held: 0 },
        { spent: 1, held: 0 },
      ]);
    });

    it('books what is above the hold as overrun, and reports the largest of each unit', async () => {
      const bench = await start();
      const [first, second] = [bench.limit(100, 'first'), bench.limit(100, 'second')];
      await bench.ledger.reserve(bench.id('a'), [
        ...[claim(first, 50), claim(second, 30), claim(bench.limit(100, 'first', 'tokens'), 50)],
      ]);

      const { overrun } = await bench.ledger.settle(bench.id('a'), { usd: 60, tokens: 40, calls: 1 });

      expect(overrun).toEqual({ usd: 30, tokens: 0, calls: 0 });
      expect((await bench.balances([first, second])).map((balance) => balance.overrun)).toEqual([10, 30]);
    });

    it.each([
      ['undefined', undefined],
      ['null', null],
      ['nothing', {}],
      ['a number', 7],
      ['NaN', { usd: Number.NaN, tokens: 1, calls: 1 }],
      ['a negative amount', { usd: -1, tokens: 1, calls: 1 }],
      ['a fraction', { usd: 1.5, tokens: 1, calls: 1 }],
      ['infinity', { usd: Number.POSITIVE_INFINITY, tokens: 1, calls: 1 }],
      ['2^53', { usd: 2 ** 53, tokens: 1, calls: 1 }],
      ['text', { usd: '20', tokens: 1, calls: 1 }],
      ['an invalid amount of a unit that is not claimed', { usd: 1, tokens: Number.NaN, calls: 1 }],
    ])('takes %s for an unknown bill, and charges the hold', async (_, actual) => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 50);

      expect(await bench.settle('a', actual as unknown as Amounts)).toBe('presumed');
      expect(await bench.balance(limit)).toMatchObject({ spent: 50, presumed: 50, held: 0, overrun: 0 });
    });

    it('corrects a presumed charge when the bill comes after all', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 30);
      for (const name of ['a', 'b']) await bench.settle(name, undefined);

      expect(await bench.settle('a', cost(12))).toBe('late');
      expect(await bench.balance(limit)).toMatchObject({ spent: 42, presumed: 30, overrun: 0 });
      const late = await bench.ledger.settle(bench.id('b'), cost(37));
      expect(late).toMatchObject({ outcome: 'late', overrun: { usd: 7, tokens: 0, calls: 0 } });
      expect(await bench.balance(limit)).toMatchObject({ spent: 49, presumed: 0, overrun: 7 });
    });

    it('changes nothing a second time', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 30);
      await bench.settle('a', cost(12));
      await bench.settle('b', undefined);
      const before = await bench.balance(limit);

      expect(await bench.settle('a', cost(12))).toBe('duplicate');
      expect(await bench.settle('a', cost(13))).toBe('mismatch');
      expect(await bench.settle('a', { ...cost(12), tokens: 1 })).toBe('mismatch');
      expect(await bench.settle('a', undefined)).toBe('duplicate');
      expect(await bench.settle('b', undefined)).toBe('duplicate');
      expect(await bench.settle('c', cost(1))).toBe('unknown');
      expect(await bench.settle('c', undefined)).toBe('unknown');
      await bench.release('a');
      await bench.release('b');
      expect(await bench.balance(limit)).toEqual(before);
    });

    it('charges once where the same bill comes many times at once', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);

      const outcomes = await Promise.all(Array.from({ length: 20 }, () => bench.settle('a', cost(12))));

      expect(outcomes.filter((outcome) => outcome === 'settled')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19);
      expect(await bench.balance(limit)).toMatchObject({ spent: 12, held: 0 });
    });
  });

  describe('releasing', () => {
    it('gives the hold back, once', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 30);

      await Promise.all(Array.from({ length: 5 }, () => bench.release('a')));

      expect(await bench.balance(limit)).toMatchObject({ held: 30, spent: 0, remaining: 70 });
    });

    it('books a settle that follows as overrun, all of it', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);
      await bench.release('a');

      const result = await bench.ledger.settle(bench.id('a'), cost(20));
      expect(result).toMatchObject({ outcome: 'after-release', overrun: { usd: 20, tokens: 0, calls: 0 } });
      expect(await bench.balance(limit)).toMatchObject({ spent: 20, held: 0, overrun: 20 });
      expect(await bench.settle('a', cost(20))).toBe('duplicate');
    });

    it('charges the hold where what follows is an unknown bill, until it is known', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);
      await bench.release('a');

      expect(await bench.settle('a', undefined)).toBe('after-release');
      expect(await bench.balance(limit)).toMatchObject({ spent: 30, presumed: 30, overrun: 30 });
      expect(await bench.settle('a', cost(5))).toBe('late');
      expect(await bench.balance(limit)).toMatchObject({ spent: 5, presumed: 0, overrun: 5 });
    });

    it('bars an id that was never reserved', async () => {
      const bench = await start();
      const limit = bench.limit(9);
      await bench.release('a');

      const result = await bench.ledger.reserve(bench.id('a'), [claim(limit, 1)]);
      expect(result).toEqual({ granted: false, reason: 'finished' });
      expect(await bench.settle('a', cost(1))).toBe('unknown');
      expect(await bench.balance(limit)).toMatchObject({ spent: 0, held: 0 });
    });
  });

  describe('a lease', () => {
    it('that is over has its hold charged, and the ids told once', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);
      await bench.advance(LEASE_MS / 2);
      await bench.holds('b', limit, 20);
      expect(await bench.expire()).toEqual([]);
      await bench.advance(LEASE_MS / 2);

      expect(await bench.expire()).toEqual(['a']);
      expect(await bench.expire()).toEqual([]);
      expect(await bench.balance(limit)).toMatchObject({ spent: 30, presumed: 30, held: 20 });
    });

    it('that is over is corrected by a late settle', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 30);
      await bench.advance(LEASE_MS);
      await bench.expire();

      expect(await bench.settle('a', cost(10))).toBe('late');
      expect(await bench.balance(limit)).toMatchObject({ spent: 10, presumed: 0, held: 0 });
    });

    it('that is over is charged by the next reserve, never given back', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.holds('a', limit, 80);
      await bench.advance(LEASE_MS);

      expect(await bench.holds('b', limit, 30)).toBe(false);
      expect(await bench.holds('c', limit, 20)).toBe(true);
      expect(await bench.balance(limit)).toMatchObject({ spent: 80, presumed: 80, held: 20 });
    });

    it('that is over is charged once, however many look at once', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b', 'c']) await bench.holds(name, limit, 10);
      await bench.advance(LEASE_MS);

      const told = await Promise.all(Array.from({ length: 5 }, () => bench.expire()));

      expect(told.flat().sort()).toEqual(['a', 'b', 'c']);
      expect(await bench.balance(limit)).toMatchObject({ spent: 30, presumed: 30, held: 0 });
    });

    it('that nobody looked at does not stand in the way of a settle or a release', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 30);
      await bench.advance(2 * LEASE_MS);

      expect(await bench.settle('a', cost(10))).toBe('settled');
      await bench.release('b');
      expect(await bench.expire()).toEqual([]);
      expect(await bench.balance(limit)).toMatchObject({ spent: 10, held: 0, presumed: 0 });
    });

    it('of many holds is over for all of them', async () => {
      const bench = await start();
      const limit = bench.limit(1000);
      const names = Array.from({ length: 150 }, (_, index) => `n${index}`);
      await Promise.all(names.map((name) => bench.holds(name, limit, 2)));
      await bench.advance(LEASE_MS);

      const told: string[] = [];
      for (let look = 0; look < 10 && told.length < names.length; look += 1) told.push(...(await bench.expire()));

      expect(told.sort()).toEqual([...names].sort());
      expect(await bench.balance(limit)).toMatchObject({ spent: 300, presumed: 300, held: 0 });
    });
  });
}
