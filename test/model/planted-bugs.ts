import type { Amounts, Balance, Claim, Limit, ReserveResult, SettleResult } from '../../src/ledger/ledger.js';
import { type Adjustment, memoryLedger, type SyncLedger } from '../../src/ledger/memory.js';
import type { Invariant, LedgerFactory } from './ledger-property.js';

type Options = Parameters<LedgerFactory>[0];

/** A mistake that a ledger could well have, and the invariant it breaks. */
export interface PlantedBug {
  readonly mistake: string;
  readonly invariant: Invariant;
  readonly makeLedger: LedgerFactory;
}

/** The real ledger, passed through: each bug overrides the one step it gets wrong. */
class PassThrough implements SyncLedger {
  protected readonly inner: SyncLedger;
  /** The claims of every attempt that was granted. */
  protected readonly granted = new Map<string, readonly Claim[]>();
  #extras = 0;

  constructor(options: Options) {
    this.inner = memoryLedger(options);
  }

  reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const result = this.inner.reserve(id, claims);
    if (result.granted) this.granted.set(id, claims);
    return result;
  }

  settle(id: string, actual: Amounts | undefined): SettleResult {
    return this.inner.settle(id, actual);
  }

  release(id: string): void {
    this.inner.release(id);
  }

  adjust(limit: Limit, change: number, reason: string): Balance {
    return this.inner.adjust(limit, change, reason);
  }

  adjustments(): readonly Adjustment[] {
    return this.inner.adjustments();
  }

  mark(limit: Limit, mark: string): boolean {
    return this.inner.mark(limit, mark);
  }

  expire(): readonly string[] {
    // A bug does not announce itself: what it holds besides is not among the ids.
    return this.inner.expire().filter((id) => this.granted.has(id));
  }

  balances(limits: readonly Limit[]): readonly Balance[] {
    return this.inner.balances(limits);
  }

  /** Holds the claims under an id of their own, whatever the balance. */
  protected holdOnceMore(claims: readonly Claim[]): string {
    this.#extras += 1;
    const id = `extra-${this.#extras}`;
    this.inner.reserve(
      id,
      claims.map((claim) => ({ ...claim, admit: 'always' })),
    );
    return id;
  }
}

class LeakedRelease extends PassThrough {
  override release(id: string): void {
    const before = this.#heldFor(id);
    this.inner.release(id);
    if (this.#heldFor(id) !== before) this.holdOnceMore(this.granted.get(id) ?? []);
  }

  #heldFor(id: string): string {
    const limits = (this.granted.get(id) ?? []).map(({ limit }) => limit);
    return this.inner
      .balances(limits)
      .map(({ held }) => held)
      .join();
  }
}

class LateSettleAdds extends PassThrough {
  override settle(id: string, actual: Amounts | undefined): SettleResult {
    const result = this.inner.settle(id, actual);
    if (result.outcome === 'late') this.inner.settle(this.holdOnceMore(this.granted.get(id) ?? []), actual);
    return result;
  }
}

class OneTooMany extends PassThrough {
  override reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const result = super.reserve(id, claims);
    if (result.granted || result.reason !== 'exceeded') return result;
    const isOneAbove = result.denied.every((index) => {
      const { amount, admit } = claims[index] as Claim;
      const { spent, held, cap } = result.balances[index] as Balance;
      return admit === 'fit' && spent + held + amount === cap + 1;
    });
    if (!isOneAbove) return result;
    return super.reserve(
      id,
      claims.map((claim) => ({ ...claim, admit: 'always' })),
    );
  }
}

class RefusesOnTheCap extends PassThrough {
  override reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const isKnown = this.granted.has(id);
    const result = super.reserve(id, claims);
    if (!result.granted || isKnown) return result;
    const balances = this.inner.balances(claims.map(({ limit }) => limit));
    const denied = balances.flatMap(({ spent, held, cap }, index) => {
      return claims[index]?.admit === 'fit' && spent + held >= cap ? [index] : [];
    });
    if (denied.length === 0) return result;
    this.inner.release(id);
    return { granted: false, reason: 'exceeded', denied, balances };
  }
}

class ForgottenOverrun extends PassThrough {
  override balances(limits: readonly Limit[]): readonly Balance[] {
    return this.inner.balances(limits).map((balance) => ({ ...balance, overrun: 0 }));
  }
}

class ForgottenExcess extends PassThrough {
  override balances(limits: readonly Limit[]): readonly Balance[] {
    return this.inner.balances(limits).map((balance) => ({ ...balance, excess: 0 }));
  }
}

class PartialReserve extends PassThrough {
  override reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const result = super.reserve(id, claims);
    if (!result.granted && result.reason === 'exceeded') {
      this.holdOnceMore(claims.filter((_, index) => !result.denied.includes(index)));
    }
    return result;
  }
}

class DuplicateReserve extends PassThrough {
  override reserve(id: string, claims: readonly Claim[]): ReserveResult {
    const isKnown = this.granted.has(id);
    const result = super.reserve(id, claims);
    if (result.granted && isKnown) this.holdOnceMore(claims);
    return result;
  }
}

class DoubleSettle extends PassThrough {
  override settle(id: string, actual: Amounts | undefined): SettleResult {
    const result = this.inner.settle(id, actual);
    if (result.outcome === 'duplicate') this.inner.settle(this.holdOnceMore(this.granted.get(id) ?? []), actual);
    return result;
  }
}

/** Gives an expired hold back, where the real one charges it. */
class ExpireAsRelease extends PassThrough {
  readonly #options: Options;
  readonly #deadlines = new Map<string, number>();
  #over: string[] = [];

  constructor(options: Options) {
    super({ ...options, leaseMs: Number.MAX_SAFE_INTEGER });
    this.#options = options;
  }

  override reserve(id: string, claims: readonly Claim[]): ReserveResult {
    this.#releaseOver();
    const isKnown = this.granted.has(id);
    const result = super.reserve(id, claims);
    if (result.granted && !isKnown) {
      this.#deadlines.set(id, this.#options.clock.monotonicMs() + this.#options.leaseMs);
    }
    return result;
  }

  override settle(id: string, actual: Amounts | undefined): SettleResult {
    this.#deadlines.delete(id);
    return super.settle(id, actual);
  }

  override release(id: string): void {
    this.#deadlines.delete(id);
    super.release(id);
  }

  override expire(): readonly string[] {
    this.#releaseOver();
    return this.#over.splice(0);
  }

  #releaseOver(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [id, deadlineMs] of this.#deadlines) {
      if (deadlineMs > nowMs) continue;
      this.release(id);
      this.#over.push(id);
    }
  }
}

class ForgottenExpiry extends PassThrough {
  constructor(options: Options) {
    super({ ...options, leaseMs: Number.MAX_SAFE_INTEGER });
  }
}

/** Gives the hold of a finished attempt back a second time. */
class ReleaseAfterSettle extends PassThrough {
  readonly #finished = new Set<string>();
  readonly #givenBack = new Map<Limit, number>();

  override settle(id: string, actual: Amounts | undefined): SettleResult {
    const result = this.inner.settle(id, actual);
    if (result.outcome === 'settled') this.#finished.add(id);
    return result;
  }

  override release(id: string): void {
    this.inner.release(id);
    if (!this.#finished.delete(id)) return;
    for (const { limit, amount } of this.granted.get(id) ?? []) {
      this.#givenBack.set(limit, (this.#givenBack.get(limit) ?? 0) + amount);
    }
  }

  override balances(limits: readonly Limit[]): readonly Balance[] {
    return this.inner.balances(limits).map((balance, index) => {
      const givenBack = this.#givenBack.get(limits[index] as Limit) ?? 0;
      return { ...balance, held: balance.held - givenBack };
    });
  }
}

/** At least one mistake for each invariant. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  { invariant: 'I1', mistake: 'a release leaves the hold', makeLedger: (options) => new LeakedRelease(options) },
  { invariant: 'I2', mistake: 'a late settle adds', makeLedger: (options) => new LateSettleAdds(options) },
  { invariant: 'I3', mistake: 'one unit too many is admitted', makeLedger: (options) => new OneTooMany(options) },
  { invariant: 'I3', mistake: 'exactly on the cap is refused', makeLedger: (options) => new RefusesOnTheCap(options) },
  { invariant: 'I4', mistake: 'overrun is not counted', makeLedger: (options) => new ForgottenOverrun(options) },
  { invariant: 'I4', mistake: 'excess is not counted', makeLedger: (options) => new ForgottenExcess(options) },
  { invariant: 'I5', mistake: 'a refusal keeps what fits', makeLedger: (options) => new PartialReserve(options) },
  {
    invariant: 'I6',
    mistake: 'a repeated reserve holds twice',
    makeLedger: (options) => new DuplicateReserve(options),
  },
  { invariant: 'I6', mistake: 'a repeated settle charges twice', makeLedger: (options) => new DoubleSettle(options) },
  { invariant: 'I7', mistake: 'an expired hold is given back', makeLedger: (options) => new ExpireAsRelease(options) },
  { invariant: 'I8', mistake: 'holds never expire', makeLedger: (options) => new ForgottenExpiry(options) },
  { invariant: 'I9', mistake: 'a hold is given back twice', makeLedger: (options) => new ReleaseAfterSettle(options) },
];
