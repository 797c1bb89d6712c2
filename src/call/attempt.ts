import type { OnUnknown } from '../budget/options.js';
import type { Amounts, Ledger, MaybePromise, SettleResult } from '../ledger/ledger.js';
import { multiplyPico } from '../money.js';
import { costOf } from '../pricing/cost.js';
import type { Cost, Price } from '../pricing/price.js';
import type { Outcome, SpendRecord } from '../sink/sink.js';
import type { Usage } from '../usage/usage.js';
import type { ResponseReading } from '../wire/wire.js';
import { after } from './after.js';
import { makeBill } from './bill.js';
import { type AttemptFacts, type Booking, makeRecord } from './record.js';

/** What an attempt needs of the guard. */
export interface AttemptHost {
  readonly ledger: Pick<Ledger, 'settle' | 'release'>;
  nowMs(): number;
  monotonicMs(): number;
  /** The price of the model that answered. */
  priceOf(facts: AttemptFacts, servedModel: string | undefined): Price | undefined;
  /** Takes a record after the ledger has it. `replaces`: an earlier record of this attempt stands corrected. */
  publish(attempt: Attempt, record: SpendRecord, settled: SettleResult, replaces: boolean): void;
  onInvalidUsage(attempt: Attempt): void;
  onClosed(attempt: Attempt): void;
}

type State = 'held' | 'expired' | 'settled' | 'released';

/** What was seen of an answer that never told its usage. */
export interface Seen {
  readonly inputUsage?: Usage;
  readonly outputTokens: number;
}

/**
 * One HTTP attempt: held → settled, released or presumed, exactly once. Money is booked in the ledger before anybody
 * hears of it, and what they do with it cannot undo it.
 */
export class Attempt {
  readonly facts: AttemptFacts;
  readonly #host: AttemptHost;
  #state: State = 'held';
  #firstTokenMs: number | undefined;

  constructor(facts: AttemptFacts, host: AttemptHost) {
    this.facts = facts;
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#state === 'held' || this.#state === 'expired';
  }

  /** Marks the arrival of the first output. */
  sawOutput(): void {
    this.#firstTokenMs ??= this.#host.monotonicMs();
  }

  /** Gives the hold back: nothing was billed. */
  release(): MaybePromise<void> {
    if (this.#state !== 'held') return;
    this.#state = 'released';
    return after(this.#host.ledger.release(this.facts.id), () => this.#host.onClosed(this));
  }

  /** Books what the provider says it billed; what it says so that it cannot be true is unknown. */
  settle(reading: ResponseReading, outcome: Outcome): MaybePromise<void> {
    if (!this.isOpen) return;
    const bill = makeBill(reading, (servedModel) => this.#host.priceOf(this.facts, servedModel));
    if (bill !== undefined) return this.#book({ ...bill, outcome, reading });
    if (reading.usage !== undefined) this.#host.onInvalidUsage(this);
    return this.#presume(outcome, reading);
  }

  /** Books the outcome nobody knows: the hold, or an estimate where the budgets allow one. */
  settleUnknown(outcome: Outcome, reading: ResponseReading, seen: Seen): MaybePromise<void> {
    if (!this.isOpen) return;
    return this.#mayEstimate(outcome, seen) ? this.estimate(outcome, reading, seen) : this.#presume(outcome, reading);
  }

  /** Charges the hold. */
  #presume(outcome: Outcome, reading: ResponseReading): MaybePromise<void> {
    const cost = this.#costOfHold();
    return this.#book({ cost, basis: 'presumed', outcome, price: this.facts.price, reading });
  }

  /** The ledger charged the hold because its lease ran out; the call may still come back. */
  expired(): void {
    if (this.#state !== 'held') return;
    this.#state = 'expired';
    const { price } = this.facts;
    const cost = this.#costOfHold();
    const record = this.#record({ cost, basis: 'presumed', outcome: 'expired', price, reading: {} });
    const nothing = { usd: 0, tokens: 0, calls: 0 };
    this.#host.publish(this, record, { outcome: 'presumed', overrun: nothing }, false);
  }

  #costOfHold(): Cost {
    const { costNanoUsd } = this.facts.quote;
    const item = { kind: 'presumed', quantity: 1, costPicoUsd: multiplyPico(costNanoUsd, 1000) } as const;
    return { items: [item], costNanoUsd };
  }

  #mayEstimate(outcome: Outcome, seen: Seen): boolean {
    const { runs, request, price } = this.facts;
    const choices = new Set<OnUnknown>(runs.map((run) => run.spec.onUnknown));
    if (choices.has('charge')) return false;
    if (!choices.has('auto') && choices.size > 0) return true;
    const hidesReasoning = request.hidesReasoning ?? price?.hidesReasoning ?? true;
    return outcome === 'cut' && seen.outputTokens > 0 && !hidesReasoning;
  }

  /** Books what was seen of an answer, rounded up, and never above the hold. */
  estimate(outcome: Outcome, reading: ResponseReading, seen: Seen): MaybePromise<void> {
    if (!this.isOpen) return;
    const { quote, price, request, inputTokens } = this.facts;
    const input = seen.inputUsage ?? { inputTokens, outputTokens: 0 };
    const usage = {
      ...input,
      outputTokens: Math.min(Math.max(seen.outputTokens, input.outputTokens), quote.outputTokens),
    };
    const tier = reading.serviceTier ?? request.serviceTier;
    const full = price
      ? costOf(usage, price, tier === undefined ? {} : { serviceTier: tier })
      : { items: [], costNanoUsd: 0 };
    const cost = full.costNanoUsd > quote.costNanoUsd ? { ...full, costNanoUsd: quote.costNanoUsd } : full;
    return this.#book({ usage, cost, basis: 'estimated', outcome, price, reading });
  }

  #book(booking: Booking): MaybePromise<void> {
    const replaces = this.#state === 'expired';
    this.#state = 'settled';
    const { usage, cost, basis } = booking;
    const tokens = usage && usage.inputTokens + usage.outputTokens;
    const actual: Amounts | undefined =
      basis === 'presumed' || tokens === undefined ? undefined : { usd: cost.costNanoUsd, tokens, calls: 1 };
    return after(this.#host.ledger.settle(this.facts.id, actual), (settled) => {
      this.#host.publish(this, this.#record(booking), settled, replaces);
      this.#host.onClosed(this);
    });
  }

  #record(booking: Booking): SpendRecord {
    return makeRecord(this.facts, booking, {
      timeMs: this.#host.nowMs(),
      endedMs: this.#host.monotonicMs(),
      firstTokenMs: this.#firstTokenMs,
    });
  }
}
