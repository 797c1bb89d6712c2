/** A value now, or soon: the in-memory ledger answers at once, a shared one after a round trip. */
export type MaybePromise<T> = T | Promise<T>;

/** What a limit counts. Amounts are integers: nano-dollars, tokens, calls. */
export type Unit = 'usd' | 'tokens' | 'calls';

/** One window of an account: what is spent in it counts against the cap until it ends. */
export interface WindowSpan {
  /** The same for everybody who computes it. */
  readonly id: string;
  /** In milliseconds since the epoch; `endMs` is the first moment after it. */
  readonly startMs: number;
  readonly endMs: number;
  /** Earlier spans whose spending still counts: the other buckets of a rolling window, newest first. */
  readonly earlierIds: readonly string[];
  /** When what is spent in this span no longer counts anywhere. */
  readonly countsUntilMs: number;
  /** When something comes back; `undefined` where nothing ever does. */
  readonly resetsAtMs: number | undefined;
}

/** A rule that cuts time into windows. */
export interface Window {
  /** The rule as text: two windows are the same where their signatures are. */
  readonly signature: string;
  /** The window that holds a moment, in milliseconds since the epoch. */
  at(nowMs: number): WindowSpan;
}

/**
 * One capped number: a budget's account in one unit. Two limits with the same `key` and `unit` are the same account;
 * a limit without `key` is an account of its own for as long as the object is reachable, and has no window.
 */
export interface Limit {
  readonly key?: string;
  readonly unit: Unit;
  readonly cap: number;
  /** Without one, what was spent counts for ever. Part of the account's identity: it belongs into the key. */
  readonly window?: Window;
}

/**
 * When a claim is admitted: `fit` needs `spent + held + amount ≤ cap`, `below-cap` needs `spent + held < cap`,
 * `always` is booked whatever the balance. What the last two put above the cap counts as `excess`.
 */
export type Admit = 'fit' | 'below-cap' | 'always';

/** How much is asked of a limit. */
export interface Ask {
  readonly amount: number;
  readonly admit: Admit;
}

/** What one attempt asks of one limit. */
export interface Claim extends Ask {
  readonly limit: Limit;
}

/** The state of a limit in its current window. `held` knows no window. `remaining` is never negative. */
export interface Balance {
  readonly cap: number;
  /** What settled, presumed charges included. */
  readonly spent: number;
  readonly held: number;
  /** Part of `spent` charged for attempts whose outcome nobody knows. */
  readonly presumed: number;
  /** What providers billed above their holds. */
  readonly overrun: number;
  /** Part of `spent` that lies above the cap because its claim did not have to fit. Never above `spent - cap`. */
  readonly excess: number;
  readonly remaining: number;
  /** When something of what is spent comes back, in milliseconds since the epoch; absent where it never does. */
  readonly resetsAtMs?: number;
  /** The cap under which somebody else claimed on this account before, where it is another one. */
  readonly otherCap?: number;
}

/**
 * The answer to a reserve. A refusal has changed nothing. `balances` run beside the claims; after a grant they include
 * it, and a ledger that can be asked at once leaves them out.
 */
export type ReserveResult =
  | { readonly granted: true; readonly choice: number; readonly balances?: readonly Balance[] }
  | {
      readonly granted: false;
      readonly reason: 'exceeded';
      readonly denied: readonly number[];
      readonly balances: readonly Balance[];
    }
  | { readonly granted: false; readonly reason: RefusalReason };

/**
 * Why a reserve was refused that no balance is to blame for. `mismatch`: the id is held for other claims. `finished`:
 * it is over. `invalid`: an amount, an id or a limit that no ledger takes. `late`: it reached the store after its time.
 * `full`: the ledger holds as many accounts as it may.
 */
export type RefusalReason = 'mismatch' | 'finished' | 'invalid' | 'late' | 'full';

/** What an attempt really consumed, by unit. */
export type Amounts = Readonly<Record<Unit, number>>;

/**
 * What a settle did. `late` corrected a presumed charge; `after-release` booked an attempt that was thought unbilled;
 * `duplicate` and `unknown` changed nothing; `mismatch` named another amount for a settled hold and changed nothing.
 */
export type SettleOutcome = 'settled' | 'presumed' | 'late' | 'after-release' | 'duplicate' | 'mismatch' | 'unknown';

export interface SettleResult {
  readonly outcome: SettleOutcome;
  /** What was charged above the hold, by unit. */
  readonly overrun: Amounts;
  /** The state afterwards, beside the claims of the hold; absent where nothing changed, or the ledger can be asked at once. */
  readonly balances?: readonly Balance[];
}

/** What a ledger's store says about itself. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly topic: string;
  readonly message: string;
  /** What to do about it; absent where all is well. */
  readonly remedy?: string;
}

/**
 * Keeps money and enforces caps: two-phase transfers over many limits at once, all or nothing.
 * Each method is one atomic step. Invalid input is refused as data. A ledger in another process rejects with
 * `LedgerUnavailableError` where its store did not answer in time; what it was asked may have happened or not, and asking
 * again with the same id is safe.
 */
export interface Ledger {
  /**
   * Holds every claim or none. Each of `fallbacks` asks the same limits for something else, in the order of the claims;
   * where the claims do not fit, the first fallback that fits is held, in the same step. `choice` is 0 for the claims
   * and counts the fallbacks from 1. The same id for what it holds is granted again without a second hold; for anything
   * else it is a `mismatch`. In `exceeded`, `denied` are indices into `claims`, and both belong to the last choice asked.
   * Where no claim denies, a sum too large to be exact is `invalid`.
   */
  reserve(id: string, claims: readonly Claim[], fallbacks?: readonly (readonly Ask[])[]): MaybePromise<ReserveResult>;
  /**
   * Replaces a hold by what was really consumed; `undefined` or an invalid amount charges the hold as presumed. An
   * amount that would make a sum too large to be exact is invalid as well. It is booked in the window it was held in.
   */
  settle(id: string, actual: Amounts | undefined): MaybePromise<SettleResult>;
  /**
   * Gives a hold back. Only for attempts that certainly were not billed. An id that was never reserved cannot be
   * reserved from then on.
   */
  release(id: string): MaybePromise<void>;
  /** Charges the holds whose lease is over and returns their ids. */
  expire(): MaybePromise<readonly string[]>;
  /** The state of each limit, in the order asked. */
  balances(limits: readonly Limit[]): MaybePromise<readonly Balance[]>;
  /**
   * An operator's correction of what the current window of a limit has spent, never below 0, journaled with its reason.
   * The state afterwards.
   */
  adjust(limit: Limit, change: number, reason: string): MaybePromise<Balance>;
  /** Whether this is the first time that anybody sets this mark in the current window of a limit. */
  mark(limit: Limit, mark: string): MaybePromise<boolean>;
  /** Looks at how the store is set up. */
  check?(): MaybePromise<readonly Finding[]>;
  /** Ends what the ledger itself opened; the user's own client stays open. */
  close?(): MaybePromise<void>;
}
