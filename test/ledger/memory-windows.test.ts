import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { ConfigError, LedgerUnavailableError } from '../../src/errors.js';
import type { Ask, Balance, Claim, Limit } from '../../src/ledger/ledger.js';
import { type MemoryLedgerOptions, memoryLedger } from '../../src/ledger/memory.js';
import { cutEvery, rollingOver } from './conformance-fixture.js';
import { claim, cost, usd } from './fixture.js';

const WINDOW_MS = 1000;
const LEASE_MS = 10_000;
/** How often a full ledger looks for accounts that are over, at most. */
const SWEEP_MS = 1000;

/** A ledger on a wall clock that can be set, and leases that never end by it. */
function open(options: MemoryLedgerOptions = {}) {
  let wallMs = 0;
  let monotonicMs = 0;
  const clock: Clock = { nowMs: () => wallMs, monotonicMs: () => monotonicMs, schedule: () => () => {} };
  const ledger = memoryLedger({ leaseMs: LEASE_MS, clock, ...options });
  return {
    ledger,
    setWall: (timeMs: number) => {
      wallMs = timeMs;
    },
    endLeases: () => {
      monotonicMs += LEASE_MS;
    },
    balance: (limit: Limit) => ledger.balances([limit])[0] as Balance,
    spend: (id: string, limit: Limit, amount: number) => {
      ledger.reserve(id, [claim(limit, amount, 'always')]);
      ledger.settle(id, cost(amount));
    },
  };
}

const cut = (cap: number, key = 'cut'): Limit => ({ unit: 'usd', cap, key, window: cutEvery(WINDOW_MS, 0) });
const rolling = (cap: number): Limit => ({ unit: 'usd', cap, key: 'rolling', window: rollingOver(WINDOW_MS, 3, 0) });
const ask = (amount: number): Ask => ({ amount, admit: 'fit' });

describe('a window in memory', () => {
  it('ends at its first moment after, not one millisecond sooner', () => {
    const { ledger, balance, setWall, spend } = open();
    const limit = cut(10);
    spend('a', limit, 10);
    setWall(999);
    expect(ledger.reserve('b', [claim(limit, 1)]).granted).toBe(false);
    expect(balance(limit)).toMatchObject({ spent: 10, resetsAtMs: 1000 });
    setWall(1000);

    expect(ledger.reserve('b', [claim(limit, 10)]).granted).toBe(true);
    expect(balance(limit)).toMatchObject({ spent: 0, held: 10, resetsAtMs: 2000 });
  });

  it('never comes back, however far the clock of the machine is set back', () => {
    const { ledger, balance, setWall, spend } = open();
    const limit = cut(10);
    setWall(5500);
    spend('a', limit, 10);
    setWall(200);

    expect(ledger.reserve('b', [claim(limit, 1)]).granted).toBe(false);
    expect(balance(limit)).toMatchObject({ spent: 10, resetsAtMs: 6000 });
    setWall(5900);
    expect(ledger.reserve('c', [claim(limit, 1)]).granted).toBe(false);
  });

  it('gives nothing back by its leases, which know no wall clock', () => {
    const { ledger, balance, setWall, endLeases } = open();
    const limit = cut(10);
    ledger.reserve('a', [claim(limit, 10)]);
    setWall(60_000);
    expect(ledger.expire()).toEqual([]);
    expect(balance(limit)).toMatchObject({ held: 10 });
    endLeases();

    expect(ledger.expire()).toEqual(['a']);
    expect(balance(limit)).toMatchObject({ held: 0, spent: 0 });
  });

  it('keeps what was spent where the cap is raised or lowered in it', () => {
    const { ledger, balance, spend } = open();
    spend('a', cut(10), 10);

    expect(ledger.reserve('b', [claim(cut(15), 5)]).granted).toBe(true);
    expect(balance(cut(5))).toMatchObject({ cap: 5, spent: 10, held: 5, remaining: 0 });
  });

  it('that nobody looked at for long is not summed up later', () => {
    const { balance, setWall, spend } = open();
    const limit = rolling(100);
    for (const [index, wallMs] of [0, 1000, 2000, 9000, 10_000].entries()) {
      setWall(wallMs);
      spend(`a${index}`, limit, 10);
    }

    expect(balance(limit)).toMatchObject({ spent: 20 });
  });
});

describe('a rolling window in memory', () => {
  it('counts what was spent for at least its length, and less than one bucket longer', () => {
    const lengthMs = 2 * WINDOW_MS;
    for (let spentAtMs = 0; spentAtMs < WINDOW_MS; spentAtMs += 111) {
      const { balance, setWall, spend } = open();
      const limit = rolling(10);
      setWall(spentAtMs);
      spend('a', limit, 7);
      for (const [laterMs, spent] of [
        [spentAtMs + lengthMs, 7],
        [spentAtMs + lengthMs + WINDOW_MS, 0],
      ] as const) {
        setWall(laterMs);
        expect(balance(limit).spent).toBe(spent);
      }
    }
  });

  it('lets no more than the cap in within any stretch of its length', () => {
    const { ledger, setWall } = open();
    const limit = rolling(10);
    const spentAt: number[] = [];
    for (let wallMs = 0; wallMs < 20 * WINDOW_MS; wallMs += 37) {
      setWall(wallMs);
      if (!ledger.reserve(`a${wallMs}`, [claim(limit, 1)]).granted) continue;
      ledger.settle(`a${wallMs}`, cost(1));
      spentAt.push(wallMs);
    }

    for (const fromMs of spentAt) {
      const inStretch = spentAt.filter((atMs) => atMs >= fromMs && atMs < fromMs + 2 * WINDOW_MS);
      expect(inStretch.length).toBeLessThanOrEqual(10);
    }
    expect(spentAt.length).toBeGreaterThan(40);
  });
});

describe('marks in memory', () => {
  it('belong to a window, and of a rolling one to its newest bucket', () => {
    const { ledger, setWall } = open();
    for (const limit of [cut(10), rolling(10)]) {
      setWall(100);
      expect(ledger.mark(limit, 'half')).toBe(true);
      expect(ledger.mark(limit, 'half')).toBe(false);
      setWall(1100);
      expect(ledger.mark(limit, 'half')).toBe(true);
    }
  });

  it('of a limit without a key belong to the limit', () => {
    const { ledger } = open();
    const [first, second] = [usd(10), usd(10)];

    expect([first, first, second].map((limit) => ledger.mark(limit, 'half'))).toEqual([true, false, true]);
  });
});

describe('corrections in memory', () => {
  it('are kept in a journal, with what was asked and why', () => {
    const { ledger, setWall } = open();
    setWall(1234);
    ledger.adjust(cut(10), -5, 'a refund');
    ledger.adjust(usd(10), 3, 'a bill');

    expect(ledger.adjustments()).toEqual([
      { timeMs: 1234, key: 'cut', unit: 'usd', change: -5, reason: 'a refund' },
      { timeMs: 1234, key: undefined, unit: 'usd', change: 3, reason: 'a bill' },
    ]);
  });

  it('are kept in a journal that forgets the oldest', () => {
    const { ledger } = open();
    const limit = usd(10_000);
    for (let change = 1; change <= 1500; change += 1) ledger.adjust(limit, change, 'a test');

    const journal = ledger.adjustments();
    expect(journal).toHaveLength(1000);
    expect(journal.at(0)?.change).toBe(501);
    expect(journal.at(-1)?.change).toBe(1500);
  });

  it('that are refused are in no journal', () => {
    const { ledger } = open();

    expect(() => ledger.adjust(usd(10), 0.5, 'a test')).toThrow(ConfigError);
    expect(ledger.adjustments()).toEqual([]);
  });

  it('take back what a caller sees as excess', () => {
    const { ledger, balance, spend } = open();
    const limit = usd(10);
    spend('a', limit, 15);
    expect(balance(limit)).toMatchObject({ spent: 15, excess: 5 });
    ledger.adjust(limit, -12, 'a refund');

    expect(balance(limit)).toMatchObject({ spent: 3, excess: 0, remaining: 7 });
  });
});

describe('fallbacks in memory', () => {
  it('are no more than fifteen', () => {
    const { ledger } = open();
    const claims = [claim(usd(1), 5)];
    const asks = (count: number) => Array.from({ length: count }, () => [ask(2)]);

    expect(ledger.reserve('a', claims, asks(15))).toMatchObject({ reason: 'exceeded' });
    expect(ledger.reserve('a', claims, asks(16))).toEqual({ granted: false, reason: 'invalid' });
  });

  it('may be of another amount and admission, never of another limit', () => {
    const { ledger, balance } = open();
    const [limit, other] = [usd(5), usd(5)];
    const fallback = [{ ...claim(other, 3), limit: other }];

    expect(ledger.reserve('a', [claim(limit, 6)], [fallback])).toEqual({ granted: true, choice: 1 });
    expect([balance(limit).held, balance(other).held]).toEqual([3, 0]);
  });

  it.each([null, 7, {}, [null], ['x']])('like %j are invalid', (fallbacks) => {
    const { ledger } = open();

    const result = ledger.reserve('a', [claim(usd(5), 1)], fallbacks as unknown as Ask[][]);
    expect(result).toEqual({ granted: false, reason: 'invalid' });
  });
});

describe('the accounts of a ledger in memory', () => {
  const total = (key: string): Limit => usd(10, key);

  it('are no more than allowed: a reserve on another one is refused as full', () => {
    const { ledger, balance } = open({ maxAccounts: 2 });
    expect(ledger.reserve('a', [claim(total('a'), 1), claim(total('b'), 1)]).granted).toBe(true);

    expect(ledger.reserve('b', [claim(total('c'), 1)])).toEqual({ granted: false, reason: 'full' });
    expect(ledger.reserve('c', [claim(total('a'), 1), claim(total('c'), 1)])).toMatchObject({ reason: 'full' });
    expect(balance(total('a')).held).toBe(1);
    expect(ledger.reserve('b', [claim(total('a'), 1), claim(usd(1), 1)]).granted).toBe(true);
  });

  it('are counted once where several claims reach one', () => {
    const { ledger } = open({ maxAccounts: 1 });

    expect(ledger.reserve('a', [claim(total('a'), 1), claim(total('a'), 2)]).granted).toBe(true);
  });

  it('are not opened by a reserve that is refused, nor by whoever only looks', () => {
    const { ledger, balance } = open({ maxAccounts: 1 });
    for (let user = 0; user < 10; user += 1) {
      expect(ledger.reserve(`a${user}`, [claim(usd(0, `user-${user}`), 1)])).toMatchObject({ reason: 'exceeded' });
      expect(balance(total(`looked-${user}`)).held).toBe(0);
    }
    expect(ledger.reserve('b', [claim(total('last'), 1)]).granted).toBe(true);
    expect(ledger.reserve('b', [claim(total('other'), 1)])).toMatchObject({ reason: 'mismatch' });
  });

  it('are not opened by a mark or a correction where there is no room', () => {
    const { ledger } = open({ maxAccounts: 1 });
    ledger.reserve('a', [claim(total('a'), 1)]);

    expect(() => ledger.mark(total('b'), 'half')).toThrow(LedgerUnavailableError);
    expect(() => ledger.adjust(total('b'), 1, 'a test')).toThrow(LedgerUnavailableError);
    expect(ledger.mark(total('a'), 'half')).toBe(true);
    expect(ledger.adjustments()).toEqual([]);
  });

  it('make room once their windows are over, and not while something is held', () => {
    const { ledger, setWall, spend } = open({ maxAccounts: 2 });
    spend('a', cut(10, 'spent'), 5);
    ledger.reserve('b', [claim(cut(10, 'held'), 5)]);
    const asked = [claim(total('new'), 1)];
    setWall(999);
    expect(ledger.reserve('c', asked)).toMatchObject({ reason: 'full' });
    setWall(999 + SWEEP_MS);
    expect(ledger.reserve('c', asked).granted).toBe(true);
    expect(ledger.reserve('d', [claim(total('newer'), 1)])).toMatchObject({ reason: 'full' });
    ledger.release('b');
    setWall(999 + 2 * SWEEP_MS);

    expect(ledger.reserve('d', [claim(total('newer'), 1)]).granted).toBe(true);
  });

  it('make room again where a total without a window was refused first', () => {
    const { ledger, setWall, spend } = open({ maxAccounts: 2 });
    ledger.reserve('a', [claim(total('a'), 1)]);
    const two: Claim[] = [claim(total('b'), 1), claim(total('c'), 1)];
    expect(ledger.reserve('b', two)).toMatchObject({ reason: 'full' });
    spend('c', cut(10), 1);
    expect(ledger.reserve('d', [claim(total('d'), 1)])).toMatchObject({ reason: 'full' });
    setWall(1000);

    expect(ledger.reserve('d', [claim(total('d'), 1)]).granted).toBe(true);
  });

  it('of a rolling window stay until the last of it counts no longer', () => {
    const { ledger, setWall, spend } = open({ maxAccounts: 1 });
    spend('a', rolling(10), 5);
    const asked = [claim(total('new'), 1)];
    setWall(2999);
    expect(ledger.reserve('b', asked)).toMatchObject({ reason: 'full' });
    setWall(2999 + SWEEP_MS);

    expect(ledger.reserve('b', asked).granted).toBe(true);
  });

  it('that were forgotten are booked on no more, and open anew', () => {
    const { ledger, balance, setWall } = open({ maxAccounts: 1 });
    ledger.reserve('a', [claim(cut(10), 5)]);
    ledger.settle('a', undefined);
    setWall(1000);
    ledger.reserve('b', [claim(cut(10, 'other'), 1)]);
    expect(ledger.settle('a', cost(3)).outcome).toBe('late');
    ledger.settle('b', cost(1));
    setWall(2000);

    expect(ledger.reserve('c', [claim(cut(10), 10)]).granted).toBe(true);
    expect(balance(cut(10))).toMatchObject({ spent: 0, held: 10 });
  });

  it('are many users, one window after the other, in bounded memory', () => {
    const { ledger, setWall, spend } = open({ maxAccounts: 100 });
    for (let window = 0; window < 50; window += 1) {
      setWall(window * WINDOW_MS);
      for (let user = 0; user < 100; user += 1) spend(`${window}-${user}`, cut(10, `user-${window}-${user}`), 1);
      expect(ledger.reserve(`full-${window}`, [claim(total('one more'), 1)])).toMatchObject({ reason: 'full' });
    }
  });
});
