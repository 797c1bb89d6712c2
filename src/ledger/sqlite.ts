import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { isAmount } from '../money.js';
import type { Amounts, Ask, Balance, Claim, Finding, Ledger, Limit, ReserveResult, SettleResult } from './ledger.js';
import { isStoreId, isStoreKey, readRequest } from './request.js';
import { storedBalance } from './sqlite-accounts.js';
import { SqliteBatch } from './sqlite-batch.js';
import { inspectFile } from './sqlite-check.js';
import { type Durability, LedgerFile, ledgerPath } from './sqlite-file.js';
import { type KnownClaims, release, settle } from './sqlite-resolve.js';

export type { Durability } from './sqlite-file.js';

export interface SqliteLedgerOptions {
  /** How long a hold may stay open before it is charged, in milliseconds. Default 15 minutes. */
  readonly leaseMs?: number;
  /** How long a reserve may wait for other processes, in milliseconds; what books money has four times as long. */
  readonly deadlineMs?: number;
  /**
   * `full`, the default, writes each grant to the disk before it is answered. `normal` is faster, and a loss of power
   * may forget the last grants; the end of a process does not.
   */
  readonly durability?: Durability;
  /** For deadlines and for the turns between transactions. Windows and leases follow the clock of the machine. */
  readonly clock?: Clock;
  /** For tests: moves the time of the store. */
  readonly storeOffsetMs?: () => number;
}

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_DEADLINE_MS = 250;
const BOOKING_PATIENCE = 4;
const EXPIRE_AT_ONCE = 1000;
const MAX_TOLD = 10_000;
const MAX_KNOWN = 10_000;
const UNITS: readonly unknown[] = ['usd', 'tokens', 'calls'];
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });

/**
 * Keeps accounts in a SQLite file: a cap holds for all processes of this machine that use the same file, and survives
 * them. It is made for one machine and few processes; the file must be on a local disk.
 *
 * The file at `path` (a path or a `file:` URL) is opened at the first operation, and made where it is missing, for its
 * owner only. Amounts are whole numbers of the unit of their limit. Operations that come together share a transaction.
 * A limit needs a key. `close()` closes the file.
 *
 * @throws ConfigError for a path or an option that cannot be used. The methods reject with LedgerUnavailableError where
 * the file does not answer in time or SQLite says no, and with ConfigError for a limit without a key, a file that is
 * no ledger, or where neither `node:sqlite` nor the package `libsql` is there.
 *
 * @example
 * const ledger = sqliteLedger('./budget.db');
 * const limit = { key: 'team-a', unit: 'usd', cap: 5_000_000_000 } as const; // 5 dollars
 * await ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true, … }
 * await ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 }); // { outcome: 'settled', … }
 */
export function sqliteLedger(path: string, options: SqliteLedgerOptions = {}): Ledger {
  const { leaseMs = DEFAULT_LEASE_MS, deadlineMs = DEFAULT_DEADLINE_MS, durability = 'full' } = options;
  const { clock = systemClock, storeOffsetMs = () => 0 } = options;
  requireCount('leaseMs', leaseMs);
  requireCount('deadlineMs', deadlineMs);
  if (durability !== 'full' && durability !== 'normal') {
    throw new ConfigError({ option: 'durability', value: durability, remedy: "give 'full' or 'normal'" });
  }
  if (typeof clock?.monotonicMs !== 'function') {
    throw new ConfigError({ option: 'clock', value: clock, remedy: 'give a Clock, or leave it out' });
  }
  if (typeof storeOffsetMs !== 'function') {
    const remedy = 'give a function, or leave it out';
    throw new ConfigError({ option: 'storeOffsetMs', value: storeOffsetMs, remedy });
  }
  const file = ledgerPath(path);
  return new SqliteLedger({ clock, leaseMs, deadlineMs, storeOffsetMs, open: () => new LedgerFile(file, durability) });
}

interface Setup {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly deadlineMs: number;
  readonly storeOffsetMs: () => number;
  readonly open: () => LedgerFile;
}

class SqliteLedger implements Ledger {
  readonly #setup: Setup;
  readonly #bookingMs: number;
  readonly #batch: SqliteBatch;
  /** The claims of the holds of this process, to say what stands in their limits when they are settled. */
  readonly #known = new Map<string, KnownClaims>();
  #charged: string[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#bookingMs = setup.deadlineMs * BOOKING_PATIENCE;
    this.#batch = new SqliteBatch({
      ...setup,
      onCharged: (ids) => {
        // Where nobody ever calls expire(), the list of its answers must not grow for ever.
        for (const id of ids) if (this.#charged.length < MAX_TOLD) this.#charged.push(id);
      },
    });
  }

  async reserve(
    id: string,
    claims: readonly Claim[],
    fallbacks: readonly (readonly Ask[])[] = [],
  ): Promise<ReserveResult> {
    const request = readRequest(id, claims, fallbacks);
    if (request === undefined) return { granted: false, reason: 'invalid' };
    const { clock, deadlineMs } = this.#setup;
    const limits = claims.map(({ limit }) => limit);
    const untilMs = clock.monotonicMs() + deadlineMs;
    const asked = { id, request, limits, isLate: () => clock.monotonicMs() > untilMs };
    const result = await this.#batch.ask((transaction) => transaction.reserve(asked), deadlineMs);
    if (result.granted) this.#remember(id, { limits, itemOf: request.itemOf });
    return result;
  }

  async settle(id: string, actual: Amounts | undefined): Promise<SettleResult> {
    if (!isStoreId(id)) return { outcome: 'unknown', overrun: NOTHING };
    const known = this.#known.get(id);
    // The caller may change its object before the transaction begins.
    const amounts = actual == null ? undefined : { usd: actual.usd, tokens: actual.tokens, calls: actual.calls };
    const result = await this.#batch.ask((transaction) => settle(transaction, id, amounts, known), this.#bookingMs);
    if (result.outcome === 'settled' || result.outcome === 'late') this.#known.delete(id);
    return result;
  }

  async release(id: string): Promise<void> {
    if (!isStoreId(id)) return;
    await this.#batch.ask((transaction) => release(transaction, id), this.#bookingMs);
  }

  async expire(): Promise<readonly string[]> {
    let mayBeMore = true;
    while (mayBeMore) {
      mayBeMore = await this.#batch.ask((transaction) => transaction.chargeDue(EXPIRE_AT_ONCE), this.#bookingMs);
    }
    const charged = this.#charged;
    this.#charged = [];
    return charged;
  }

  async balances(limits: readonly Limit[]): Promise<readonly Balance[]> {
    for (const limit of limits) requireLimit(limit);
    if (limits.length === 0) return [];
    return this.#batch.ask(
      (transaction) => limits.map((limit) => storedBalance(transaction.look(limit), limit)),
      this.#setup.deadlineMs,
      true,
    );
  }

  async adjust(limit: Limit, change: number, reason: string): Promise<Balance> {
    requireLimit(limit);
    if (!Number.isSafeInteger(change)) {
      const remedy = 'give a whole number of the unit of the limit';
      throw new ConfigError({ option: 'change', value: change, remedy });
    }
    const text = String(reason).toWellFormed();
    return this.#batch.ask((transaction) => transaction.adjust(limit, change, text), this.#bookingMs);
  }

  async mark(limit: Limit, mark: string): Promise<boolean> {
    requireLimit(limit);
    // Two marks that differ only in halves of characters are two marks: as JSON, those are escaped.
    const text = JSON.stringify(String(mark));
    return this.#batch.ask((transaction) => transaction.mark(limit, text), this.#setup.deadlineMs);
  }

  /** Reads the whole file, so it takes as long as that takes. */
  async check(): Promise<readonly Finding[]> {
    await this.balances([{ key: 'check', unit: 'usd', cap: 0 }]);
    return inspectFile(this.#batch.file(), this.#setup.storeOffsetMs());
  }

  async close(): Promise<void> {
    this.#batch.close();
  }

  #remember(id: string, claims: KnownClaims): void {
    if (this.#known.size >= MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(id, claims);
  }
}

/** @throws ConfigError for a limit that cannot be stored. */
function requireLimit(limit: Limit): void {
  if (!isStoreKey(limit?.key)) {
    const remedy = 'a limit in a shared ledger needs a key of letters, digits or any of _ . ~ % = / : @ + -';
    throw new ConfigError({ option: 'limit.key', value: limit?.key, remedy });
  }
  if (!UNITS.includes(limit.unit)) {
    throw new ConfigError({ option: 'limit.unit', value: limit.unit, remedy: "give 'usd', 'tokens' or 'calls'" });
  }
}

function requireCount(option: string, value: number): void {
  if (isAmount(value) && value > 0) return;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
