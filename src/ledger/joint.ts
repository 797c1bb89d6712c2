import { LedgerUnavailableError } from '../errors.js';
import type { Amounts, Balance, Claim, Ledger, Limit, MaybePromise, ReserveResult, SettleResult } from './ledger.js';
import type { SyncLedger } from './memory.js';

/** What a joint ledger asks and tells the guard. */
export interface JointHost {
  /** Somebody else claims on this account under another cap. */
  onOtherCap(limit: Limit, otherCap: number): void;
  /** The shared ledger failed. `isAdmitted`: the call goes out, or was sent, all the same. */
  onError(error: LedgerUnavailableError, isAdmitted: boolean): void;
  /** Whether a call goes out where the shared ledger cannot be asked. */
  admitsUnguarded(): boolean;
}

/** What is still to be told to the shared ledger, which did not answer. */
interface Unsettled {
  readonly actual: Amounts | undefined;
  readonly limits: readonly Limit[];
}

type Exceeded = Extract<ReserveResult, { readonly reason: 'exceeded' }>;

const UNSEEN = Object.freeze({ spent: 0, held: 0, presumed: 0, overrun: 0, excess: 0 });
// A settle that cannot be kept is no loss: the lease charges the hold.
const MAX_UNSETTLED = 10_000;

/**
 * Two ledgers as one: limits without a key live in this process, those with a key in the shared ledger. The local hold
 * is made first, as it costs nothing, and is given back where the shared ledger refuses. Every hold exists before a call
 * is sent, so what goes wrong in between can only hold too much, until the lease is over.
 */
export class JointLedger {
  readonly #local: SyncLedger;
  readonly #shared: Ledger | undefined;
  readonly #host: JointHost;
  /** The shared limits of each hold. */
  readonly #holds = new Map<string, readonly Limit[]>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly #seen = new WeakMap<Limit, Balance>();
  /** The id of the local hold, where an earlier one of the same attempt was given back. */
  readonly #localIds = new Map<string, string>();

  constructor(local: SyncLedger, shared: Ledger | undefined, host: JointHost) {
    this.#local = local;
    this.#shared = shared;
    this.#host = host;
  }

  reserve(id: string, claims: readonly Claim[]): MaybePromise<ReserveResult> {
    const isShared = claims.map(({ limit }) => limit.key !== undefined);
    if (!isShared.includes(true)) return this.#local.reserve(id, claims);
    if (this.#shared === undefined) throw new LedgerUnavailableError('none is configured');
    const localClaims = claims.filter((_, index) => !isShared[index]);
    const localId = this.#localIds.get(id) ?? id;
    const local = this.#local.reserve(localId, localClaims);
    if (!local.granted) return local.reason === 'exceeded' ? this.#spread(claims, local, false) : local;
    return this.#reserveShared(this.#shared, id, localId, claims);
  }

  async #reserveShared(shared: Ledger, id: string, localId: string, claims: readonly Claim[]): Promise<ReserveResult> {
    const sharedClaims = claims.filter(({ limit }) => limit.key !== undefined);
    const limits = sharedClaims.map(({ limit }) => limit);
    let result: ReserveResult;
    try {
      result = await shared.reserve(id, sharedClaims);
      if (!result.granted && result.reason !== 'exceeded') {
        throw new LedgerUnavailableError(`it refused the hold as ${result.reason}`);
      }
      this.#see(limits, result.balances ?? (await shared.balances(limits)));
    } catch (error) {
      return this.#withoutShared(shared, id, localId, error);
    }
    void this.settleLeftOver();
    if (!result.granted) {
      this.#giveBackLocal(id, localId);
      return this.#spread(claims, result, true);
    }
    this.#holds.set(id, limits);
    return result;
  }

  /** Nobody knows whether the shared ledger holds something: what it holds is given back, or charged by its lease. */
  #withoutShared(shared: Ledger, id: string, localId: string, error: unknown): ReserveResult {
    if (!LedgerUnavailableError.isInstance(error)) throw error;
    const isAdmitted = this.#host.admitsUnguarded();
    this.#host.onError(error, isAdmitted);
    void this.#try(() => shared.release(id));
    if (isAdmitted) return { granted: true, choice: 0 };
    this.#giveBackLocal(id, localId);
    throw error;
  }

  #giveBackLocal(id: string, localId: string): void {
    this.#local.release(localId);
    // A hold that was given back cannot be held again under its id.
    const round = Number(localId.slice(id.length + 1)) + 1;
    this.#localIds.set(id, `${id}~${round}`);
  }

  /** Books in this process at once, and in the shared ledger before anybody hears of it. */
  settle(id: string, actual: Amounts | undefined): MaybePromise<SettleResult> {
    const local = this.#local.settle(this.#localIds.get(id) ?? id, actual);
    const limits = this.#holds.get(id);
    this.#forget(id);
    return limits === undefined ? local : this.#settleShared(id, { actual, limits }, local);
  }

  async #settleShared(id: string, unsettled: Unsettled, local: SettleResult): Promise<SettleResult> {
    const shared = await this.#try(() => this.#tellShared(id, unsettled));
    if (shared === undefined) {
      if (this.#unsettled.size < MAX_UNSETTLED) this.#unsettled.set(id, unsettled);
      return local;
    }
    const { usd, tokens, calls } = shared.overrun;
    const overrun = {
      usd: Math.max(usd, local.overrun.usd),
      tokens: Math.max(tokens, local.overrun.tokens),
      calls: Math.max(calls, local.overrun.calls),
    };
    return { outcome: local.outcome, overrun };
  }

  async #tellShared(id: string, { actual, limits }: Unsettled): Promise<SettleResult> {
    const shared = this.#shared as Ledger;
    const result = await shared.settle(id, actual);
    this.#see(limits, result.balances ?? (await shared.balances(limits)));
    return result;
  }

  /** Tells the shared ledger what it did not hear when it could not be reached. */
  async settleLeftOver(): Promise<void> {
    for (const [id, unsettled] of [...this.#unsettled]) {
      if (!this.#unsettled.delete(id)) continue;
      const result = await this.#try(() => this.#tellShared(id, unsettled));
      if (result !== undefined) continue;
      this.#unsettled.set(id, unsettled);
      return;
    }
  }

  /** Whether this is the first time that anybody sets this mark; a store that does not answer says no. */
  async mark(limit: Limit, mark: string): Promise<boolean> {
    return (await this.#try(async () => this.#shared?.mark(limit, mark))) ?? false;
  }

  /** The state of a limit as this process knows it: of an account kept elsewhere, what it was told last. */
  balanceNow(limit: Limit): Balance {
    if (limit.key === undefined) return this.#local.balances([limit])[0] as Balance;
    return this.#seen.get(limit) ?? { ...UNSEEN, cap: limit.cap, remaining: limit.cap };
  }

  release(id: string): MaybePromise<void> {
    this.#local.release(this.#localIds.get(id) ?? id);
    const isShared = this.#holds.has(id);
    this.#forget(id);
    return isShared ? this.#try(async () => this.#shared?.release(id)).then(() => undefined) : undefined;
  }

  #forget(id: string): void {
    this.#holds.delete(id);
    this.#localIds.delete(id);
  }

  /** What one of the ledgers refused, beside all the claims. */
  #spread(claims: readonly Claim[], part: Exceeded, isShared: boolean): Exceeded {
    const denied: number[] = [];
    let next = 0;
    const balances = claims.map(({ limit }, index) => {
      if ((limit.key !== undefined) !== isShared) return this.balanceNow(limit);
      if (part.denied.includes(next)) denied.push(index);
      next += 1;
      return part.balances[next - 1] as Balance;
    });
    return { granted: false, reason: 'exceeded', denied, balances };
  }

  #see(limits: readonly Limit[], balances: readonly Balance[]): void {
    for (const [index, limit] of limits.entries()) {
      const balance = balances[index] as Balance;
      this.#seen.set(limit, balance);
      if (balance.otherCap !== undefined) this.#host.onOtherCap(limit, balance.otherCap);
    }
  }

  async #try<Value>(step: () => MaybePromise<Value>): Promise<Value | undefined> {
    try {
      return await step();
    } catch (error) {
      const failure = LedgerUnavailableError.isInstance(error) ? error : new LedgerUnavailableError('it failed');
      this.#host.onError(failure, true);
      return undefined;
    }
  }
}
