import { UnboundedCallError } from '../errors.js';
import type { Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import type { Price } from '../pricing/price.js';
import type { InputBound } from '../quote/input-bound.js';
import { type Quote, type QuoteInput, quoteCall } from '../quote/quote.js';
import type { Decidable } from './decide.js';
import type { BudgetRun } from './run.js';

/** An output ceiling that a budget sends with the call, for one choice. */
export interface Ceiling {
  readonly run: BudgetRun;
  readonly tokens: number;
  /** Whether the caller had set none of his own. */
  readonly injected: boolean;
}

// What a call takes in where nothing bounds it and a budget admits it all the same.
const UNBOUNDED_INPUT_TOKENS = 1_000_000;

/** A call as it stands in the rounds of a decision: the model, what is known of its input, and the ceilings so far. */
export class Draft {
  readonly call: Decidable;
  #model: string;
  #price: Price | undefined;
  #input: InputBound;
  #defaults: Ceiling[] = [];
  #ceilings: Ceiling[] = [];
  #countTried = false;

  constructor(call: Decidable) {
    this.call = call;
    this.#model = call.request.model;
    this.#price = call.priceOf(this.#model);
    this.#input = call.boundInput(this.#model, this.#price);
    this.#start();
  }

  get model(): string {
    return this.#model;
  }

  get price(): Price | undefined {
    return this.#price;
  }

  get input(): InputBound {
    return this.#input;
  }

  /** The strictest ceiling any budget sends; `undefined` where none does. */
  get ceiling(): Ceiling | undefined {
    return strictest([...this.#ceilings, ...this.#defaults]);
  }

  /** The ceiling the caller set, or that a budget sets for calls without one. */
  get callerCeiling(): number | undefined {
    return this.call.request.maxOutputTokens ?? strictest(this.#defaults)?.tokens;
  }

  /** What quotes of this draft are made from; without the ceilings of budgets where they are to be computed anew. */
  quoteInput(options: { readonly withCeiling: boolean } = { withCeiling: true }): QuoteInput {
    const ceiling = options.withCeiling ? this.ceiling : undefined;
    const headroom = this.call.headroomOf(this.#model);
    return {
      request: this.call.request,
      price: this.#price,
      inputTokens: Math.ceil((this.#input.tokens ?? UNBOUNDED_INPUT_TOKENS) * headroom),
      headroom,
      hasAudio: this.#input.hasAudio,
      ...(ceiling && { ceilingTokens: ceiling.tokens }),
    };
  }

  /** What `run` reckons with: a budget that assumes a reserve for calls without a ceiling quotes that. */
  quoteFor(run: BudgetRun, quote: Quote): Quote {
    const { bound, outputReserve, reasoningReserve } = run.spec;
    if (bound !== 'reserve' || this.callerCeiling !== undefined || this.ceiling !== undefined) return quote;
    return quoteCall({ ...this.quoteInput(), ceilingTokens: outputReserve + reasoningReserve });
  }

  addCeiling(ceiling: Ceiling): void {
    this.#ceilings.push(ceiling);
  }

  reroute(model: string): void {
    this.#model = model;
    this.#price = this.call.priceOf(model);
    this.#input = this.call.boundInput(model, this.#price);
    this.#countTried = false;
    // Ceilings were computed from the other model's price.
    this.#ceilings = [];
    this.#start();
  }

  /** Replaces the bound by bytes with a count, once; whether that made it tighter. */
  async countInput(): Promise<boolean> {
    if (this.#countTried || this.#input.method !== 'bytes' || this.#input.tokens === undefined) return false;
    if (!this.call.runs.every((run) => run.spec.countsInput)) return false;
    this.#countTried = true;
    const counted = await this.call.countInput(this.#model, this.#price);
    if (counted?.tokens === undefined || counted.tokens >= this.#input.tokens) return false;
    this.#input = counted;
    return true;
  }

  get canCountInput(): boolean {
    return !this.#countTried && this.#input.method === 'bytes';
  }

  #start(): void {
    this.#refuseUnbounded();
    this.#defaults = [];
    if (this.call.request.maxOutputTokens !== undefined || !this.call.canRewrite) return;
    for (const run of this.call.runs) {
      const tokens = run.spec.maxOutputTokens;
      // A ceiling below what the format takes would only be an error of the provider.
      const isTaken = tokens !== undefined && tokens >= this.call.request.minOutputTokens;
      if (isTaken && !run.spec.isShadow) this.#defaults.push({ run, tokens, injected: true });
    }
  }

  #refuseUnbounded(): void {
    if (this.#input.tokens !== undefined) return;
    const { request, runs } = this.call;
    const minds = runs.some(({ spec }) => spec.enforces && (spec.caps.usd ?? spec.caps.tokens) !== undefined);
    if (!minds) return;
    const isHosted = request.hostedTools !== undefined && request.unboundedInput === undefined;
    const unknown = isHosted
      ? 'its hosted tools may run without a limit'
      : 'it refers to files whose size is not known here';
    throw new UnboundedCallError({
      model: this.#model,
      reason: request.unboundedInput ?? unknown,
      remedy: isHosted
        ? 'limit its tool calls (max_tool_calls, or max_uses on each tool)'
        : "send the content itself, cap calls instead, or use onExceed: 'raise'",
    });
  }
}

/** What a quote asks of a limit in `unit`. */
export function amountOf(quote: Quote, unit: Unit): number {
  if (unit === 'usd') return quote.costNanoUsd;
  return unit === 'tokens' ? Math.min(quote.inputTokens + quote.outputTokens, MAX_AMOUNT) : 1;
}

function strictest(ceilings: readonly Ceiling[]): Ceiling | undefined {
  return ceilings.reduce<Ceiling | undefined>(
    (least, next) => (least && least.tokens <= next.tokens ? least : next),
    undefined,
  );
}
