import { describe, expect, it } from 'vitest';
import type { Limit } from '../../src/ledger/ledger.js';
import { benches, claim, cost, LEASE_MS, type Open, withoutOtherCap } from './conformance-fixture.js';

export function describeReserve(open: Open): void {
  const start = benches(open);

  describe('a reserve that must fit', () => {
    it('is granted exactly on the cap, and not one unit above it', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      expect(await bench.holds('a', limit, 60)).toBe(true);
      expect(await bench.holds('b', limit, 41)).toBe(false);
      expect(await bench.holds('c', limit, 40)).toBe(true);
      expect(await bench.balance(limit)).toMatchObject({ held: 100, spent: 0, remaining: 0 });
    });

    it('lets exactly the cap in where two hundred come at once', async () => {
      const bench = await start();
      const limit = bench.limit(70);
      const names = Array.from({ length: 200 }, (_, index) => index);

      const granted = await Promise.all(names.map((name) => bench.holds(name, limit, 2)));

      expect(granted.filter(Boolean)).toHaveLength(35);
      expect(await bench.balance(limit)).toMatchObject({ held: 70, spent: 0, remaining: 0 });
    });

    it('counts what settles while others come', async () => {
      const bench = await start();
      const limit = bench.limit(50);
      const names = Array.from({ length: 100 }, (_, index) => index);

      const paid = await Promise.all(
        names.map(async (name) => {
          if (!(await bench.holds(name, limit, 4))) return 0;
          await bench.ledger.settle(bench.id(name), cost(3));
          return 3;
        }),
      );

      const spent = paid.reduce<number>((sum, amount) => sum + amount, 0);
      expect(await bench.balance(limit)).toMatchObject({ spent, held: 0, overrun: 0, excess: 0 });
      expect(spent).toBeLessThanOrEqual(50);
      expect(spent).toBeGreaterThanOrEqual(36);
    });

    it('admits nothing but nothing under a cap of zero', async () => {
      const bench = await start();

      expect(await bench.holds('a', bench.limit(0), 1)).toBe(false);
      expect(await bench.holds('b', bench.limit(0), 0)).toBe(true);
    });

    it('leaves the id of a refused attempt free', async () => {
      const bench = await start();

      expect(await bench.holds('a', bench.limit(5), 6)).toBe(false);
      expect(await bench.holds('a', bench.limit(5), 5)).toBe(true);
    });

    it('is granted without a claim', async () => {
      const bench = await start();

      expect(await bench.ledger.reserve(bench.id('a'), [])).toMatchObject({ granted: true, choice: 0 });
      expect(await bench.settle('a', cost(1))).toBe('settled');
    });

    it('is refused alone when the cap was lowered below what is used', async () => {
      const bench = await start();
      await bench.holds('a', bench.limit(100), 80);

      expect(await bench.holds('b', bench.limit(50), 1)).toBe(false);
      expect(await bench.settle('a', cost(80))).toBe('settled');
      expect(await bench.balance(bench.limit(50))).toMatchObject({ cap: 50, spent: 80, remaining: 0 });
    });
  });

  describe('nested limits', () => {
    it('are held all or none, and all that deny are named', async () => {
      const bench = await start();
      const [wide, narrow, shut] = [bench.limit(100, 'wide'), bench.limit(5, 'narrow'), bench.limit(0, 'shut')];
      await bench.holds('before', wide, 1);
      const before = await bench.balances([wide, narrow, wide, shut]);

      const result = await bench.ledger.reserve(bench.id('a'), [
        ...[claim(wide, 10), claim(narrow, 10), claim(wide, 3), claim(shut, 10)],
      ]);

      expect(result).toMatchObject({ granted: false, reason: 'exceeded', denied: [1, 3] });
      if (!result.granted && result.reason === 'exceeded') {
        expect(result.balances.map(withoutOtherCap)).toEqual(before);
      }
      expect(await bench.balances([wide, narrow, wide, shut])).toEqual(before);
    });

    it('bind by the tightest, whatever their units, where many come at once', async () => {
      const bench = await start();
      const limits: Limit[] = [
        ...[bench.limit(1000, 'outer'), bench.limit(30, 'inner', 'tokens'), bench.limit(200, 'calls', 'calls')],
      ];
      const reserve = (name: number) =>
        bench.ledger.reserve(
          bench.id(name),
          limits.map((limit) => claim(limit, 3)),
        );

      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => reserve(index)));

      expect(results.filter(({ granted }) => granted)).toHaveLength(10);
      expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([30, 30, 30]);
      await Promise.all(results.map((_, index) => bench.release(index)));
      expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([0, 0, 0]);
    });

    it('do not lock each other out where they come in different orders', async () => {
      const bench = await start();
      const limits = ['a', 'b', 'c', 'd'].map((name) => bench.limit(1000, name));
      const claims = limits.map((limit) => claim(limit, 1));
      const orders = [claims, [...claims].reverse()];

      const results = await Promise.all(
        Array.from({ length: 60 }, (_, index) => bench.ledger.reserve(bench.id(index), orders[index % 2] ?? claims)),
      );

      expect(results.every(({ granted }) => granted)).toBe(true);
      expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([60, 60, 60, 60]);
    });
  });

  describe('claims on one account', () => {
    it('are one claim: the larger amount, counted once', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      await bench.ledger.reserve(bench.id('a'), [claim(limit, 60), claim(limit, 80), claim(limit, 10)]);

      expect(await bench.balance(limit)).toMatchObject({ held: 80 });
    });

    it('take the lower cap and the stricter admission, and all of them deny', async () => {
      const bench = await start();
      const claims = [
        claim(bench.limit(100), 10, 'always'),
        claim(bench.limit(9), 1, 'below-cap'),
        claim(bench.limit(50), 2),
      ];

      const refused = await bench.ledger.reserve(bench.id('a'), claims);

      expect(refused).toMatchObject({ reason: 'exceeded', denied: [0, 1, 2] });
      expect(refused).toMatchObject({ balances: [{ cap: 100 }, { cap: 9 }, { cap: 50 }] });
      expect(await bench.ledger.reserve(bench.id('b'), claims.slice(0, 2))).toMatchObject({ granted: true });
    });

    it('meet where key and unit are the same, and nowhere else', async () => {
      const bench = await start();
      const limits = [bench.limit(10), bench.limit(10, 'account', 'tokens'), bench.limit(10, 'other')];

      await bench.ledger.reserve(
        bench.id('a'),
        limits.map((limit, index) => claim(limit, index + 1)),
      );

      expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([1, 2, 3]);
    });
  });

  describe('claims that need not fit', () => {
    it('are let in below the cap and refused on it', async () => {
      const bench = await start();
      const limit = bench.limit(100);

      expect(await bench.holds('a', limit, 99)).toBe(true);
      expect(await bench.holds('b', limit, 500, 'below-cap')).toBe(true);
      expect(await bench.holds('c', limit, 0, 'below-cap')).toBe(false);
      expect(await bench.holds('d', limit, 500, 'always')).toBe(true);
      expect(await bench.balance(limit)).toMatchObject({ held: 1099, remaining: 0 });
    });

    it('count as excess what they really put above the cap', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      await bench.spend('a', limit, 95);
      await bench.holds('b', limit, 10, 'below-cap');
      expect(await bench.balance(limit)).toMatchObject({ excess: 0 });
      await bench.settle('b', cost(7));
      expect(await bench.balance(limit)).toMatchObject({ spent: 102, excess: 2, overrun: 0, remaining: 0 });
      await bench.holds('c', limit, 10, 'always');
      await bench.settle('c', cost(12));
      expect(await bench.balance(limit)).toMatchObject({ spent: 114, excess: 12, overrun: 2 });
    });

    it('are no excess where others have freed the room since, and are once it is filled', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 50);
      await bench.holds('c', limit, 10, 'always');
      await bench.settle('c', cost(10));
      expect(await bench.balance(limit)).toMatchObject({ excess: 0 });
      await bench.settle('a', cost(50));
      await bench.settle('b', cost(50));
      expect(await bench.balance(limit)).toMatchObject({ spent: 110, excess: 10, overrun: 0 });
    });
  });

  describe('a reserve of an id that is known', () => {
    it('is granted again without a second hold, or is a mismatch', async () => {
      const bench = await start();
      const limit = bench.limit(10);
      const reserve = (...claims: Parameters<typeof claim>) => bench.ledger.reserve(bench.id('a'), [claim(...claims)]);
      await reserve(limit, 6);

      expect(await reserve(limit, 6)).toMatchObject({ granted: true, choice: 0 });
      expect(await reserve(bench.limit(5), 6)).toMatchObject({ granted: true, choice: 0 });
      expect(await reserve(limit, 5)).toEqual({ granted: false, reason: 'mismatch' });
      expect(await reserve(limit, 6, 'always')).toEqual({ granted: false, reason: 'mismatch' });
      expect(await reserve(bench.limit(10, 'other'), 6)).toEqual({ granted: false, reason: 'mismatch' });
      expect(await bench.balances([limit, bench.limit(10, 'other')])).toMatchObject([{ held: 6 }, { held: 0 }]);
    });

    it('holds once where the same one comes many times at once', async () => {
      const bench = await start();
      const limit = bench.limit(10);

      const granted = await Promise.all(Array.from({ length: 20 }, () => bench.holds('a', limit, 6)));

      expect(granted.every(Boolean)).toBe(true);
      expect(await bench.balance(limit)).toMatchObject({ held: 6 });
    });

    it('is refused once the attempt is finished, whichever way', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      const names = ['settled', 'presumed', 'released', 'expired'];
      for (const name of names) await bench.holds(name, limit, 1);
      await bench.settle('settled', cost(1));
      await bench.settle('presumed', undefined);
      await bench.release('released');
      await bench.release('never-reserved');
      await bench.advance(LEASE_MS);

      for (const name of [...names, 'never-reserved']) {
        const again = await bench.ledger.reserve(bench.id(name), [claim(limit, 1)]);
        expect(again).toEqual({ granted: false, reason: 'finished' });
      }
    });
  });

  describe('fallbacks', () => {
    const ask = (amount: number) => ({ amount, admit: 'fit' as const });

    it('are asked in order, and the first that fits is held', async () => {
      const bench = await start();
      const limit = bench.limit(10);
      const fallbacks = [[ask(20)], [ask(7)], [ask(1)]];
      const reserve = (name: string, amount: number) =>
        bench.ledger.reserve(bench.id(name), [claim(limit, amount)], fallbacks);

      expect(await reserve('a', 30)).toMatchObject({ granted: true, choice: 2 });
      expect(await bench.balance(limit)).toMatchObject({ held: 7 });
      expect(await reserve('b', 30)).toMatchObject({ granted: true, choice: 3 });
      expect(await reserve('c', 2)).toMatchObject({ granted: true, choice: 0 });
      expect(await bench.balance(limit)).toMatchObject({ held: 10 });
    });

    it('are refused by the last of them, and nothing is held', async () => {
      const bench = await start();
      const limits = [bench.limit(10, 'a'), bench.limit(10, 'b')] as const;
      const claims = limits.map((limit) => claim(limit, 11));

      const result = await bench.ledger.reserve(bench.id('a'), claims, [
        [ask(11), ask(1)],
        [ask(1), ask(12)],
      ]);

      expect(result).toMatchObject({ granted: false, reason: 'exceeded', denied: [1] });
      expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([0, 0]);
    });

    it('may be admitted another way', async () => {
      const bench = await start();
      const limit = bench.limit(10);

      const result = await bench.ledger.reserve(
        bench.id('a'),
        [claim(limit, 11)],
        [[{ amount: 12, admit: 'below-cap' }]],
      );

      expect(result).toMatchObject({ granted: true, choice: 1 });
      expect(await bench.balance(limit)).toMatchObject({ held: 12 });
    });

    it('keep the choice of an id that is known, whatever fits by now', async () => {
      const bench = await start();
      const limit = bench.limit(10);
      await bench.holds('other', limit, 8);
      const reserve = (last: number) => bench.ledger.reserve(bench.id('a'), [claim(limit, 5)], [[ask(3)], [ask(last)]]);

      expect(await reserve(2)).toMatchObject({ granted: true, choice: 2 });
      await bench.release('other');
      expect(await reserve(2)).toMatchObject({ granted: true, choice: 2 });
      expect(await reserve(1)).toEqual({ granted: false, reason: 'mismatch' });
      expect(await bench.balance(limit)).toMatchObject({ held: 2 });
    });

    it('are chosen in the same step: what is left is filled exactly where many come at once', async () => {
      const bench = await start();
      const limit = bench.limit(105);
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) => bench.ledger.reserve(bench.id(index), [claim(limit, 10)], [[ask(1)]])),
      );

      const choices = results.map((result) => (result.granted ? result.choice : -1));
      expect(choices.filter((choice) => choice === 0)).toHaveLength(10);
      expect(choices.filter((choice) => choice === 1)).toHaveLength(5);
      expect(await bench.balance(limit)).toMatchObject({ held: 105, remaining: 0 });
    });

    it('merge the claims of one account in each choice', async () => {
      const bench = await start();
      const claims = [claim(bench.limit(20), 30), claim(bench.limit(10), 5)];

      expect(await bench.ledger.reserve(bench.id('a'), claims, [[ask(2), ask(9)]])).toMatchObject({ choice: 1 });
      expect(await bench.balance(bench.limit(20))).toMatchObject({ held: 9 });
    });
  });

  describe('balances beside an answer', () => {
    it('are the state after it, under the cap of each claim', async () => {
      const bench = await start();
      const limits = [bench.limit(100), bench.limit(50, 'other'), bench.limit(80)];
      const reserve = (name: string, amount: number) =>
        bench.ledger.reserve(
          bench.id(name),
          limits.map((limit) => claim(limit, amount)),
        );

      const granted = await reserve('a', 30);
      if (granted.granted && granted.balances !== undefined) {
        expect(granted.balances.map(withoutOtherCap)).toEqual(await bench.balances(limits));
      }
      const refused = await reserve('b', 60);
      expect(refused).toMatchObject({ reason: 'exceeded', denied: [0, 1, 2] });
      if (!refused.granted && refused.reason === 'exceeded') {
        expect(refused.balances.map(withoutOtherCap)).toEqual(await bench.balances(limits));
      }
      const settled = await bench.ledger.settle(bench.id('a'), cost(20));
      if (settled.balances !== undefined) {
        expect(settled.balances.map(withoutOtherCap)).toEqual(await bench.balances(limits));
      }
      expect((await bench.balances(limits)).map(({ spent }) => spent)).toEqual([20, 20, 20]);
    });

    it('name no other cap than the one that was claimed under before', async () => {
      const bench = await start();
      await bench.holds('a', bench.limit(100), 1);

      const result = await bench.ledger.reserve(bench.id('b'), [claim(bench.limit(50), 1)]);

      expect([undefined, 100]).toContain(result.granted ? result.balances?.[0]?.otherCap : 'refused');
    });

    it('of an account that nobody knows are zero', async () => {
      const bench = await start();

      expect(await bench.balances([bench.limit(7), bench.limit(0, 'other')])).toEqual([
        { cap: 7, spent: 0, held: 0, presumed: 0, overrun: 0, excess: 0, remaining: 7 },
        { cap: 0, spent: 0, held: 0, presumed: 0, overrun: 0, excess: 0, remaining: 0 },
      ]);
      expect(await bench.balances([])).toEqual([]);
    });
  });
}
