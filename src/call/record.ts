import type { BudgetRun } from '../budget/run.js';
import type { Cost, Price } from '../pricing/price.js';
import type { Quote } from '../quote/quote.js';
import { type CostBasis, type Outcome, RECORD_SCHEMA_VERSION, type SpendRecord, type TagValue } from '../sink/sink.js';
import type { Usage } from '../usage/usage.js';
import type { CallRequest, ResponseReading } from '../wire/wire.js';

/** What an attempt is, from the moment its hold was granted. */
export interface AttemptFacts {
  readonly id: string;
  readonly provider: string;
  readonly request: CallRequest;
  /** The model that was sent, after any rewrite. */
  readonly model: string;
  readonly price: Price | undefined;
  readonly quote: Quote;
  /** The tightest bound of the input that is known. */
  readonly inputTokens: number;
  readonly runs: readonly BudgetRun[];
  readonly tags: Readonly<Record<string, TagValue>>;
  readonly startedMs: number;
  readonly ceilingTokens?: number;
  readonly ceilingInjected: boolean;
}

/** What an attempt came to. */
export interface Booking {
  readonly usage?: Usage;
  readonly cost: Cost;
  readonly basis: CostBasis;
  readonly outcome: Outcome;
  readonly price: Price | undefined;
  readonly reading: ResponseReading;
}

/** When it came to it. `timeMs` is wall-clock time; the others are monotonic. */
export interface RecordTimes {
  readonly timeMs: number;
  readonly endedMs: number;
  readonly firstTokenMs: number | undefined;
}

type Writable<Fields> = { -readonly [Key in keyof Fields]: Fields[Key] };

/** The frozen record of an attempt. Keys that do not apply are absent, and are set one by one: this is on every call's way. */
export function makeRecord(facts: AttemptFacts, booking: Booking, times: RecordTimes): SpendRecord {
  const { request, quote } = facts;
  const { usage, cost, price, reading } = booking;
  const record: Writable<SpendRecord> = {
    id: facts.id,
    schemaVersion: RECORD_SCHEMA_VERSION,
    timeMs: times.timeMs,
    provider: facts.provider,
    operation: request.operation,
    model: facts.model,
    costNanoUsd: cost.costNanoUsd,
    basis: booking.basis,
    items: Object.freeze(cost.items.map((item) => Object.freeze(item))),
    tags: facts.tags,
    budgets: Object.freeze(facts.runs.map(budgetOf)),
    holdNanoUsd: quote.costNanoUsd,
    outcome: booking.outcome,
    stream: request.stream,
    durationMs: times.endedMs - facts.startedMs,
  };
  const serviceTier = reading.serviceTier ?? request.serviceTier;
  if (request.model !== facts.model) record.requestedModel = request.model;
  if (reading.servedModel !== undefined) record.servedModel = reading.servedModel;
  if (usage) record.usage = Object.freeze(usage);
  if (price) {
    record.priceSource = price.source;
    record.priceAsOf = price.asOf;
  }
  if (serviceTier !== undefined) record.serviceTier = serviceTier;
  if (times.firstTokenMs !== undefined) record.timeToFirstTokenMs = times.firstTokenMs - facts.startedMs;
  if (facts.ceilingTokens !== undefined) record.ceilingTokens = facts.ceilingTokens;
  if (facts.ceilingInjected) record.ceilingInjected = true;
  return Object.freeze(record);
}

function budgetOf({ id, spec }: BudgetRun): SpendRecord['budgets'][number] {
  return Object.freeze(spec.name === undefined ? { id } : { id, name: spec.name });
}
