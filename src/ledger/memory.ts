import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { isAmount, MAX_AMOUNT } from '../money.js';
import type { Admit, Amounts, Balance, Claim, Ledger, Limit, ReserveResult, SettleResult, Unit } from './ledger.js';

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
  /** How many finished attempts are remembered, so that a repeated or late settle is known for one. Default 10 000. */
  readonly maxFinished?: number;
}

interface LimitState {
  readonly unit: Unit;
  cap: number;
  spent: number;
  held: number;
  presumed: number;
  overrun: number;
  excess: number;
  /** The part of `held` that was granted above the cap. */
  heldOver: number;
}

interface Item {
  readonly state: LimitState;
  amount: number;
  cap: number;
  admit: Admit;
  /** The part of `amount` that was granted above the cap; at most `amount`. */
  over: number;
}

interface Hold {
  readonly items: readonly Item[];
  readonly claims: readonly Claim[];
  readonly expiresMs: number;
}

/** What is left of an attempt that ended. `charged` is what stands on its limits now. */
type Finished =
  | { readonly kind: 'settled'; readonly actual: Amounts }
  | { readonly kind: 'presumed'; readonly items: readonly Item[] }
  | { readonly kind: 'released'; readonly items: readonly Item[] };

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_MAX_FINISHED = 10_000;
const MAX_CLAIMS = 64;
const STRICTNESS: Readonly<Record<Admit, number>> = { fit: 0, 'below-cap': 1, always: 2 };
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });
const INVALID: ReserveResult = Object.freeze({ granted: false, reason: 'invalid' });
const GRANTED: ReserveResult = Object.freeze({ granted: true });

/**
 * Keeps accounts in the memory of this process. A hold whose lease runs out is charged, never given back.
 *
 * One inequality is kept by every step, for each limit, and implies that no cap is passed by claims that must fit:
 * `spent + held ≤ cap + overrun + excess + heldOver`. A claim that must fit is granted only where `spent + held` stays
 * within the cap; what any other claim adds above it is its `over`. Settling moves at most the hold into `spent`: what
 * is more is `overrun`, and what remains of `over` becomes `excess`.
 *
 * @throws ConfigError for options that are no whole numbers above 0.
 *
 * @example
 * const ledger = memoryLedger();
 * const limit = { unit: 'usd', cap: 5_000_000_000 } as const;
 * ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true }
 * ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 });
 */
export function memoryLedger(options: MemoryLedgerOptions = {}): SyncLedger {
  return new MemoryLedger(
    requireCount('leaseMs', options.leaseMs ?? DEFAULT_LEASE_MS),
    options.clock ?? systemClock,
    requireCount('maxFinished', options.maxFinished ?? DEFAULT_MAX_FINISHED),
  );
}

class MemoryLedger implements SyncLedger {
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #maxFinished: number;
  readonly #own = new WeakMap<Limit, LimitState>();
  readonly #shared: Record<Unit, Map<string, LimitState>> = { usd: new Map(), tokens: new Map(), calls: new Map() };
  // One lease for all, so insertion order is expiry order.
  readonly #holds = new Map<string, Hold>();
  /** No hold expires before this; it may be early, because the hold it was taken from may be gone. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  readonly #finished = new Map<string, Finished>();
  readonly #finishedIds: string[] = [];
  #nextFinished = 0;
  #expired: string[] = [];

  constructor(leaseMs: number, clock: Clock, maxFinished: number) {
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#maxFinished = maxFinished;
  }

  reserve(id: string, claims: readonly Claim[]): ReserveResult {
    this.#chargeExpired();
    if (typeof id !== 'string' || id === '' || claims.length > MAX_CLAIMS || !claims.every(isValidClaim))
      return INVALID;
    const held = this.#holds.get(id);
    if (held) return isSameClaims(held.claims, claims) ? GRANTED : { granted: false, reason: 'mismatch' };
    if (this.#finished.has(id)) return { granted: false, reason: 'finished' };
    const states = claims.map((claim) => this.#stateOf(claim.limit));
    const items = mergeClaims(claims, states);
    if (items.some((item) => item.state.spent + item.state.held + item.amount > MAX_AMOUNT)) return INVALID;
    const denying = items.filter(isDenied).map((item) => item.state);
    if (denying.length > 0) return exceeded(claims, states, denying);
    for (const item of items) hold(item);
    const expiresMs = this.#clock.monotonicMs() + this.#leaseMs;
    this.#holds.set(id, { items, claims, expiresMs });
    if (expiresMs < this.#nextExpiryMs) this.#nextExpiryMs = expiresMs;
    return GRANTED;
  }

  settle(id: string, actual: Amounts | undefined): SettleResult {
    this.#chargeExpired();
    const amounts = actual !== undefined && isValidActual(actual) ? actual : undefined;
    const held = this.#holds.get(id);
    if (held) {
      this.#holds.delete(id);
      return amounts ? this.#settleHeld(id, held.items, amounts) : this.#presume(id, held.items);
    }
    const finished = this.#finished.get(id);
    if (finished === undefined) return { outcome: 'unknown', overrun: NOTHING };
    if (finished.kind === 'settled') {
      const isSame = amounts !== undefined && isSameAmounts(finished.actual, amounts);
      return { outcome: isSame ? 'duplicate' : 'mismatch', overrun: NOTHING };
    }
    if (amounts === undefined) return { outcome: 'duplicate', overrun: NOTHING };
    return finished.kind === 'presumed'
      ? this.#settleLate(id, finished.items, amounts)
      : this.#settleReleased(id, finished.items, amounts);
  }

  release(id: string): void {
    this.#chargeExpired();
    const held = this.#holds.get(id);
    if (held) {
      this.#holds.delete(id);
      for (const item of held.items) unhold(item);
      this.#finish(id, { kind: 'released', items: held.items });
    } else if (!this.#finished.has(id)) {
      // A reserve that arrives after its own release must not hold money nobody would give back.
      this.#finish(id, { kind: 'released', items: [] });
    }
  }

  expire(): readonly string[] {
    this.#chargeExpired();
    const expired = this.#expired;
    if (expired.length > 0) this.#expired = [];
    return expired;
  }

  balances(limits: readonly Limit[]): readonly Balance[] {
    return limits.map((limit) => balanceOf(this.#stateOf(limit), limit.cap));
  }

  #settleHeld(id: string, items: readonly Item[], actual: Amounts): SettleResult {
    const overrun = { usd: 0, tokens: 0, calls: 0 };
    for (const item of items) {
      const { state, amount } = item;
      const charge = actual[state.unit];
      unhold(item);
      state.spent += charge;
      bookOverrun(state, Math.max(0, charge - amount), overrun);
      state.excess += excessOf(item, charge);
    }
    this.#finish(id, { kind: 'settled', actual });
    return { outcome: 'settled', overrun };
  }

  #presume(id: string, items: readonly Item[]): SettleResult {
    for (const item of items) {
      unhold(item);
      item.state.spent += item.amount;
      item.state.presumed += item.amount;
      item.state.excess += item.over;
    }
    this.#finish(id, { kind: 'presumed', items });
    return { outcome: 'presumed', overrun: NOTHING };
  }

  #settleLate(id: string, items: readonly Item[], actual: Amounts): SettleResult {
    const overrun = { usd: 0, tokens: 0, calls: 0 };
    for (const item of items) {
      const { state, amount } = item;
      const charge = actual[state.unit];
      state.spent += charge - amount;
      state.presumed -= amount;
      bookOverrun(state, Math.max(0, charge - amount), overrun);
      state.excess += excessOf(item, charge) - item.over;
    }
    this.#finish(id, { kind: 'settled', actual });
    return { outcome: 'late', overrun };
  }

  #settleReleased(id: string, items: readonly Item[], actual: Amounts): SettleResult {
    const overrun = { usd: 0, tokens: 0, calls: 0 };
    for (const { state } of items) {
      const charge = actual[state.unit];
      state.spent += charge;
      bookOverrun(state, charge, overrun);
    }
    this.#finish(id, { kind: 'settled', actual });
    return { outcome: 'after-release', overrun };
  }

  #chargeExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextExpiryMs) return;
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const [id, { items, expiresMs }] of this.#holds) {
      if (expiresMs > nowMs) {
        this.#nextExpiryMs = expiresMs;
        return;
      }
      this.#holds.delete(id);
      this.#presume(id, items);
      this.#expired.push(id);
    }
  }

  #finish(id: string, finished: Finished): void {
    const isKnown = this.#finished.has(id);
    this.#finished.set(id, finished);
    if (isKnown) return;
    // A ring of ids, because asking a Map for its first key walks over everything deleted before it.
    const oldest = this.#finishedIds[this.#nextFinished];
    if (oldest !== undefined) this.#finished.delete(oldest);
    this.#finishedIds[this.#nextFinished] = id;
    this.#nextFinished = (this.#nextFinished + 1) % this.#maxFinished;
  }

  #stateOf(limit: Limit): LimitState {
    const { key, unit, cap } = limit;
    const found = key === undefined ? this.#own.get(limit) : this.#shared[unit].get(key);
    if (found) return found;
    const state = { unit, cap, spent: 0, held: 0, presumed: 0, overrun: 0, excess: 0, heldOver: 0 };
    if (key === undefined) this.#own.set(limit, state);
    else this.#shared[unit].set(key, state);
    return state;
  }
}

/** Two claims on one account are one: the larger amount, the lower cap, the stricter admission. */
function mergeClaims(claims: readonly Claim[], states: readonly LimitState[]): Item[] {
  const items: Item[] = [];
  for (let index = 0; index < claims.length; index += 1) {
    const { limit, amount, admit } = claims[index] as Claim;
    const state = states[index] as LimitState;
    const same = items.find((item) => item.state === state);
    if (same === undefined) {
      items.push({ state, amount, cap: limit.cap, admit, over: 0 });
      continue;
    }
    same.amount = Math.max(same.amount, amount);
    same.cap = Math.min(same.cap, limit.cap);
    if (STRICTNESS[admit] < STRICTNESS[same.admit]) same.admit = admit;
  }
  return items;
}

function isDenied({ state, amount, cap, admit }: Item): boolean {
  if (admit === 'always') return false;
  const used = state.spent + state.held;
  return admit === 'fit' ? used + amount > cap : used >= cap;
}

function exceeded(
  claims: readonly Claim[],
  states: readonly LimitState[],
  denying: readonly LimitState[],
): ReserveResult {
  return {
    granted: false,
    reason: 'exceeded',
    denied: states.flatMap((state, index) => (denying.includes(state) ? [index] : [])),
    balances: states.map((state, index) => balanceOf(state, (claims[index] as Claim).limit.cap)),
  };
}

function hold(item: Item): void {
  const { state, amount, cap } = item;
  state.cap = cap;
  if (item.admit !== 'fit') {
    const allowed = cap + state.overrun + state.excess + state.heldOver;
    item.over = Math.min(amount, Math.max(0, state.spent + state.held + amount - allowed));
    state.heldOver += item.over;
  }
  state.held += amount;
}

function unhold({ state, amount, over }: Item): void {
  state.held -= amount;
  state.heldOver -= over;
}

/** What is really above the cap of what was granted above it: an attempt that cost less than its hold used less of it. */
function excessOf({ amount, over }: Item, charge: number): number {
  return Math.max(0, over - Math.max(0, amount - charge));
}

function bookOverrun(state: LimitState, amount: number, overrun: Record<Unit, number>): void {
  state.overrun += amount;
  overrun[state.unit] = Math.max(overrun[state.unit], amount);
}

function balanceOf(state: LimitState, cap: number): Balance {
  const { spent, held, presumed, overrun, excess } = state;
  return { cap, spent, held, presumed, overrun, excess, remaining: Math.max(0, cap - spent - held) };
}

function isValidClaim({ limit, amount }: Claim): boolean {
  return isAmount(amount) && isAmount(limit.cap);
}

function isValidActual(actual: Amounts): boolean {
  return isAmount(actual.usd) && isAmount(actual.tokens) && isAmount(actual.calls);
}

function isSameAmounts(left: Amounts, right: Amounts): boolean {
  return left.usd === right.usd && left.tokens === right.tokens && left.calls === right.calls;
}

function isSameClaims(left: readonly Claim[], right: readonly Claim[]): boolean {
  return (
    left.length === right.length &&
    left.every((claim, index) => {
      const other = right[index] as Claim;
      const isSameLimit =
        claim.limit.key === undefined ? claim.limit === other.limit : claim.limit.key === other.limit.key;
      return (
        isSameLimit &&
        claim.limit.unit === other.limit.unit &&
        claim.amount === other.amount &&
        claim.admit === other.admit
      );
    })
  );
}

function requireCount(option: string, value: number): number {
  if (isAmount(value) && value > 0) return value;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
