import type { BudgetExceededError } from '../errors.js';
import type { Admit, Balance, MaybePromise, Unit } from '../ledger/ledger.js';
import type { CallRequest } from '../wire/wire.js';

/** What one budget has in one capped unit, and what the refused call asked of it. Amounts are nano-dollars, tokens, calls. */
export interface UnitSituation {
  readonly unit: Unit;
  readonly balance: Balance;
  readonly amount: number;
  /** Whether this unit is what refused. */
  readonly denied: boolean;
}

/** What a policy sees of a call its budget refused. */
export interface Situation {
  readonly model: string;
  /** The call as its caller made it. */
  readonly request: CallRequest;
  /** The error the caller would get. */
  refusal(): BudgetExceededError;
  readonly units: readonly UnitSituation[];
  /** The caller's own ceiling for one choice, if he set one. */
  readonly callerCeilingTokens: number | undefined;
  /** The least output worth sending a call for. */
  readonly outputReserve: number;
  /** The least ceiling the wire format accepts. */
  readonly minOutputTokens: number;
  /** The most output of the model, where it is known. */
  readonly maxOutputTokens: number | undefined;
  /** The next cheaper model of this budget's map that is priced and cheaper. */
  cheaperModel(): string | undefined;
  /** The largest ceiling whose worst case fits what is neither spent nor held; negative when none fits. */
  ceilingThatFits(): number;
  /** The ceiling for a call that has none, by what is not spent; `undefined` when too little fits. */
  injectedCeiling(): number | undefined;
}

/**
 * What a policy makes of a refusal. `pass` hands on to the next step of the ladder, and refuses where there is none;
 * `admit` books the call whatever the balance; `refuse` ends the ladder.
 */
export type Verdict =
  | { readonly kind: 'admit' }
  | { readonly kind: 'refuse'; readonly cause?: unknown }
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'ceiling'; readonly tokens: number; readonly injected: boolean }
  | { readonly kind: 'pass' };

/** The names a user gives to `onExceed`. */
export type PolicyName = 'block' | 'raise' | 'truncate' | 'downgrade' | 'clamp' | 'break';

/** What a budget does about a call that does not fit: one step of its ladder. */
export interface Policy {
  readonly name: PolicyName | 'callback';
  /** When a claim is admitted while this step is in force. */
  readonly admit: Admit;
  /** Whether the step keeps the cap: no call is sent whose worst case does not fit. */
  readonly enforces: boolean;
  /** What happens when the last step of a ladder passes: `refuse`, or `admit` for a mode that never refuses. */
  readonly whenExhausted: 'refuse' | 'admit';
  /** Whether every call is sent with a ceiling, also one that fits. */
  readonly alwaysSendsCeiling?: boolean;
  /** Whether a refusal ends the budget's scope quietly. */
  readonly endsScope?: boolean;
  /** Whether the call that crosses the cap is an error after it was paid. */
  readonly throwsOnCrossing?: boolean;
  /** Whether a stream is cut before the chunk that would cross the cap. */
  readonly cutsStreams?: boolean;
  decide(situation: Situation): MaybePromise<Verdict>;
}

/** Hands on to the next step. */
export const PASS: Verdict = Object.freeze({ kind: 'pass' });
