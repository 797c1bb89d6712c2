/** A value now, or soon: the in-memory ledger answers at once, a shared one after a round trip. */
export type MaybePromise<T> = T | Promise<T>;

/** What a limit counts. Amounts are integers: nano-dollars, tokens, calls. */
export type Unit = 'usd' | 'tokens' | 'calls';

/**
 * One capped number: a budget's account in one unit. Two limits with the same `key` are the same account;
 * a limit without `key` is an account of its own for as long as the object is reachable.
 */
export interface Limit {
  readonly key?: string;
  readonly unit: Unit;
  readonly cap: number;
}

/**
 * When a claim is admitted: `fit` needs `spent + held + amount ≤ cap`, `below-cap` needs `spent + held < cap`,
 * `always` is booked whatever the balance. What the last two put above the cap counts as `excess`.
 */
export type Admit = 'fit' | 'below-cap' | 'always';

/** What one attempt asks of one limit. */
export interface Claim {
  readonly limit: Limit;
  readonly amount: number;
  readonly admit: Admit;
}

/** The state of a limit. `remaining` is never negative. */
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
}

/** The answer to a reserve. A refusal has changed nothing. */
export type ReserveResult =
  | { readonly granted: true }
  | {
      readonly granted: false;
      readonly reason: 'exceeded';
      readonly denied: readonly number[];
      readonly balances: readonly Balance[];
    }
  | { readonly granted: false; readonly reason: 'mismatch' | 'finished' | 'invalid' };

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
}

/**
 * Keeps money and enforces caps: two-phase transfers over many limits at once, all or nothing.
 * Each method is one atomic step. Invalid input is refused as data; settle and release never throw.
 */
export interface Ledger {
  /**
   * Holds every claim or none. The same id with the same claims is granted again without a second hold; with other
   * claims it is a `mismatch`. In `exceeded`, `denied` are indices into `claims` and `balances` runs beside `claims`.
   * Where no claim denies, a sum too large to be exact is `invalid`.
   */
  reserve(id: string, claims: readonly Claim[]): MaybePromise<ReserveResult>;
  /**
   * Replaces a hold by what was really consumed; `undefined` or an invalid amount charges the hold as presumed. An
   * amount that would make a sum too large to be exact is invalid as well.
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
}
