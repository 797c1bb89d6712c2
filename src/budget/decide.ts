import { LedgerUnavailableError, UnboundedCallError } from '../errors.js';
import type { Claim, MaybePromise, ReserveResult, Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import type { Policy, Situation, Verdict } from '../policy/policy.js';
import type { Price } from '../pricing/price.js';
import type { InputBound } from '../quote/input-bound.js';
import { ceilingThatFits, injectedCeiling, type Room } from '../quote/output-bound.js';
import { type Quote, type QuoteInput, quoteCall } from '../quote/quote.js';
import type { CallRequest } from '../wire/wire.js';
import { type BudgetRun, UNITS } from './run.js';

type Exceeded = Extract<ReserveResult, { reason: 'exceeded' }>;

/** A call to decide on, and what deciding needs of the outside. */
export interface Decidable {
  /** Outermost first. */
  readonly runs: readonly BudgetRun[];
  readonly request: CallRequest;
  /** Holds every claim or none. */
  reserve(claims: readonly Claim[]): MaybePromise<ReserveResult>;
  /** The price of a model for this call; `undefined` where it has none and no budget minds. Throws where one does. */
  priceOf(model: string): Price | undefined;
  /** The price of a model that a budget would reroute to; never throws. */
  findPrice(model: string): Price | undefined;
  boundInput(model: string, price: Price | undefined): InputBound;
  /** A tighter bound, where one can be had. */
  countInput(model: string, price: Price | undefined): Promise<InputBound | undefined>;
}

/** What a budget did to a call that was then admitted. */
export type Change =
  | { readonly kind: 'downgraded'; readonly run: BudgetRun; readonly from: string; readonly to: string }
  | { readonly kind: 'clamped'; readonly run: BudgetRun; readonly tokens: number; readonly injected: boolean };

/** What was decided. */
export type Decision =
  | {
      readonly granted: true;
      readonly model: string;
      readonly price: Price | undefined;
      readonly quote: Quote;
      readonly input: InputBound;
      readonly ceilingTokens?: number;
      readonly ceilingInjected: boolean;
      readonly changes: readonly Change[];
    }
  | {
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
    };

const MAX_ROUNDS = 8;
// What a call takes in where nothing bounds it and a budget admits it all the same.
const UNBOUNDED_INPUT_TOKENS = 1_000_000;

interface Ceiling {
  readonly run: BudgetRun;
  readonly tokens: number;
  readonly injected: boolean;
}

/**
 * Decides one call over every budget in force: one atomic reserve a round, and between rounds the budgets that refuse
 * may rewrite the call, innermost first. The strictest ceiling wins. What any budget still refuses is refused.
 */
export async function decide(call: Decidable): Promise<Decision> {
  return new Negotiation(call).settle();
}

class Negotiation {
  readonly #call: Decidable;
  readonly #steps = new Map<BudgetRun, number>();
  readonly #admitsAlways = new Set<BudgetRun>();
  readonly #rerouted: Change[] = [];
  #model: string;
  #price: Price | undefined;
  #input: InputBound;
  #ceilings: Ceiling[] = [];
  #countTried = false;

  constructor(call: Decidable) {
    this.#call = call;
    this.#model = call.request.model;
    this.#price = call.priceOf(this.#model);
    this.#input = call.boundInput(this.#model, this.#price);
    this.#refuseUnbounded();
    this.#applyDefaultCeilings();
  }

  async settle(): Promise<Decision> {
    const { runs, reserve } = this.#call;
    for (let round = 0; ; round += 1) {
      const quote = quoteCall(this.#quoteInput());
      const reserved = reserve(this.#claims(quote));
      const result = reserved instanceof Promise ? await reserved : reserved;
      if (result.granted) return this.#grant(quote);
      if (result.reason !== 'exceeded') throw new LedgerUnavailableError(`it refused the hold as ${result.reason}`);
      if (await this.#tightenInput(quote, result)) continue;
      const refusing = runs.filter((_, index) => this.#isDenied(result, index)).reverse();
      if (round >= MAX_ROUNDS || !(await this.#rewrite(refusing, quote, result))) {
        return this.#refuse(refusing.at(-1) as BudgetRun, refusing, quote, result);
      }
    }
  }

  #quoteInput(): QuoteInput {
    const ceiling = this.#ceiling();
    return {
      request: this.#call.request,
      price: this.#price,
      inputTokens: this.#input.tokens ?? UNBOUNDED_INPUT_TOKENS,
      hasAudio: this.#input.hasAudio,
      ...(ceiling && { ceilingTokens: ceiling.tokens }),
    };
  }

  #ceiling(): Ceiling | undefined {
    return this.#ceilings.reduce<Ceiling | undefined>(
      (strictest, next) => (strictest && strictest.tokens <= next.tokens ? strictest : next),
      undefined,
    );
  }

  #policy(run: BudgetRun): Policy {
    return run.spec.ladder[this.#steps.get(run) ?? 0] as Policy;
  }

  #claims(quote: Quote): Claim[] {
    const claims: Claim[] = [];
    for (const run of this.#call.runs) {
      const admit = this.#admitsAlways.has(run) ? 'always' : this.#policy(run).admit;
      for (const unit of UNITS) {
        const limit = run.limits[unit];
        if (run.spec.caps[unit] === undefined) claims.push({ limit, amount: amountOf(quote, unit), admit: 'always' });
        else claims.push({ limit, amount: this.#claimAmount(quote, unit, limit.cap, admit === 'fit'), admit });
      }
    }
    return claims;
  }

  #claimAmount(quote: Quote, unit: Unit, cap: number, mustFit: boolean): number {
    // A model whose maximum nobody knows is treated as one that does not fit, whatever the cap.
    const unknown =
      quote.outputSource === 'unknown' && unit !== 'calls' && (unit === 'tokens' || this.#price !== undefined);
    return mustFit && unknown ? Math.min(cap + 1, MAX_AMOUNT) : amountOf(quote, unit);
  }

  #isDenied(result: Exceeded, runIndex: number): boolean {
    const first = runIndex * UNITS.length;
    return result.denied.some((claim) => claim >= first && claim < first + UNITS.length);
  }

  /** Counts the input where its bound by bytes stands in the way and a count could make the call fit. */
  async #tightenInput(quote: Quote, result: Exceeded): Promise<boolean> {
    if (this.#countTried || this.#input.method !== 'bytes' || this.#input.tokens === undefined) return false;
    if (!this.#call.runs.every((run) => run.spec.countsInput)) return false;
    if (!this.#countCouldHelp(quote, result)) return false;
    this.#countTried = true;
    const counted = await this.#call.countInput(this.#model, this.#price);
    if (counted?.tokens === undefined || counted.tokens >= this.#input.tokens) return false;
    this.#input = counted;
    return true;
  }

  #countCouldHelp(quote: Quote, result: Exceeded): boolean {
    const isFixed = this.#call.request.maxOutputTokens !== undefined;
    const least = quoteCall({ ...this.#quoteInput(), inputTokens: 0 });
    return result.denied.every((index) => {
      const run = this.#call.runs[Math.floor(index / UNITS.length)] as BudgetRun;
      const unit = UNITS[index % UNITS.length] as Unit;
      if (unit === 'calls') return false;
      // Where the output can still be rewritten, the room for it depends on how much the input really takes.
      const canChange = !isFixed || this.#policy(run).alwaysSendsCeiling || run.spec.ladder.length > 1;
      return canChange || amountOf(least, unit) <= (result.balances[index]?.remaining ?? 0) || quote.inputTokens === 0;
    });
  }

  /** Asks each refusing budget for a rewrite; whether anything changed. */
  async #rewrite(refusing: readonly BudgetRun[], quote: Quote, result: Exceeded): Promise<boolean> {
    let changed = false;
    for (const run of refusing) {
      const verdict = await this.#ask(run, quote, result);
      if (verdict === 'admit') changed = true;
      else if (verdict.kind === 'ceiling') {
        this.#ceilings.push({ run, tokens: verdict.tokens, injected: verdict.injected });
        changed = true;
      } else if (verdict.kind === 'model') {
        this.#reroute(run, verdict.model);
        // The other budgets refused the dearer model; they are asked anew about this one.
        return true;
      }
    }
    return changed;
  }

  async #ask(run: BudgetRun, quote: Quote, result: Exceeded): Promise<Verdict | 'admit'> {
    const last = run.spec.ladder.length - 1;
    for (;;) {
      const step = this.#steps.get(run) ?? 0;
      const policy = this.#policy(run);
      const verdict = await policy.decide(this.#situation(run, quote, result));
      if (verdict.kind === 'model') return verdict;
      if (verdict.kind === 'ceiling' && verdict.tokens < (this.#ceiling()?.tokens ?? Number.POSITIVE_INFINITY))
        return verdict;
      if (step < last) {
        this.#steps.set(run, step + 1);
        // A step that admits more than the one before it may take the call as it is.
        if (this.#policy(run).admit !== policy.admit) return 'admit';
        continue;
      }
      if (policy.whenExhausted === 'refuse') return { kind: 'pass' };
      this.#admitsAlways.add(run);
      return 'admit';
    }
  }

  #situation(run: BudgetRun, quote: Quote, result: Exceeded): Situation {
    const first = this.#call.runs.indexOf(run) * UNITS.length;
    const units = UNITS.flatMap((unit, offset) => {
      const balance = result.balances[first + offset];
      if (run.spec.caps[unit] === undefined || balance === undefined) return [];
      return [{ unit, balance, amount: amountOf(quote, unit), denied: result.denied.includes(first + offset) }];
    });
    const input = this.#quoteInput();
    const { request } = this.#call;
    return {
      model: this.#model,
      units,
      callerCeilingTokens: this.#callerCeiling(),
      outputReserve: run.spec.outputReserve,
      minOutputTokens: request.minOutputTokens,
      maxOutputTokens: this.#price?.maxOutputTokens,
      cheaperModel: () => this.#cheaperModel(run, input),
      ceilingThatFits: () =>
        ceilingThatFits(
          input,
          units.map(({ unit, balance }) => ({ unit, amount: balance.remaining })),
        ),
      injectedCeiling: () => this.#injectedCeiling(run, quote, result),
    };
  }

  /** The ceiling the caller set, or that a budget sets for calls without one. */
  #callerCeiling(): number | undefined {
    const defaults = this.#ceilings.filter((ceiling) => ceiling.tokens === ceiling.run.spec.maxOutputTokens);
    return (
      this.#call.request.maxOutputTokens ??
      (defaults.length > 0 ? Math.min(...defaults.map(({ tokens }) => tokens)) : undefined)
    );
  }

  #cheaperModel(run: BudgetRun, input: QuoteInput): string | undefined {
    const target = run.spec.downgrade.get(this.#model) ?? run.spec.downgrade.get(this.#price?.model ?? this.#model);
    if (target === undefined || target === this.#model) return undefined;
    const price = this.#call.findPrice(target) ?? this.#call.priceOf(target);
    if (price === undefined || this.#price === undefined) return target;
    // The same output on both, or a smaller model's smaller maximum would pass for a lower price.
    const outputTokens = quoteCall(input).outputTokens;
    const request = { ...input.request, choices: 1 };
    const like = { request, hasAudio: input.hasAudio, inputTokens: input.inputTokens, ceilingTokens: outputTokens };
    const dearer = quoteCall({ ...like, price: this.#price }).costNanoUsd;
    return quoteCall({ ...like, price }).costNanoUsd < dearer ? target : undefined;
  }

  #injectedCeiling(run: BudgetRun, quote: Quote, result: Exceeded): number | undefined {
    const rooms = this.#unspent(run, result);
    const maximumFits =
      quote.outputSource === 'model' && rooms.every((room) => amountOf(quote, room.unit) <= room.amount);
    return maximumFits ? undefined : injectedCeiling(this.#quoteInputWithoutCeiling(), rooms, run.spec.outputReserve);
  }

  #quoteInputWithoutCeiling(): QuoteInput {
    const { ceilingTokens: _, ...input } = this.#quoteInput();
    return input;
  }

  #unspent(run: BudgetRun, result: Exceeded): Room[] {
    const first = this.#call.runs.indexOf(run) * UNITS.length;
    return UNITS.flatMap((unit, offset) => {
      const balance = result.balances[first + offset];
      if (run.spec.caps[unit] === undefined || balance === undefined) return [];
      return [{ unit, amount: Math.max(0, balance.cap - balance.spent) }];
    });
  }

  #reroute(run: BudgetRun, model: string): void {
    this.#rerouted.push({ kind: 'downgraded', run, from: this.#model, to: model });
    this.#model = model;
    this.#price = this.#call.priceOf(model);
    this.#input = this.#call.boundInput(model, this.#price);
    this.#countTried = false;
    // Ceilings were computed from the dearer model's price.
    this.#ceilings = [];
    this.#refuseUnbounded();
    this.#applyDefaultCeilings();
  }

  #applyDefaultCeilings(): void {
    if (this.#call.request.maxOutputTokens !== undefined) return;
    for (const run of this.#call.runs) {
      const tokens = run.spec.maxOutputTokens;
      if (tokens !== undefined) this.#ceilings.push({ run, tokens, injected: true });
    }
  }

  #refuseUnbounded(): void {
    if (this.#input.tokens !== undefined) return;
    const { request, runs } = this.#call;
    const minds = runs.some(
      (run) =>
        run.spec.ladder.some((policy) => policy.enforces) && (run.spec.caps.usd ?? run.spec.caps.tokens) !== undefined,
    );
    if (!minds) return;
    const hosted = request.hostedTools !== undefined;
    throw new UnboundedCallError({
      model: this.#model,
      reason:
        request.unboundedInput ??
        (hosted ? 'its hosted tools may run without a limit' : 'it refers to files whose size is not known here'),
      remedy:
        hosted && request.unboundedInput === undefined
          ? 'limit its tool calls (max_tool_calls, or max_uses on each tool)'
          : "send the content itself, cap calls instead, or use onExceed: 'raise'",
    });
  }

  #grant(quote: Quote): Decision {
    const ceiling = this.#ceiling() ?? this.#ceilingOfClamp(quote);
    const clamped: Change[] = ceiling
      ? [{ kind: 'clamped', run: ceiling.run, tokens: ceiling.tokens, injected: ceiling.injected }]
      : [];
    return {
      granted: true,
      model: this.#model,
      price: this.#price,
      quote,
      input: this.#input,
      ...(ceiling && { ceilingTokens: ceiling.tokens }),
      ceilingInjected: ceiling?.injected ?? false,
      changes: [...this.#rerouted, ...clamped],
    };
  }

  /** `clamp` sends a ceiling with every call, also where the model's own maximum fits. */
  #ceilingOfClamp(quote: Quote): Ceiling | undefined {
    if (quote.outputSource !== 'model' || this.#price?.maxOutputTokens === undefined) return undefined;
    const run = this.#call.runs.find((candidate) => this.#policy(candidate).alwaysSendsCeiling);
    return run && { run, tokens: this.#price.maxOutputTokens, injected: true };
  }

  #refuse(run: BudgetRun, refusing: readonly BudgetRun[], quote: Quote, result: Exceeded): Decision {
    const first = this.#call.runs.indexOf(run) * UNITS.length;
    const offset = UNITS.findIndex((_, index) => result.denied.includes(first + index));
    const unit = UNITS[offset] as Unit;
    const balance = result.balances[first + offset];
    return {
      granted: false,
      model: this.#model,
      run,
      policy: this.#policy(run),
      unit,
      amount: amountOf(quote, unit),
      spent: balance?.spent ?? 0,
      held: balance?.held ?? 0,
      canFitLater: refusing.every((candidate) => this.#fitsOnceSettled(candidate, quote, result)),
    };
  }

  #fitsOnceSettled(run: BudgetRun, quote: Quote, result: Exceeded): boolean {
    const rooms = this.#unspent(run, result);
    const policy = this.#policy(run);
    const isRoomy = (room: Room, amount: number) =>
      policy.admit === 'below-cap' ? room.amount > 0 : amount <= room.amount;
    if (policy.admit === 'fit' && (policy.alwaysSendsCeiling || this.#callerCeiling() === undefined)) {
      const least = Math.max(
        policy.alwaysSendsCeiling ? 1 : run.spec.outputReserve,
        this.#call.request.minOutputTokens,
      );
      const hasCall = rooms.every((room) => room.unit !== 'calls' || room.amount >= 1);
      return hasCall && ceilingThatFits(this.#quoteInputWithoutCeiling(), rooms) >= least;
    }
    return rooms.every((room) => isRoomy(room, amountOf(quote, room.unit)));
  }
}

function amountOf(quote: Quote, unit: Unit): number {
  if (unit === 'usd') return quote.costNanoUsd;
  return unit === 'tokens' ? Math.min(quote.inputTokens + quote.outputTokens, MAX_AMOUNT) : 1;
}
