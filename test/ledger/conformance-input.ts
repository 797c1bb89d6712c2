import { describe, expect, it } from 'vitest';
import type { Admit, Ask, Claim, Limit, Unit } from '../../src/ledger/ledger.js';
import { MAX_AMOUNT } from '../../src/money.js';
import { type Bench, benches, claim, cost, type Open } from './conformance-fixture.js';

const NAMES_OF_PROPERTIES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
/** What breaks out of a statement, a script, a key or a path where somebody joins texts. */
const HOSTILE = [
  ...['a b', 'a|b', 'a,b', "a'b", "'; DROP TABLE holds; --", '"', '`', '\\', '{a}', '}{', '*', '?', '[a-z]', '$1'],
  ...[
    '\0',
    'a\nb',
    'a\r\nDEL x',
    '\ud800',
    '👩‍👩‍👧‍👦',
    'é',
    '%00',
    '../..',
    '\u0024{x}',
    "redis.call('FLUSHALL')",
    'nan',
    '-0',
  ],
  ...['x'.repeat(100_000)],
];

const HOSTILE_BY_LABEL = HOSTILE.map((name) => [JSON.stringify(name).slice(0, 30), name] as const);

export function describeInput(open: Open): void {
  const start = benches(open);

  describe('invalid input', () => {
    const invalid: readonly (readonly [string, (limit: Limit) => readonly unknown[] | undefined])[] = [
      ['a fraction', (limit) => [claim(limit, 0.5)]],
      ['a negative amount', (limit) => [claim(limit, -1)]],
      ['NaN', (limit) => [claim(limit, Number.NaN)]],
      ['infinity', (limit) => [claim(limit, Number.POSITIVE_INFINITY)]],
      ['an amount as text', (limit) => [{ ...claim(limit, 1), amount: '1' }]],
      ['an amount that is no exact integer', (limit) => [claim(limit, 2 ** 53)]],
      ['a negative cap', (limit) => [claim({ ...limit, cap: -1 }, 0)]],
      ['a cap that is NaN', (limit) => [claim({ ...limit, cap: Number.NaN }, 0)]],
      ['a cap of 2^53', (limit) => [claim({ ...limit, cap: 2 ** 53 }, 0)]],
      ['an infinite cap', (limit) => [claim({ ...limit, cap: Number.POSITIVE_INFINITY }, 0)]],
      ['an unknown unit', (limit) => [claim({ ...limit, unit: '__proto__' as Unit }, 1)]],
      ['an unknown admission', (limit) => [claim(limit, 1, 'toString' as Admit)]],
      ['a key that is no string', (limit) => [claim({ ...limit, key: 1 as unknown as string }, 1)]],
      ['a claim that is nothing', () => [null]],
      ['a claim without a limit', () => [{ amount: 1, admit: 'fit' }]],
      ['claims that are no list', () => undefined],
      ['4097 claims', (limit) => Array.from({ length: 4097 }, () => claim(limit, 1))],
    ];

    it.each(invalid)('is refused as data: %s', async (_, claimsOn) => {
      const bench = await start();
      const limit = bench.limit(10);

      const result = await bench.ledger.reserve(bench.id('a'), claimsOn(limit) as Claim[]);

      expect(result).toEqual({ granted: false, reason: 'invalid' });
      expect(await bench.balance(limit)).toMatchObject({ held: 0, spent: 0 });
      expect(await bench.holds('a', limit, 10)).toBe(true);
    });

    it('beside what is valid holds nothing of either', async () => {
      const bench = await start();
      const limit = bench.limit(10);

      const result = await bench.ledger.reserve(bench.id('a'), [claim(limit, 5), claim(bench.limit(10, 'b'), -5)]);

      expect(result).toEqual({ granted: false, reason: 'invalid' });
      expect(await bench.balance(limit)).toMatchObject({ held: 0 });
    });

    it.each([
      ['too short', []],
      [
        'too long',
        [
          { amount: 1, admit: 'fit' },
          { amount: 1, admit: 'fit' },
        ],
      ],
      ['negative', [{ amount: -1, admit: 'fit' }]],
      ['NaN', [{ amount: Number.NaN, admit: 'fit' }]],
      ['of an unknown admission', [{ amount: 1, admit: 'maybe' }]],
      ['nothing', [null]],
    ])('is a fallback that is %s, whether it would be asked or not', async (_, fallback) => {
      const bench = await start();
      const limit = bench.limit(10);

      for (const amount of [5, 11]) {
        const result = await bench.ledger.reserve(bench.id('a'), [claim(limit, amount)], [fallback as Ask[]]);
        expect(result).toEqual({ granted: false, reason: 'invalid' });
      }
      expect(await bench.balance(limit)).toMatchObject({ held: 0 });
    });

    it.each(['', 7, null, undefined, {}])('is an id like %j', async (id) => {
      const bench = await start();
      const limit = bench.limit(10);

      expect(await bench.ledger.reserve(id as string, [claim(limit, 1)])).toEqual({
        granted: false,
        reason: 'invalid',
      });
      expect(await bench.ledger.settle(id as string, cost(1))).toMatchObject({ outcome: 'unknown' });
      expect(await bench.balance(limit)).toMatchObject({ held: 0, spent: 0 });
    });
  });

  describe('hostile names', () => {
    it('that are names of properties are names like any other', async () => {
      const bench = await start();
      for (const name of NAMES_OF_PROPERTIES) {
        const limit: Limit = { unit: 'usd', cap: 10, key: name };
        const spentBefore = (await bench.balance(limit)).spent;
        expect(await bench.ledger.mark(bench.limit(10), name)).toBe(true);
        expect(await bench.ledger.reserve(`${bench.prefix}.${name}`, [claim(limit, 3, 'always')])).toMatchObject({
          granted: true,
        });
        expect(await bench.settle(name, cost(2))).toBe('settled');
        expect((await bench.balance(limit)).spent).toBe(spentBefore + 2);
      }
      expect(Object.hasOwn(Object.prototype, 'held')).toBe(false);
    });

    it.each(HOSTILE_BY_LABEL)('as ids are refused, or are ids like any other: %s', async (_, name) => {
      const bench = await start();
      const limit = bench.limit(10);
      await bench.holds('witness', limit, 1);

      const isTaken = await isGrantedOrInvalid(bench, `${bench.prefix}${name}`, limit);

      expect(await bench.balance(limit)).toMatchObject({ held: isTaken ? 3 : 1, spent: 0 });
      const { outcome } = await bench.ledger.settle(`${bench.prefix}${name}`, cost(2));
      expect(outcome).toBe(isTaken ? 'settled' : 'unknown');
      await bench.ledger.release(`${bench.prefix}${name}`);
      expect(await bench.balance(limit)).toMatchObject({ held: 1, spent: isTaken ? 2 : 0 });
    });

    it.each(HOSTILE_BY_LABEL)('as keys are refused, or are keys like any other: %s', async (_, name) => {
      const bench = await start();
      const limit: Limit = { unit: 'usd', cap: 10, key: `${bench.prefix}/account${name}` };
      await bench.holds('witness', bench.limit(10), 1);

      const isTaken = await isGrantedOrInvalid(bench, bench.id('a'), limit);

      if (isTaken) expect(await bench.balance(limit)).toMatchObject({ held: 2 });
      expect(await bench.balance(bench.limit(10))).toMatchObject({ held: 1 });
    });

    it('as keys of two accounts never meet', async () => {
      const bench = await start();
      const pairs = [
        ['a:b/c', 'a/b:c'],
        ['a=1/b', 'a=1%2Fb'],
        ['usd:a', 'a'],
        ['A', 'a'],
        ['a', 'a_'],
        ['x%y', 'xzy'],
      ] as const;
      for (const [index, [left, right]] of pairs.entries()) {
        await bench.holds(index, bench.limit(10, `${index}/${left}`), 4);
        expect(await bench.balance(bench.limit(10, `${index}/${right}`))).toMatchObject({ held: 0 });
      }
    });

    it('as marks and reasons are kept as they are', async () => {
      const bench = await start();
      const limit = bench.limit(10);
      for (const name of ["'; DROP TABLE holds; --", 'a|b', 'a,b', '{"a":1}', 'é', '__proto__']) {
        expect(await bench.ledger.mark(limit, name)).toBe(true);
        expect(await bench.ledger.mark(limit, name)).toBe(false);
        expect(await bench.ledger.adjust(limit, 1, name)).toMatchObject({ held: 0 });
      }
      expect(await bench.balance(limit)).toMatchObject({ spent: 6 });
    });
  });

  describe('totals at the largest exact amount', () => {
    it('are reached exactly', async () => {
      const bench = await start();
      const limit = bench.limit(MAX_AMOUNT);
      await bench.spend('a', limit, MAX_AMOUNT - 1);

      expect(await bench.holds('b', limit, 2)).toBe(false);
      expect(await bench.holds('c', limit, 1)).toBe(true);
      await bench.settle('c', cost(1));
      expect(await bench.balance(limit)).toMatchObject({ spent: MAX_AMOUNT, held: 0, remaining: 0 });
    });

    it('are never passed by a claim that need not fit, and exceeded comes first', async () => {
      const bench = await start();
      const limit = bench.limit(5);
      await bench.holds('a', limit, MAX_AMOUNT, 'always');

      const reserve = (admit: Admit) => bench.ledger.reserve(bench.id('b'), [claim(limit, 1, admit)]);
      expect(await reserve('always')).toEqual({ granted: false, reason: 'invalid' });
      expect(await reserve('fit')).toMatchObject({ reason: 'exceeded', denied: [0] });
      expect(await bench.balance(limit)).toMatchObject({ held: MAX_AMOUNT, remaining: 0 });
    });

    it('take a bill they could not count for none at all', async () => {
      const bench = await start();
      const limit = bench.limit(100);
      for (const name of ['a', 'b']) await bench.holds(name, limit, 10);

      expect(await bench.settle('a', cost(MAX_AMOUNT))).toBe('presumed');
      expect(await bench.balance(limit)).toMatchObject({ spent: 10, held: 10, presumed: 10, overrun: 0 });
      expect(await bench.settle('a', cost(MAX_AMOUNT))).toBe('duplicate');
      expect(await bench.settle('a', cost(MAX_AMOUNT - 10))).toBe('late');
      expect(await bench.balance(limit)).toMatchObject({ spent: MAX_AMOUNT - 10, held: 10, presumed: 0 });
    });
  });
}

async function isGrantedOrInvalid(bench: Bench, id: string, limit: Limit): Promise<boolean> {
  const result = await bench.ledger.reserve(id, [claim(limit, 2)]);
  if (!result.granted) expect(result).toEqual({ granted: false, reason: 'invalid' });
  return result.granted;
}
