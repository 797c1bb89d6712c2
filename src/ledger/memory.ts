import { type Clock, systemClock } from '../clock.js';
import { ConfigError, LedgerUnavailableError } from '../errors.js';
import { MAX_AMOUNT } from '../money.js';
import type { Amounts, Ask, Balance, Claim, Ledger, Limit, ReserveResult, SettleResult, Unit } from './ledger.js';
import {
  type Account,
  areSameItems,
  balanceOf,
  book,
  findItem,
  hold,
  type Item,
  isDenied,
  mergeClaims,
  spentOf,
} from './memory-account.js';
import { MemoryAccounts } from './memory-accounts.js';
import { areValidClaims, areValidFallbacks, isValidActual, requireCount } from './memory-input.js';

/** A ledger that answers at once. */
export interface SyncLedger extends Ledger {
  reserve(id: string, claims: readonly Claim[], fallbacks?: readonly (readonly Ask[])[]): ReserveResult;
  settle(id: string, actual: Amounts | undefined): SettleResult;
  release(id: string): void;
  expire(): readonly string[];
  balances(limits: readonly Limit[]): readonly Balance[];
  adjust(limit: Limit, change: number, reason: string): Balance;
  mark(limit: Limit, mark: string): boolean;
  /** The newest corrections, oldest first. */
  adjustments(): readonly Adjustment[];
}

/** An operator's correction of an account. */
export interface Adjustment {
  readonly timeMs: number;
  readonly key: string | undefined;
  readonly unit: Unit;
  readonly change: number;
  readonly reason: string;
}

export interface MemoryLedgerOptions {
  /** How long a hold may stay open before it is charged, in milliseconds. Default 15 minutes. */
  readonly leaseMs?: number;
  readonly clock?: Clock;
  /** How many finished attempts are remembered; the id of an older one is unknown and free. Default 10 000. */
  readonly maxFinished?: number;
  /**
   * How many accounts with a key there may be. One whose window is over makes room; where none does, a reserve on a new
   * account is refused as `full`: an account in use is never forgotten. Default 1 000 000.
   */
  readonly maxAccounts?: number;
}

/** All that is known of one attempt. A void one was given back before it was ever held. */
interface Attempt {
  readonly id: string;
  kind: 'held' | 'settled' | 'presumed' | 'released' | 'void';
  readonly expiresMs: number;
  items: readonly Item[];
  actual: Amounts;
}

type Fallbacks = readonly (readonly Ask[])[];

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_MAX_FINISHED = 10_000;
const DEFAULT_MAX_ACCOUNTS = 1_000_000;
const MAX_ADJUSTMENTS = 1000;
const NO_FALLBACKS: Fallbacks = Object.freeze([]);
const NO_ITEMS: readonly Item[] = Object.freeze([]);
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });
const GRANTED: ReserveResult = Object.freeze({ granted: true, choice: 0 });
const INVALID: ReserveResult = Object.freeze({ granted: false, reason: 'invalid' });
const MISMATCH: ReserveResult = Object.freeze({ granted: false, reason: 'mismatch' });
const FULL: ReserveResult = Object.freeze({ granted: false, reason: 'full' });
const FINISHED: ReserveResult = Object.freeze({ granted: false, reason: 'finished' });

/**
 * Keeps accounts in the memory of this process: a cap holds for this process, and is forgotten with it.
 *
 * A hold whose lease is over is charged by the next `reserve` or `expire`, never given back. The cap is no part of a
 * claim's identity: repeating a reserve under a lowered cap is granted again.
 *
 * @throws ConfigError for counts that are no whole numbers above 0, or a clock that tells no time.
 *
 * @example
 * const ledger = memoryLedger();
 * const limit = { unit: 'usd', cap: 5_000_000_000 } as const;
 * ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true, choice: 0 }
 * ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 }); // { outcome: 'settled', … }
 * ledger.balances([limit])[0]?.spent; // 80_000_000
 */
export function memoryLedger(options: MemoryLedgerOptions = {}): SyncLedger {
  const { leaseMs = DEFAULT_LEASE_MS, clock = systemClock, maxFinished = DEFAULT_MAX_FINISHED } = options;
  const { maxAccounts = DEFAULT_MAX_ACCOUNTS } = options;
  requireCount('leaseMs', leaseMs);
  requireCount('maxFinished', maxFinished);
  requireCount('maxAccounts', maxAccounts);
  if (typeof clock?.monotonicMs !== 'function') {
    throw new ConfigError({ option: 'clock', value: clock, remedy: 'give a Clock, or leave it out' });
  }
  return new MemoryLedger(leaseMs, clock, maxFinished, maxAccounts);
}

class MemoryLedger implements SyncLedger {
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #maxFinished: number;
  readonly #accounts: MemoryAccounts;
  readonly #attempts = new Map<string, Attempt>();
  // All holds have the same lease, so the order they were made in is the order they expire in. Resolved ones stay in
  // the queue until most of it is resolved, so that resolving costs nothing here.
  #queue: Attempt[] = [];
  #queueStart = 0;
  #heldCount = 0;
  // A ring of ids: looking for the oldest key of a Map would walk over all the deleted ones before it.
  readonly #finishedIds: string[] = [];
  #oldestFinished = 0;
  #expiredIds: string[] = [];
  readonly #adjustments: Adjustment[] = [];

  constructor(leaseMs: number, clock: Clock, maxFinished: number, maxAccounts: number) {
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#maxFinished = maxFinished;
    this.#accounts = new MemoryAccounts(clock, maxAccounts);
  }

  reserve(id: string, claims: readonly Claim[], fallbacks: Fallbacks = NO_FALLBACKS): ReserveResult {
    if (typeof id !== 'string' || id === '' || !areValidClaims(claims)) return INVALID;
    if (fallbacks !== NO_FALLBACKS && !areValidFallbacks(fallbacks, claims.length)) return INVALID;
    const nowMs = this.#clock.monotonicMs();
    this.#chargeExpired(nowMs, this.#maxFinished);
    const known = this.#attempts.get(id);
    if (known !== undefined) return known.kind === 'held' ? this.#repeat(known, claims, fallbacks) : FINISHED;
    if (!this.#accounts.hasRoomFor(claims)) return FULL;
    const result = this.#choose(id, claims, fallbacks, nowMs);
    if (result.granted) this.#accounts.keepOpened();
    else this.#accounts.dropOpened();
    return result;
  }

  #choose(id: string, claims: readonly Claim[], fallbacks: Fallbacks, nowMs: number): ReserveResult {
    let asked = claims;
    for (let choice = 0; ; choice += 1) {
      const items = mergeClaims(asked, (limit) => this.#accounts.of(limit));
      if (!items.some(isDenied)) return this.#hold(id, items, nowMs) ? grantedAs(choice) : INVALID;
      const fallback = fallbacks[choice];
      if (fallback === undefined) return this.#refuse(asked, items);
      asked = askInstead(claims, fallback);
    }
  }

  /** Finds what is held already among what is asked. */
  #repeat({ items }: Attempt, claims: readonly Claim[], fallbacks: Fallbacks): ReserveResult {
    let asked = claims;
    for (let choice = 0; ; choice += 1) {
      const isSame = areSameItems(
        items,
        mergeClaims(asked, (limit) => this.#accounts.of(limit)),
      );
      this.#accounts.dropOpened();
      if (isSame) return grantedAs(choice);
      const fallback = fallbacks[choice];
      if (fallback === undefined) return MISMATCH;
      asked = askInstead(claims, fallback);
    }
  }

  /** Holds what fits; not where a sum would be too large to be exact. */
  #hold(id: string, items: readonly Item[], nowMs: number): boolean {
    for (const { account, amount } of items) {
      if (spentOf(account) + account.held + amount > MAX_AMOUNT) return false;
    }
    for (const item of items) hold(item);
    this.#open({ id, kind: 'held', expiresMs: nowMs + this.#leaseMs, items, actual: NOTHING });
    return true;
  }

  settle(id: string, actual: Amounts | undefined): SettleResult {
    const attempt = this.#attempts.get(id);
    switch (attempt?.kind) {
      case 'held':
        this.#resolve(attempt);
        return this.#charge(attempt, actual, 'settled');
      case 'presumed':
        if (!isChargeable(attempt.items, actual)) return unchanged('duplicate');
        return this.#charge(attempt, actual, 'late');
      case 'released':
        return this.#charge(attempt, actual, 'after-release');
      case 'settled':
        return unchanged(!isValidActual(actual) || isSameActual(attempt.actual, actual) ? 'duplicate' : 'mismatch');
      default:
        return unchanged('unknown');
    }
  }

  release(id: string): void {
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) {
      // A reserve that arrives after its own release must not hold money that nobody would give back.
      this.#attempts.set(id, { id, kind: 'void', expiresMs: 0, items: NO_ITEMS, actual: NOTHING });
      this.#remember(id);
    } else if (attempt.kind === 'held') {
      this.#resolve(attempt);
      attempt.kind = 'released';
      for (const item of attempt.items) {
        item.above = 0;
        item.covered = 0;
      }
    }
  }

  expire(): readonly string[] {
    this.#chargeExpired(this.#clock.monotonicMs(), Number.POSITIVE_INFINITY);
    const expired = this.#expiredIds;
    this.#expiredIds = [];
    return expired;
  }

  balances(limits: readonly Limit[]): readonly Balance[] {
    return limits.map((limit) => balanceOf(this.#accounts.look(limit), limit.cap));
  }

  adjust(limit: Limit, change: number, reason: string): Balance {
    if (!Number.isSafeInteger(change)) {
      throw new ConfigError({
        option: 'change',
        value: change,
        remedy: 'give a whole number of the unit of the limit',
      });
    }
    const account = this.#openAccount(limit);
    const { current, held } = account;
    const room = MAX_AMOUNT - spentOf(account) - held;
    current.spent = Math.max(0, current.spent + Math.min(change, room));
    const { key, unit } = limit;
    this.#adjustments.push({ timeMs: this.#clock.nowMs(), key, unit, change, reason });
    if (this.#adjustments.length > MAX_ADJUSTMENTS) this.#adjustments.shift();
    return balanceOf(account, limit.cap);
  }

  adjustments(): readonly Adjustment[] {
    return [...this.#adjustments];
  }

  mark(limit: Limit, mark: string): boolean {
    const { current } = this.#openAccount(limit);
    current.marks ??= new Set();
    if (current.marks.has(mark)) return false;
    current.marks.add(mark);
    return true;
  }

  #openAccount(limit: Limit): Account {
    if (!this.#accounts.hasRoomFor([{ limit }])) {
      throw new LedgerUnavailableError('it holds as many accounts as it may');
    }
    const account = this.#accounts.of(limit);
    this.#accounts.keepOpened();
    return account;
  }

  #open(attempt: Attempt): void {
    this.#attempts.set(attempt.id, attempt);
    if (this.#queue.length > 2 * this.#heldCount + 64) {
      this.#queue = this.#queue.filter(({ kind }) => kind === 'held');
      this.#queueStart = 0;
    }
    this.#queue.push(attempt);
    this.#heldCount += 1;
  }

  /** Ends the hold; the caller says what becomes of it. */
  #resolve(attempt: Attempt): void {
    this.#heldCount -= 1;
    for (const { account, amount } of attempt.items) account.held -= amount;
    this.#remember(attempt.id);
  }

  /** Forgets the oldest finished attempt, where there are too many, in favour of a new one. */
  #remember(id: string): void {
    if (this.#finishedIds.length < this.#maxFinished) {
      this.#finishedIds.push(id);
      return;
    }
    this.#attempts.delete(this.#finishedIds[this.#oldestFinished] as string);
    this.#finishedIds[this.#oldestFinished] = id;
    this.#oldestFinished = (this.#oldestFinished + 1) % this.#maxFinished;
  }

  #charge(attempt: Attempt, actual: Amounts | undefined, ifKnown: SettleResult['outcome']): SettleResult {
    const isKnown = isChargeable(attempt.items, actual);
    let overrun: Record<Unit, number> | undefined;
    for (const item of attempt.items) {
      const { unit, held } = item.account;
      const spent = spentOf(item.account);
      // Room for the amount is certain while it is held; once it was given back, others may have filled the account.
      const charge = isKnown ? actual[unit] : Math.min(item.amount, MAX_AMOUNT - spent - held);
      const uncovered = book(item, charge, !isKnown);
      if (uncovered === 0) continue;
      overrun ??= { usd: 0, tokens: 0, calls: 0 };
      if (uncovered > overrun[unit]) overrun[unit] = uncovered;
    }
    attempt.kind = isKnown ? 'settled' : 'presumed';
    if (isKnown) {
      // The caller may change its object later; what was settled must not change with it.
      attempt.actual = { usd: actual.usd, tokens: actual.tokens, calls: actual.calls };
      attempt.items = NO_ITEMS;
    }
    return { outcome: isKnown || ifKnown !== 'settled' ? ifKnown : 'presumed', overrun: overrun ?? NOTHING };
  }

  #chargeExpired(nowMs: number, maxNotices: number): void {
    for (; this.#queueStart < this.#queue.length; this.#queueStart += 1) {
      const attempt = this.#queue[this.#queueStart] as Attempt;
      if (attempt.kind !== 'held') continue;
      if (attempt.expiresMs > nowMs) return;
      this.#resolve(attempt);
      this.#charge(attempt, undefined, 'presumed');
      // Where nobody ever calls expire(), the list of its answers must not grow for ever.
      if (this.#expiredIds.length < maxNotices) this.#expiredIds.push(attempt.id);
    }
  }

  #refuse(claims: readonly Claim[], items: readonly Item[]): ReserveResult {
    const denied: number[] = [];
    const balances: Balance[] = [];
    for (const [index, { limit }] of claims.entries()) {
      const item = findItem(items, this.#accounts.of(limit)) as Item;
      if (isDenied(item)) denied.push(index);
      balances.push(balanceOf(item.account, limit.cap));
    }
    return { granted: false, reason: 'exceeded', denied, balances };
  }
}

function grantedAs(choice: number): ReserveResult {
  return choice === 0 ? GRANTED : { granted: true, choice };
}

function askInstead(claims: readonly Claim[], fallback: readonly Ask[]): Claim[] {
  return claims.map(({ limit }, index) => {
    const { amount, admit } = fallback[index] as Ask;
    return { limit, amount, admit };
  });
}

/** Whether `actual` is usable: an amount that an account could not count exactly is as good as none. */
function isChargeable(items: readonly Item[], actual: Amounts | undefined): actual is Amounts {
  if (!isValidActual(actual)) return false;
  for (const { account, charged } of items) {
    if (spentOf(account) - charged + account.held + actual[account.unit] > MAX_AMOUNT) return false;
  }
  return true;
}

function isSameActual(left: Amounts, right: Amounts): boolean {
  return left.usd === right.usd && left.tokens === right.tokens && left.calls === right.calls;
}

function unchanged(outcome: SettleResult['outcome']): SettleResult {
  return { outcome, overrun: NOTHING };
}
