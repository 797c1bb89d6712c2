import { afterEach } from 'vitest';
import type { Clock } from '../../src/clock.js';
import type {
  Admit,
  Amounts,
  Balance,
  Claim,
  Ledger,
  Limit,
  SettleOutcome,
  Unit,
  Window,
  WindowSpan,
} from '../../src/ledger/ledger.js';

/** A ledger on a store whose time can be moved forward. */
export interface OpenLedger {
  readonly ledger: Ledger;
  /** Moves the store's time, which starts at the time of this machine. */
  advance(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a ledger for one test. `clock` is the client's; a store has its own time. */
export type Open = (options: { readonly leaseMs: number; readonly clock?: Clock }) => Promise<OpenLedger>;

export const LEASE_MS = 60_000;
export const WINDOW_MS = 100_000;
/** Tests start a quarter into a window, so that the time a store needs never crosses an edge by itself. */
export const PHASE_MS = WINDOW_MS / 4;

/** What a test works with: keys and ids of its own, and the operations in short. */
export class Bench {
  readonly ledger: Ledger;
  readonly advance: (durationMs: number) => Promise<void>;
  readonly prefix: string;
  /** Never later than the store's time at the start. */
  readonly startedMs: number;

  constructor({ ledger, advance }: OpenLedger, prefix: string, startedMs: number) {
    this.ledger = ledger;
    this.advance = advance;
    this.prefix = prefix;
    this.startedMs = startedMs;
  }

  id(name: string | number): string {
    return `${this.prefix}.${name}`;
  }

  limit(cap: number, name = 'account', unit: Unit = 'usd'): Limit {
    return { unit, cap, key: `${this.prefix}/${name}` };
  }

  /** A limit whose window turns every `WINDOW_MS`, and is now `PHASE_MS` old. */
  windowed(cap: number, name = 'windowed'): Limit {
    const window = cutEvery(WINDOW_MS, this.startedMs - PHASE_MS);
    return { unit: 'usd', cap, key: `${this.prefix}/${name}`, window };
  }

  /** A limit over the last three buckets of `WINDOW_MS` each; the newest is now `PHASE_MS` old. */
  rolling(cap: number, name = 'rolling'): Limit {
    const window = rollingOver(WINDOW_MS, 3, this.startedMs - PHASE_MS);
    return { unit: 'usd', cap, key: `${this.prefix}/${name}`, window };
  }

  /** Holds one amount on one limit; whether it was granted. */
  async holds(name: string | number, limit: Limit, amount: number, admit: Admit = 'fit'): Promise<boolean> {
    return (await this.ledger.reserve(this.id(name), [claim(limit, amount, admit)])).granted;
  }

  async settle(name: string | number, actual: Amounts | undefined): Promise<SettleOutcome> {
    return (await this.ledger.settle(this.id(name), actual)).outcome;
  }

  /** Spends an amount at once. */
  async spend(name: string | number, limit: Limit, amount: number): Promise<void> {
    await this.ledger.reserve(this.id(name), [claim(limit, amount, 'always')]);
    await this.ledger.settle(this.id(name), cost(amount));
  }

  async release(name: string | number): Promise<void> {
    await this.ledger.release(this.id(name));
  }

  async balance(limit: Limit): Promise<Balance> {
    const [balance] = await this.ledger.balances([limit]);
    return withoutOtherCap(balance as Balance);
  }

  async balances(limits: readonly Limit[]): Promise<readonly Balance[]> {
    return (await this.ledger.balances(limits)).map(withoutOtherCap);
  }

  /** Charges what is over; the names of this test's attempts among it. */
  async expire(): Promise<string[]> {
    const ids = await this.ledger.expire();
    return ids
      .filter((id) => id.startsWith(`${this.prefix}.`))
      .map((id) => id.slice(this.prefix.length + 1))
      .sort();
  }
}

/** Returns a function that opens a bench for the running test, and closes it afterwards. */
export function benches(open: Open): (clock?: Clock) => Promise<Bench> {
  const opened: OpenLedger[] = [];
  let count = 0;
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  return async (clock) => {
    const startedMs = Date.now() - 10;
    const one = await open({ leaseMs: LEASE_MS, ...(clock !== undefined && { clock }) });
    opened.push(one);
    count += 1;
    return new Bench(one, `t${Date.now().toString(36)}-${count}-${Math.random().toString(36).slice(2, 8)}`, startedMs);
  };
}

export const claim = (limit: Limit, amount: number, admit: Admit = 'fit'): Claim => ({ limit, amount, admit });
export const cost = (amount: number): Amounts => ({ usd: amount, tokens: 0, calls: 1 });

/** Who else claims on an account is for the ledger to tell or not. */
export function withoutOtherCap(balance: Balance): Balance {
  const { otherCap: _, ...rest } = balance;
  return rest;
}

/** Windows of equal length that forget everything at their end. */
export function cutEvery(sizeMs: number, originMs: number): Window {
  return {
    signature: `every-${sizeMs}-${originMs}`,
    at: (nowMs) => spanOf(Math.floor((nowMs - originMs) / sizeMs), sizeMs, 1, originMs),
  };
}

/** A rolling window of `buckets` spans of equal length. */
export function rollingOver(sizeMs: number, buckets: number, originMs: number): Window {
  return {
    signature: `rolling-${buckets}-${sizeMs}-${originMs}`,
    at: (nowMs) => spanOf(Math.floor((nowMs - originMs) / sizeMs), sizeMs, buckets, originMs),
  };
}

function spanOf(index: number, sizeMs: number, buckets: number, originMs: number): WindowSpan {
  const startMs = originMs + index * sizeMs;
  const endMs = startMs + sizeMs;
  return {
    id: nameOf(index),
    startMs,
    endMs,
    earlierIds: Array.from({ length: buckets - 1 }, (_, back) => nameOf(index - back - 1)),
    countsUntilMs: startMs + buckets * sizeMs,
    resetsAtMs: endMs,
  };
}

/** A client far off in time names windows before the first one too. */
function nameOf(index: number): string {
  return index < 0 ? `w-before-${-index}` : `w${index}`;
}
