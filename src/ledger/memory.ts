import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { isAmount, MAX_AMOUNT } from '../money.js';
import type { Amounts, Balance, Claim, Ledger, Limit, ReserveResult, SettleResult, Unit } from './ledger.js';
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
  openAccount,
} from './memory-account.js';

/** A ledger that answers at once. */
export interface SyncLedger extends Ledger {
  reserve(id: string, claims: readonly Claim[]): ReserveResult;
  settle(id: string, actual: Amounts | undefined): SettleResult;
  release(id: string): void;
  expire(): readonly string[];
  balances(limits: readonly Limit[]): readonly Balance[];
}

export interface MemoryLedgerOptions {
  /** How long a hold may stay open before it is charged, in milliseconds. Default 15 minutes. */
  readonly leaseMs?: number;
  readonly clock?: Clock;
  /** How many finished attempts are remembered; the id of an older one is unknown and free. Default 10 000. */
  readonly maxFinished?: number;
}

/** All that is known of one attempt. A void one was given back before it was ever held. */
interface Attempt {
  readonly id: string;
  kind: 'held' | 'settled' | 'presumed' | 'released' | 'void';
  readonly expiresMs: number;
  items: readonly Item[];
  actual: Amounts;
}

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_MAX_FINISHED = 10_000;
const MAX_CLAIMS = 4096;
const NO_ITEMS: readonly Item[] = Object.freeze([]);
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });
const GRANTED: ReserveResult = Object.freeze({ granted: true });
const INVALID: ReserveResult = Object.freeze({ granted: false, reason: 'invalid' });
const MISMATCH: ReserveResult = Object.freeze({ granted: false, reason: 'mismatch' });
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
 * ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true }
 * ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 }); // { outcome: 'settled', … }
 * ledger.balances([limit])[0]?.spent; // 80_000_000
 */
export function memoryLedger(options: MemoryLedgerOptions = {}): SyncLedger {
  const { leaseMs = DEFAULT_LEASE_MS, clock = systemClock, maxFinished = DEFAULT_MAX_FINISHED } = options;
  requireCount('leaseMs', leaseMs);
  requireCount('maxFinished', maxFinished);
  if (typeof clock?.monotonicMs !== 'function') {
    throw new ConfigError({ option: 'clock', value: clock, remedy: 'give a Clock, or leave it out' });
  }
  return new MemoryLedger(leaseMs, clock, maxFinished);
}

class MemoryLedger implements SyncLedger {
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #maxFinished: number;
  readonly #own = new WeakMap<Limit, Account>();
  readonly #shared: Record<Unit, Map<string, Account>> = { usd: new Map(), tokens: new Map(), calls: new Map() };
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

  constructor(leaseMs: number, clock: Clock, maxFinished: number) {
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#maxFinished = maxFinished;
  }

  reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const nowMs = this.#clock.monotonicMs();
    this.#chargeExpired(nowMs, this.#maxFinished);
    if (typeof id !== 'string' || id === '' || !areValidClaims(claims)) return INVALID;
    const items = mergeClaims(claims, (limit) => this.#account(limit));
    const known = this.#attempts.get(id);
    if (known?.kind === 'held') return areSameItems(known.items, items) ? GRANTED : MISMATCH;
    if (known !== undefined) return FINISHED;
    let isExact = true;
    for (const item of items) {
      if (isDenied(item)) return this.#refuse(claims, items);
      isExact &&= item.account.spent + item.account.held + item.amount <= MAX_AMOUNT;
    }
    if (!isExact) return INVALID;
    for (const item of items) hold(item);
    this.#open({ id, kind: 'held', expiresMs: nowMs + this.#leaseMs, items, actual: NOTHING });
    return GRANTED;
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
    return limits.map((limit) => balanceOf(this.#find(limit) ?? openAccount(limit.unit), limit.cap));
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
      const { unit, spent, held } = item.account;
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
      const item = findItem(items, this.#account(limit)) as Item;
      if (isDenied(item)) denied.push(index);
      balances.push(balanceOf(item.account, limit.cap));
    }
    return { granted: false, reason: 'exceeded', denied, balances };
  }

  #find(limit: Limit): Account | undefined {
    return limit.key === undefined ? this.#own.get(limit) : this.#shared[limit.unit].get(limit.key);
  }

  #account(limit: Limit): Account {
    const found = this.#find(limit);
    if (found !== undefined) return found;
    const account = openAccount(limit.unit);
    if (limit.key === undefined) this.#own.set(limit, account);
    else this.#shared[limit.unit].set(limit.key, account);
    return account;
  }
}

/** Whether `actual` is usable: an amount that an account could not count exactly is as good as none. */
function isChargeable(items: readonly Item[], actual: Amounts | undefined): actual is Amounts {
  if (!isValidActual(actual)) return false;
  for (const { account, charged } of items) {
    if (account.spent - charged + account.held + actual[account.unit] > MAX_AMOUNT) return false;
  }
  return true;
}

function areValidClaims(claims: readonly Claim[]): boolean {
  return Array.isArray(claims) && claims.length <= MAX_CLAIMS && claims.every(isValidClaim);
}

function isValidClaim(claim: Claim): boolean {
  const limit = claim?.limit;
  if (typeof limit !== 'object' || limit === null) return false;
  const { key, unit, cap } = limit;
  return (
    isAmount(claim.amount) &&
    isAmount(cap) &&
    (unit === 'usd' || unit === 'tokens' || unit === 'calls') &&
    (claim.admit === 'fit' || claim.admit === 'below-cap' || claim.admit === 'always') &&
    (key === undefined || typeof key === 'string')
  );
}

function isValidActual(actual: Amounts | undefined): actual is Amounts {
  return actual != null && isAmount(actual.usd) && isAmount(actual.tokens) && isAmount(actual.calls);
}

function isSameActual(left: Amounts, right: Amounts): boolean {
  return left.usd === right.usd && left.tokens === right.tokens && left.calls === right.calls;
}

function unchanged(outcome: SettleResult['outcome']): SettleResult {
  return { outcome, overrun: NOTHING };
}

function requireCount(option: string, value: number): void {
  if (isAmount(value) && value > 0) return;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
