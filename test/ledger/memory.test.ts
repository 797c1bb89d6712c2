import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import type { Admit, Claim, Unit } from '../../src/ledger/ledger.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import { MAX_AMOUNT, parseUsd } from '../../src/money.js';
import { claim, cost, LEASE_MS, makeLedger, usd } from './fixture.js';

describe('a reserve that must fit', () => {
  it('is granted exactly on the cap, and not one unit above it', () => {
    const { ledger } = makeLedger();
    const limit = usd(100);

    expect(ledger.reserve('a', [claim(limit, 60)])).toEqual({ granted: true, choice: 0 });
    expect(ledger.reserve('b', [claim(limit, 41)])).toMatchObject({ granted: false, reason: 'exceeded' });
    expect(ledger.reserve('c', [claim(limit, 40)])).toEqual({ granted: true, choice: 0 });
  });

  it('lets exactly fifty of a thousand calls of 0.10 into a cap of 5.00', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(parseUsd(5, 'usd'));
    const amount = parseUsd(0.1, 'usd');
    const ids = Array.from({ length: 1000 }, (_, index) => `call-${index}`);

    const granted = ids.filter((id) => ledger.reserve(id, [claim(limit, amount)]).granted);

    expect(granted).toHaveLength(50);
    for (const id of granted) ledger.settle(id, cost(amount));
    expect(balance(limit)).toMatchObject({ spent: 5_000_000_000, held: 0, remaining: 0, overrun: 0, excess: 0 });
  });

  it('admits nothing but nothing under a cap of zero', () => {
    const { ledger } = makeLedger();
    const limit = usd(0);

    expect(ledger.reserve('a', [claim(limit, 1)]).granted).toBe(false);
    expect(ledger.reserve('b', [claim(limit, 0)]).granted).toBe(true);
  });

  it('holds every claim or none, and names all that deny with the balances beside the claims', () => {
    const { ledger, balance } = makeLedger();
    const [wide, narrow, shut] = [usd(100), usd(5), usd(0)];
    const before = [wide, narrow, shut].map(balance);

    const result = ledger.reserve('a', [claim(wide, 10), claim(narrow, 10), claim(wide, 3), claim(shut, 10)]);

    expect(result).toMatchObject({ granted: false, reason: 'exceeded', denied: [1, 3] });
    expect(result).toHaveProperty('balances', [before[0], before[1], before[0], before[2]]);
    expect([wide, narrow, shut].map(balance)).toEqual(before);
  });

  it('leaves the id of a refused attempt free', () => {
    const { ledger } = makeLedger();
    const limit = usd(5);
    ledger.reserve('a', [claim(limit, 6)]);

    expect(ledger.reserve('a', [claim(limit, 5)])).toEqual({ granted: true, choice: 0 });
  });

  it('refuses new holds alone when the cap was lowered below what is used', () => {
    const { ledger, balance } = makeLedger();
    ledger.reserve('a', [claim(usd(100, 'k'), 80)]);
    const lowered = usd(50, 'k');

    expect(ledger.reserve('b', [claim(lowered, 1)]).granted).toBe(false);
    expect(ledger.settle('a', cost(80)).outcome).toBe('settled');
    expect(balance(lowered)).toMatchObject({ cap: 50, spent: 80, remaining: 0 });
  });
});

describe('claims on one account', () => {
  it('are one claim: the larger amount, counted once', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);

    expect(ledger.reserve('a', [claim(limit, 60), claim(limit, 80)]).granted).toBe(true);
    expect(balance(limit).held).toBe(80);
  });

  it('take the lower cap and the stricter admission, and all of them deny', () => {
    const { ledger } = makeLedger();
    const claims = [claim(usd(100, 'k'), 10, 'always'), claim(usd(9, 'k'), 1, 'below-cap'), claim(usd(50, 'k'), 2)];

    expect(ledger.reserve('a', claims)).toMatchObject({ denied: [0, 1, 2] });
    expect(ledger.reserve('b', claims.slice(0, 2)).granted).toBe(true);
  });

  it('meet where key and unit are the same, and nowhere else', () => {
    const { ledger, balance } = makeLedger();
    ledger.reserve('a', [claim(usd(10, 'k'), 1), claim({ unit: 'tokens', cap: 10, key: 'k' }, 2), claim(usd(10), 3)]);

    expect(balance(usd(10, 'k')).held).toBe(1);
    expect(balance({ unit: 'tokens', cap: 10, key: 'k' }).held).toBe(2);
    expect(balance(usd(10)).held).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString', '', 'a|b', '\0', '\ud800', '👩‍👩‍👧‍👦', 'x'.repeat(1_000_000)])(
    'keep the key %.20j apart from all others',
    (key) => {
      const { ledger, balance } = makeLedger();
      expect(ledger.reserve('a', [claim(usd(10, key), 7)]).granted).toBe(true);

      expect(balance(usd(10, key)).held).toBe(7);
      expect(balance(usd(10, `${key}.`)).held).toBe(0);
      expect(Object.hasOwn(Object.prototype, 'held')).toBe(false);
    },
  );

  it('may have an id that is the name of a property', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(10);
    for (const id of ['__proto__', 'constructor', 'hasOwnProperty']) {
      expect(ledger.settle(id, cost(1)).outcome).toBe('unknown');
      ledger.reserve(id, [claim(limit, 1)]);
      expect(ledger.settle(id, cost(1)).outcome).toBe('settled');
    }
    expect(balance(limit).spent).toBe(3);
  });
});

describe('a reserve of an id that is known', () => {
  it('is granted again without a second hold, or is a mismatch', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(10);
    ledger.reserve('a', [claim(limit, 6)]);

    expect(ledger.reserve('a', [claim(limit, 6)])).toEqual({ granted: true, choice: 0 });
    expect(ledger.reserve('a', [claim(limit, 5)])).toEqual({ granted: false, reason: 'mismatch' });
    expect(ledger.reserve('a', [claim(limit, 6, 'always')])).toEqual({ granted: false, reason: 'mismatch' });
    expect(ledger.reserve('a', [claim(usd(10), 6)])).toEqual({ granted: false, reason: 'mismatch' });
    expect(balance(limit).held).toBe(6);
  });

  it('compares with what was held, whatever became of the array it was given', () => {
    const { ledger } = makeLedger();
    const limit = usd(10);
    const claims = [claim(limit, 6)];
    ledger.reserve('a', claims);
    claims.length = 0;

    expect(ledger.reserve('a', [claim(limit, 6)])).toEqual({ granted: true, choice: 0 });
  });

  it('is refused once the attempt is finished, whichever way', () => {
    const { ledger, advance } = makeLedger();
    const claims = [claim(usd(100), 1)];
    for (const id of ['settled', 'presumed', 'released', 'expired']) ledger.reserve(id, claims);
    ledger.settle('settled', cost(1));
    ledger.settle('presumed', undefined);
    ledger.release('released');
    ledger.release('never reserved');
    advance(LEASE_MS);

    for (const id of ['settled', 'presumed', 'released', 'expired', 'never reserved']) {
      expect(ledger.reserve(id, claims)).toEqual({ granted: false, reason: 'finished' });
    }
  });
});

describe('invalid input', () => {
  const limit = usd(10);
  it.each([
    ['an empty id', '', [claim(limit, 1)]],
    ['an id that is no string', 7, [claim(limit, 1)]],
    ['an amount that is no integer', 'a', [claim(limit, 0.5)]],
    ['a negative amount', 'a', [claim(limit, -1)]],
    ['NaN', 'a', [claim(limit, Number.NaN)]],
    ['an amount as text', 'a', [{ ...claim(limit, 1), amount: '1' }]],
    ['an amount above the largest exact one', 'a', [claim(limit, 2 ** 53)]],
    ['an infinite cap', 'a', [claim(usd(Number.POSITIVE_INFINITY), 1)]],
    ['an unknown unit', 'a', [claim({ unit: '__proto__' as Unit, cap: 1, key: 'k' }, 1)]],
    ['an unknown admission', 'a', [claim(limit, 1, 'toString' as Admit)]],
    ['a key that is no string', 'a', [claim({ ...limit, key: 1 as unknown as string }, 1)]],
    ['a claim that is nothing', 'a', [null]],
    ['a claim without a limit', 'a', [{ amount: 1, admit: 'fit' }]],
    ['claims that are no list', 'a', undefined],
    ['4097 claims', 'a', Array.from({ length: 4097 }, () => claim(limit, 1))],
  ])('is refused as data: %s', (_, id, claims) => {
    const { ledger, balance } = makeLedger();

    expect(ledger.reserve(id as string, claims as Claim[])).toEqual({ granted: false, reason: 'invalid' });
    expect(balance(limit)).toMatchObject({ held: 0, spent: 0 });
  });

  it('takes 4096 claims', () => {
    const claims = Array.from({ length: 4096 }, () => claim(usd(10), 1));

    expect(makeLedger().ledger.reserve('a', claims)).toEqual({ granted: true, choice: 0 });
  });

  it.each([
    ['leaseMs', 0],
    ['leaseMs', Number.NaN],
    ['leaseMs', Number.POSITIVE_INFINITY],
    ['leaseMs', '5'],
    ['maxFinished', -1],
    ['maxFinished', 1.5],
    ['clock', {}],
    ['clock', null],
  ])('is thrown as an error where it is an option: %s %s', (option, value) => {
    expect(() => memoryLedger({ [option]: value })).toThrow(ConfigError);
    expect(() => memoryLedger({ [option]: value })).toThrow(`Invalid ${option}`);
  });
});

describe('totals at the largest exact amount', () => {
  it('are reached exactly', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(MAX_AMOUNT);
    ledger.reserve('a', [claim(limit, MAX_AMOUNT - 1)]);
    ledger.settle('a', cost(MAX_AMOUNT - 1));

    expect(ledger.reserve('b', [claim(limit, 2)])).toMatchObject({ reason: 'exceeded' });
    expect(ledger.reserve('c', [claim(limit, 1)])).toEqual({ granted: true, choice: 0 });
    ledger.settle('c', cost(1));
    expect(balance(limit)).toMatchObject({ spent: MAX_AMOUNT, held: 0, remaining: 0 });
  });

  it('are never passed by a claim that need not fit', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(5);
    ledger.reserve('a', [claim(limit, MAX_AMOUNT, 'always')]);

    expect(ledger.reserve('b', [claim(limit, 1, 'always')])).toEqual({ granted: false, reason: 'invalid' });
    expect(balance(limit)).toMatchObject({ held: MAX_AMOUNT });
  });

  it('say exceeded, not invalid, where a claim that must fit does not', () => {
    const { ledger } = makeLedger();
    const limit = usd(5);
    ledger.reserve('a', [claim(limit, 1)]);

    expect(ledger.reserve('b', [claim(limit, MAX_AMOUNT)])).toMatchObject({ reason: 'exceeded', denied: [0] });
  });

  it('take a bill they could not count for none at all', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 10)]);
    ledger.reserve('b', [claim(limit, 10)]);

    expect(ledger.settle('a', cost(MAX_AMOUNT)).outcome).toBe('presumed');
    expect(balance(limit)).toMatchObject({ spent: 10, held: 10, presumed: 10, overrun: 0 });
  });
});
