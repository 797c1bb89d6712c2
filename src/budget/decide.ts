import { type BudgetExceededError, LedgerUnavailableError } from '../errors.js';
import type { Claim, MaybePromise, ReserveResult, Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import type { Policy, Verdict } from '../policy/policy.js';
import type { Price } from '../pricing/price.js';
import type { InputBound } from '../quote/input-bound.js';
import { type Quote, quoteCall } from '../quote/quote.js';
import type { CallRequest } from '../wire/wire.js';
import { amountOf, type Ceiling, Draft } from './draft.js';
import { type BudgetRun, UNITS } from './run.js';
import { countCouldHelp, fitsOnceSettled, isDenied, type RefusedRound, situationOf, unitsOf } from './situation.js';

/** A call to decide on, and what deciding needs of the outside. */
export interface Decidable {
  /** Outermost first. */
  readonly runs: readonly BudgetRun[];
  readonly request: CallRequest;
  /** Whether the call may be changed before it is sent; a signed one may not. */
  readonly canRewrite: boolean;
  /** Holds every claim or none. */
  reserve(claims: readonly Claim[]): MaybePromise<ReserveResult>;
  /** The price of a model for this call; `undefined` where it has none and no budget minds. Throws where one does. */
  priceOf(model: string): Price | undefined;
  /** The price of a model that a budget would reroute to; never throws. */
  findPrice(model: string): Price | undefined;
  /** How much more than its bound a model was once billed; 1 for one that keeps to it. */
  headroomOf(model: string): number;
  boundInput(model: string, price: Price | undefined): InputBound;
  /** A tighter bound, where one can be had. */
  countInput(model: string, price: Price | undefined): Promise<InputBound | undefined>;
  /** The error the caller gets for a refusal. */
  errorOf(refusal: Refusal): BudgetExceededError;
}

/** What a budget did to a call that was then admitted. */
export type Change =
  | { readonly kind: 'downgraded'; readonly run: BudgetRun; readonly from: string; readonly to: string }
  | { readonly kind: 'clamped'; readonly run: BudgetRun; readonly tokens: number; readonly injected: boolean };

/** A call that holds its worst case. */
export interface Grant {
  readonly granted: true;
  readonly model: string;
  readonly price: Price | undefined;
  readonly quote: Quote;
  readonly input: InputBound;
  readonly ceilingTokens?: number;
  readonly ceilingInjected: boolean;
  readonly changes: readonly Change[];
}

/** A call that was refused: nothing was held. Amounts are ledger amounts. */
export interface Refusal {
  readonly granted: false;
  readonly model: string;
  /** The outermost budget that refuses, in the unit that refuses first. */
  readonly run: BudgetRun;
  readonly policy: Policy;
  readonly unit: Unit;
  readonly amount: number;
  readonly spent: number;
  readonly held: number;
  readonly canFitLater: boolean;
  /** Every budget that refuses, innermost first. */
  readonly refusing: readonly BudgetRun[];
  /** What a policy of the user's threw. */
  readonly cause?: unknown;
}

export type Decision = Grant | Refusal;

const MAX_ROUNDS = 8;

/**
 * Decides one call over every budget in force: one atomic reserve a round, and between rounds the budgets that refuse
 * may rewrite the call, innermost first. The strictest ceiling wins. What any budget still refuses is refused.
 */
export function decide(call: Decidable): MaybePromise<Decision> {
  return new Negotiation(call).decide();
}

class Negotiation {
  readonly #call: Decidable;
  readonly #draft: Draft;
  readonly #steps = new Map<BudgetRun, number>();
  readonly #admitsAlways = new Set<BudgetRun>();
  readonly #rerouted: Change[] = [];
  #cause: unknown;

  constructor(call: Decidable) {
    this.#call = call;
    this.#draft = new Draft(call);
  }

  /** Most calls fit at once, and a ledger in this process answers at once: then nothing is awaited. */
  decide(): MaybePromise<Decision> {
    const quote = quoteCall(this.#draft.quoteInput());
    const result = this.#call.reserve(this.#claims(quote));
    return result instanceof Promise || !result.granted ? this.#negotiate(quote, result) : this.#grant(quote);
  }

  async #negotiate(firstQuote: Quote, first: MaybePromise<ReserveResult>): Promise<Decision> {
    const draft = this.#draft;
    let quote = firstQuote;
    let result = await first;
    for (let round = 0; ; ) {
      if (result.granted) return this.#grant(quote);
      if (result.reason !== 'exceeded') throw new LedgerUnavailableError(`it refused the hold as ${result.reason}`);
      const refused: RefusedRound = { draft, quote, result };
      const mayCount = draft.canCountInput && countCouldHelp(refused, (run) => this.#policy(run));
      if (!mayCount || !(await draft.countInput())) {
        const refusing = this.#call.runs.filter((run) => isDenied(refused, run)).reverse();
        const isRewritten = round < MAX_ROUNDS && (await this.#rewrite(refusing, refused));
        if (!isRewritten) return this.#refusal(refusing.at(-1) as BudgetRun, refusing, refused);
        round += 1;
      }
      quote = quoteCall(draft.quoteInput());
      result = await this.#call.reserve(this.#claims(quote));
    }
  }

  #policy(run: BudgetRun): Policy {
    return run.spec.ladder[this.#steps.get(run) ?? 0] as Policy;
  }

  #claims(quote: Quote): Claim[] {
    const claims: Claim[] = [];
    for (const run of this.#call.runs) {
      const isAlways = run.spec.isShadow || this.#admitsAlways.has(run);
      const admit = isAlways ? 'always' : this.#policy(run).admit;
      const own = this.#draft.quoteFor(run, quote);
      for (const unit of UNITS) {
        const limit = run.limits[unit];
        if (run.spec.caps[unit] === undefined) claims.push({ limit, amount: amountOf(own, unit), admit: 'always' });
        else claims.push({ limit, amount: this.#claimAmount(own, unit, limit.cap, admit === 'fit'), admit });
      }
    }
    return claims;
  }

  #claimAmount(quote: Quote, unit: Unit, cap: number, mustFit: boolean): number {
    // A model whose maximum nobody knows is treated as one that does not fit, whatever the cap.
    const counts = unit === 'tokens' || (unit === 'usd' && this.#draft.price !== undefined);
    const isUnknown = counts && quote.outputSource === 'unknown';
    return mustFit && isUnknown ? Math.min(cap + 1, MAX_AMOUNT) : amountOf(quote, unit);
  }

  /** Asks each refusing budget for a rewrite; whether anything changed. */
  async #rewrite(refusing: readonly BudgetRun[], round: RefusedRound): Promise<boolean> {
    let changed = false;
    for (const run of refusing) {
      const verdict = await this.#ask(run, round);
      if (verdict.kind === 'admit') changed = true;
      else if (verdict.kind === 'ceiling') {
        this.#draft.addCeiling({ run, tokens: verdict.tokens, injected: verdict.injected });
        changed = true;
      } else if (verdict.kind === 'model') {
        this.#rerouted.push({ kind: 'downgraded', run, from: this.#draft.model, to: verdict.model });
        this.#draft.reroute(verdict.model);
        // The other budgets refused the dearer model; they are asked anew about this one.
        return true;
      } else if (verdict.kind === 'refuse') {
        this.#cause = verdict.cause;
        return false;
      }
    }
    return changed;
  }

  /** Goes down the ladder of `run` until a step has a way out. `admit` means that the call may be tried again as it is. */
  async #ask(run: BudgetRun, round: RefusedRound): Promise<Verdict> {
    const last = run.spec.ladder.length - 1;
    for (;;) {
      const step = this.#steps.get(run) ?? 0;
      const policy = this.#policy(run);
      const refusal = () => this.#call.errorOf(this.#refusal(run, [run], round));
      const verdict = await policy.decide(situationOf(round, run, refusal));
      if (verdict.kind === 'refuse') return verdict;
      if (verdict.kind === 'admit') {
        this.#admitsAlways.add(run);
        return verdict;
      }
      const { canRewrite } = this.#call;
      if (canRewrite && verdict.kind === 'model' && verdict.model !== this.#draft.model) return verdict;
      const tightest = this.#draft.ceiling?.tokens ?? Number.POSITIVE_INFINITY;
      if (canRewrite && verdict.kind === 'ceiling' && verdict.tokens < tightest) return verdict;
      if (step < last) {
        this.#steps.set(run, step + 1);
        // A step that admits more than the one before it may take the call as it is.
        if (this.#policy(run).admit !== policy.admit) return { kind: 'admit' };
        continue;
      }
      if (policy.whenExhausted === 'refuse') return { kind: 'pass' };
      this.#admitsAlways.add(run);
      return { kind: 'admit' };
    }
  }

  #grant(quote: Quote): Grant {
    const { model, price, input } = this.#draft;
    const ceiling = this.#draft.ceiling ?? this.#ceilingOfClamp(quote);
    const clamped: Change[] = ceiling ? [{ kind: 'clamped', ...ceiling }] : [];
    return {
      granted: true,
      model,
      price,
      quote,
      input,
      ...(ceiling && { ceilingTokens: ceiling.tokens }),
      ceilingInjected: ceiling?.injected ?? false,
      changes: [...this.#rerouted, ...clamped],
    };
  }

  /** `clamp` sends a ceiling with every call, also where the model's own maximum fits. */
  #ceilingOfClamp(quote: Quote): Ceiling | undefined {
    const tokens = this.#draft.price?.maxOutputTokens;
    if (quote.outputSource !== 'model' || tokens === undefined || !this.#call.canRewrite) return undefined;
    const run = this.#call.runs.find(
      (candidate) => !candidate.spec.isShadow && this.#policy(candidate).alwaysSendsCeiling,
    );
    return run && { run, tokens, injected: true };
  }

  #refusal(run: BudgetRun, refusing: readonly BudgetRun[], round: RefusedRound): Refusal {
    const denied = unitsOf(round, run).find((unit) => unit.denied);
    return {
      granted: false,
      model: this.#draft.model,
      run,
      policy: this.#policy(run),
      unit: denied?.unit ?? 'usd',
      amount: denied?.amount ?? 0,
      spent: denied?.balance.spent ?? 0,
      held: denied?.balance.held ?? 0,
      canFitLater: refusing.every((candidate) => fitsOnceSettled(round, candidate, this.#policy(candidate))),
      refusing,
      ...(this.#cause !== undefined && { cause: this.#cause }),
    };
  }
}
