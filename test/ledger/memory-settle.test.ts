import { describe, expect, it } from 'vitest';
import type { Amounts, Limit } from '../../src/ledger/ledger.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import { claim, cost, LEASE_MS, makeLedger, usd } from './fixture.js';

describe('settling', () => {
  it('replaces the hold by what was consumed, each limit by its own unit', () => {
    const { ledger, balance } = makeLedger();
    const limits: Limit[] = [usd(100), { unit: 'tokens', cap: 100 }, { unit: 'calls', cap: 100 }];
    ledger.reserve(
      'a',
      limits.map((limit) => claim(limit, 50)),
    );

    expect(ledger.settle('a', { usd: 20, tokens: 30, calls: 1 })).toEqual({
      outcome: 'settled',
      overrun: { usd: 0, tokens: 0, calls: 0 },
    });
    expect(limits.map((limit) => balance(limit).spent)).toEqual([20, 30, 1]);
    expect(limits.map((limit) => balance(limit).held)).toEqual([0, 0, 0]);
  });

  it('books what is above the hold as overrun, and reports the largest of each unit', () => {
    const { ledger, balance } = makeLedger();
    const [first, second, tokens] = [usd(100), usd(100), { unit: 'tokens', cap: 100 } as const];
    ledger.reserve('a', [claim(first, 50), claim(second, 30), claim(tokens, 50)]);

    const { overrun } = ledger.settle('a', { usd: 60, tokens: 40, calls: 1 });

    expect(overrun).toEqual({ usd: 30, tokens: 0, calls: 0 });
    expect([first, second].map((limit) => balance(limit).overrun)).toEqual([10, 30]);
  });

  it('charges the hold where nobody knows', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 50)]);

    expect(ledger.settle('a', undefined).outcome).toBe('presumed');
    expect(balance(limit)).toMatchObject({ spent: 50, presumed: 50, held: 0, overrun: 0 });
  });

  it.each([Number.NaN, -1, 1.5, 1e308, 2 ** 53, '20', null, undefined])('takes %j for an unknown bill', (amount) => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 50)]);

    expect(ledger.settle('a', { usd: amount, tokens: 1, calls: 1 } as Amounts).outcome).toBe('presumed');
    expect(balance(limit)).toMatchObject({ spent: 50, presumed: 50 });
  });

  it.each([null, 7, 'x', {}, []])('never throws: %j', (actual) => {
    const { ledger } = makeLedger();
    ledger.reserve('a', [claim(usd(9), 1)]);

    expect(ledger.settle('a', actual as unknown as Amounts).outcome).toBe('presumed');
    expect(ledger.settle(undefined as unknown as string, cost(1)).outcome).toBe('unknown');
  });

  it('corrects a presumed charge when the bill comes after all', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    for (const id of ['a', 'b']) ledger.reserve(id, [claim(limit, 30)]);
    for (const id of ['a', 'b']) ledger.settle(id, undefined);

    expect(ledger.settle('a', cost(12)).outcome).toBe('late');
    expect(balance(limit)).toMatchObject({ spent: 42, presumed: 30, overrun: 0 });
    expect(ledger.settle('b', cost(37))).toMatchObject({ outcome: 'late', overrun: { usd: 7 } });
    expect(balance(limit)).toMatchObject({ spent: 49, presumed: 0, overrun: 7 });
  });

  it('changes nothing a second time', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    for (const id of ['a', 'b']) ledger.reserve(id, [claim(limit, 30)]);
    ledger.settle('a', cost(12));
    ledger.settle('b', undefined);
    const before = balance(limit);

    expect(ledger.settle('a', cost(12)).outcome).toBe('duplicate');
    expect(ledger.settle('a', cost(13)).outcome).toBe('mismatch');
    expect(ledger.settle('a', undefined).outcome).toBe('duplicate');
    expect(ledger.settle('b', undefined).outcome).toBe('duplicate');
    expect(ledger.settle('c', cost(1)).outcome).toBe('unknown');
    ledger.release('a');
    ledger.release('b');
    expect(balance(limit)).toEqual(before);
  });

  it('remembers the amounts, not the object they came in', () => {
    const { ledger } = makeLedger();
    const actual = { usd: 12, tokens: 0, calls: 1 };
    ledger.reserve('a', [claim(usd(100), 30)]);
    ledger.settle('a', actual);
    actual.usd = 99;

    expect(ledger.settle('a', cost(12)).outcome).toBe('duplicate');
  });
});

describe('releasing', () => {
  it('gives the hold back, once', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 30)]);
    ledger.reserve('b', [claim(limit, 30)]);
    ledger.release('a');
    ledger.release('a');

    expect(balance(limit)).toMatchObject({ held: 30, spent: 0, remaining: 70 });
  });

  it('books a settle that follows as overrun, all of it', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 30)]);
    ledger.release('a');

    expect(ledger.settle('a', cost(20))).toMatchObject({ outcome: 'after-release', overrun: { usd: 20 } });
    expect(balance(limit)).toMatchObject({ spent: 20, held: 0, overrun: 20 });
    expect(ledger.settle('a', cost(20)).outcome).toBe('duplicate');
  });

  it('charges the hold where what follows is an unknown bill, until it is known', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 30)]);
    ledger.release('a');

    expect(ledger.settle('a', undefined).outcome).toBe('after-release');
    expect(balance(limit)).toMatchObject({ spent: 30, presumed: 30, overrun: 30 });
    expect(ledger.settle('a', cost(5)).outcome).toBe('late');
    expect(balance(limit)).toMatchObject({ spent: 5, presumed: 0, overrun: 5 });
  });

  it('bars an id that was never reserved', () => {
    const { ledger } = makeLedger();
    ledger.release('a');

    expect(ledger.reserve('a', [claim(usd(9), 1)])).toEqual({ granted: false, reason: 'finished' });
    expect(ledger.settle('a', cost(1)).outcome).toBe('unknown');
  });
});

describe('a lease', () => {
  it('that is over has its hold charged, and the ids told once', () => {
    const { ledger, balance, advance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 30)]);
    advance(LEASE_MS - 1);
    ledger.reserve('b', [claim(limit, 30)]);
    expect(ledger.expire()).toEqual([]);
    advance(1);

    expect(ledger.expire()).toEqual(['a']);
    expect(ledger.expire()).toEqual([]);
    expect(balance(limit)).toMatchObject({ spent: 30, presumed: 30, held: 30 });
  });

  it('that is over is corrected by a late settle', () => {
    const { ledger, balance, advance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 30)]);
    advance(LEASE_MS);
    ledger.expire();

    expect(ledger.settle('a', cost(10)).outcome).toBe('late');
    expect(balance(limit)).toMatchObject({ spent: 10, presumed: 0, held: 0 });
  });

  it('that is over is charged by the next reserve, and still told by the next expire', () => {
    const { ledger, balance, advance } = makeLedger();
    const limit = usd(100);
    const told = ledger.expire();
    ledger.reserve('a', [claim(limit, 30)]);
    advance(LEASE_MS);
    ledger.reserve('b', [claim(limit, 30)]);

    expect(balance(limit)).toMatchObject({ spent: 30, held: 30 });
    expect(told).toEqual([]);
    expect(ledger.expire()).toEqual(['a']);
  });

  it('that nobody looked at does not stand in the way of a settle or a release', () => {
    const { ledger, balance, advance } = makeLedger();
    const limit = usd(100);
    for (const id of ['a', 'b']) ledger.reserve(id, [claim(limit, 30)]);
    advance(2 * LEASE_MS);

    expect(ledger.settle('a', cost(10)).outcome).toBe('settled');
    ledger.release('b');
    expect(ledger.expire()).toEqual([]);
    expect(balance(limit)).toMatchObject({ spent: 10, held: 0, presumed: 0 });
  });

  it('lasts fifteen minutes where nothing else is said', () => {
    let nowMs = 0;
    const ledger = memoryLedger({ clock: { nowMs: () => 0, monotonicMs: () => nowMs, schedule: () => () => {} } });
    ledger.reserve('a', [claim(usd(9), 1)]);
    nowMs = 15 * 60_000 - 1;
    expect(ledger.expire()).toEqual([]);
    nowMs += 1;
    expect(ledger.expire()).toEqual(['a']);
  });

  it('ends in the order it began, however many attempts came and went between', () => {
    const { ledger, advance } = makeLedger();
    const limit = usd(1_000_000);
    const lost: string[] = [];
    for (let index = 0; index < 2000; index += 1) {
      const id = `call-${index}`;
      ledger.reserve(id, [claim(limit, 1)]);
      if (index % 100 === 0) lost.push(id);
      else ledger.settle(id, cost(1));
    }
    advance(LEASE_MS);

    expect(ledger.expire()).toEqual(lost);
  });
});

describe('what is remembered', () => {
  it('is the latest finished attempts, up to the bound', () => {
    const { ledger, balance } = makeLedger({ maxFinished: 3 });
    const limit = usd(100);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      ledger.reserve(id, [claim(limit, 1)]);
      ledger.settle(id, cost(1));
      ledger.settle(id, cost(1));
    }

    expect(['a', 'b', 'c', 'd', 'e'].map((id) => ledger.settle(id, cost(1)).outcome)).toEqual([
      'unknown',
      'unknown',
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    expect(balance(limit).spent).toBe(5);
  });

  it('never forgets a hold that is open, nor an id that came back', () => {
    const { ledger } = makeLedger({ maxFinished: 1 });
    const limit = usd(100);
    ledger.reserve('open', [claim(limit, 1)]);
    for (const id of ['a', 'b', 'a']) {
      expect(ledger.reserve(id, [claim(limit, 1)]).granted).toBe(true);
      ledger.settle(id, cost(1));
    }

    expect(ledger.settle('a', cost(1)).outcome).toBe('duplicate');
    expect(ledger.settle('open', cost(1)).outcome).toBe('settled');
  });

  it('of expired holds that nobody asks for is bounded too, but one look tells all', () => {
    const { ledger, advance } = makeLedger({ maxFinished: 2 });
    const limit = usd(100);
    const lose = (from: number) => {
      for (let index = from; index < from + 4; index += 1) ledger.reserve(`call-${index}`, [claim(limit, 1)]);
      advance(LEASE_MS);
    };
    lose(0);
    expect(ledger.expire()).toHaveLength(4);
    lose(4);
    ledger.reserve('last', [claim(limit, 1)]);
    expect(ledger.expire()).toEqual(['call-4', 'call-5']);
  });
});

describe('claims that need not fit', () => {
  it('are let in below the cap and refused on it', () => {
    const { ledger } = makeLedger();
    const limit = usd(100);

    expect(ledger.reserve('a', [claim(limit, 99)]).granted).toBe(true);
    expect(ledger.reserve('b', [claim(limit, 500, 'below-cap')]).granted).toBe(true);
    expect(ledger.reserve('c', [claim(limit, 0, 'below-cap')])).toMatchObject({ reason: 'exceeded', denied: [0] });
    expect(ledger.reserve('d', [claim(limit, 500, 'always')]).granted).toBe(true);
  });

  it('count as excess what they really put above the cap', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 95)]);
    ledger.settle('a', cost(95));
    ledger.reserve('b', [claim(limit, 10, 'below-cap')]);
    expect(balance(limit).excess).toBe(0);
    ledger.settle('b', cost(7));
    expect(balance(limit)).toMatchObject({ spent: 102, excess: 2, overrun: 0, remaining: 0 });
    ledger.reserve('c', [claim(limit, 10, 'always')]);
    ledger.settle('c', cost(12));
    expect(balance(limit)).toMatchObject({ spent: 114, excess: 12, overrun: 2 });
  });

  it('are no excess where others have freed the room since', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 100)]);
    ledger.reserve('b', [claim(limit, 10, 'always')]);
    ledger.settle('b', cost(10));
    expect(balance(limit).excess).toBe(0);
    ledger.settle('a', cost(20));
    expect(balance(limit)).toMatchObject({ spent: 30, excess: 0 });
  });

  it('answer for the cap being passed even where a claim that fitted settles last', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(100);
    ledger.reserve('a', [claim(limit, 100)]);
    ledger.reserve('b', [claim(limit, 10, 'always')]);
    ledger.settle('b', cost(10));
    ledger.settle('a', cost(100));

    expect(balance(limit)).toMatchObject({ spent: 110, excess: 10, overrun: 0 });
  });

  it('give the excess of a presumed charge back when the bill is lower', () => {
    const { ledger, balance } = makeLedger();
    const limit = usd(5);
    ledger.reserve('a', [claim(limit, 20, 'always')]);
    ledger.settle('a', undefined);
    expect(balance(limit)).toMatchObject({ spent: 20, excess: 15 });
    ledger.settle('a', cost(8));
    expect(balance(limit)).toMatchObject({ spent: 8, excess: 3 });
  });
});
