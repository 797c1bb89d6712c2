import { formatUsd, nanoToUsd } from '../money.js';
import type { CallFigures } from '../sink/evicted-totals.js';
import type { SpendRecord } from '../sink/sink.js';
import type { Call, DimensionReader } from './dimension.js';
import type { Selection } from './selection.js';

/** What a set of calls came to. Counts are whole numbers. */
export interface ReportTotal {
  /** US dollars as a number to show. */
  readonly usd: number;
  /** US dollars as an exact decimal. */
  readonly costUsd: string;
  /** Input and output together. */
  readonly tokens: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `outputTokens`. */
  readonly reasoningTokens: number;
  /** Part of `inputTokens` that was read from a prompt cache. */
  readonly cachedInputTokens: number;
  /** Attempts, retries included. */
  readonly calls: number;
  /** Calls whose model has no price; they count as $0. */
  readonly unpricedCalls: number;
  /** Calls whose outcome nobody knows; they count what was held for them. */
  readonly presumedCalls: number;
  /** Calls whose tokens were counted here because the provider told none. */
  readonly estimatedCalls: number;
}

/** The figures of one group. */
export interface ReportRow extends ReportTotal {
  /** The group's keys and values, as text; `null` where its calls have no such tag. */
  readonly tags: Readonly<Record<string, string | null>>;
}

/** Adds up calls; exact at any number of them. */
export interface Totals {
  add(record: SpendRecord): void;
  /** Adds what several calls came to. */
  addFigures(figures: CallFigures): void;
  /** The exact cost in nano-dollars. */
  readonly costNanoUsd: bigint;
  toTotal(): ReportTotal;
}

class RunningTotals implements Totals {
  // Numbers are fast and exact up to 2^53; what would pass that moves to the BigInt first.
  #costNanoUsd = 0;
  #carriedNanoUsd = 0n;
  #inputTokens = 0;
  #outputTokens = 0;
  #reasoningTokens = 0;
  #cachedInputTokens = 0;
  #calls = 0;
  #unpricedCalls = 0;
  #presumedCalls = 0;
  #estimatedCalls = 0;

  get costNanoUsd(): bigint {
    return this.#carriedNanoUsd + BigInt(this.#costNanoUsd);
  }

  add(record: SpendRecord): void {
    const sum = this.#costNanoUsd + record.costNanoUsd;
    if (sum > Number.MAX_SAFE_INTEGER) {
      this.#carriedNanoUsd += BigInt(this.#costNanoUsd);
      this.#costNanoUsd = record.costNanoUsd;
    } else {
      this.#costNanoUsd = sum;
    }
    this.#calls += 1;
    if (record.basis === 'unpriced') this.#unpricedCalls += 1;
    else if (record.basis === 'presumed') this.#presumedCalls += 1;
    else if (record.basis === 'estimated') this.#estimatedCalls += 1;
    const { usage } = record;
    if (usage === undefined) return;
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
    this.#reasoningTokens += usage.reasoningOutputTokens ?? 0;
    this.#cachedInputTokens += usage.cacheReadInputTokens ?? 0;
  }

  addFigures(figures: CallFigures): void {
    this.#carriedNanoUsd += figures.costNanoUsd;
    this.#inputTokens += figures.inputTokens;
    this.#outputTokens += figures.outputTokens;
    this.#reasoningTokens += figures.reasoningTokens;
    this.#cachedInputTokens += figures.cachedInputTokens;
    this.#calls += figures.calls;
    this.#unpricedCalls += figures.unpricedCalls;
    this.#presumedCalls += figures.presumedCalls;
    this.#estimatedCalls += figures.estimatedCalls;
  }

  toTotal(): ReportTotal {
    const cost = this.costNanoUsd;
    return Object.freeze({
      usd: nanoToUsd(cost),
      costUsd: formatUsd(cost),
      tokens: this.#inputTokens + this.#outputTokens,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      reasoningTokens: this.#reasoningTokens,
      cachedInputTokens: this.#cachedInputTokens,
      calls: this.#calls,
      unpricedCalls: this.#unpricedCalls,
      presumedCalls: this.#presumedCalls,
      estimatedCalls: this.#estimatedCalls,
    });
  }
}

/** Makes empty totals. */
function createTotals(): Totals {
  return new RunningTotals();
}

/** Adds up all calls of a selection. */
export function totalsOf({ records, evicted }: Selection): Totals {
  const totals = createTotals();
  for (const record of records) totals.add(record);
  for (const { figures } of evicted) totals.addFigures(figures);
  return totals;
}

interface Group {
  readonly values: readonly (string | null)[];
  readonly totals: Totals;
}

/**
 * Groups the calls of a selection by the given dimensions: one row for each combination of values that occurs, dearest
 * first, then by value. Without dimensions, one row for all; without calls, none.
 */
export function groupRows(
  { records, evicted }: Selection,
  dimensions: readonly (readonly [key: string, read: DimensionReader])[],
): readonly ReportRow[] {
  const groups = new Map<string, Group>();
  const totalsFor = (call: Call): Totals => {
    const values = dimensions.map(([, read]) => read(call));
    // JSON keeps apart what joining with a separator would mix up: ['a|b', 'c'] and ['a', 'b|c'], null and 'null'.
    const id = JSON.stringify(values);
    let group = groups.get(id);
    if (group === undefined) {
      group = { values, totals: createTotals() };
      groups.set(id, group);
    }
    return group.totals;
  };
  for (const record of records) totalsFor(record).add(record);
  for (const { traits, figures } of evicted) totalsFor(traits).addFigures(figures);
  const keys = dimensions.map(([key]) => key);
  return [...groups.values()]
    .map((group) => ({ ...group, cost: group.totals.costNanoUsd }))
    .sort((left, right) => compareCosts(right.cost, left.cost) || compareValues(left.values, right.values))
    .map(({ values, totals }) => Object.freeze({ tags: tagsOf(keys, values), ...totals.toTotal() }));
}

// Object.fromEntries defines own properties, so a tag key `__proto__` stays a key and changes no prototype.
function tagsOf(keys: readonly string[], values: readonly (string | null)[]): Readonly<Record<string, string | null>> {
  return Object.freeze(Object.fromEntries(keys.map((key, index) => [key, values[index] ?? null])));
}

function compareCosts(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareValues(left: readonly (string | null)[], right: readonly (string | null)[]): number {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? null;
    if (value === other) continue;
    if (value === null) return 1;
    if (other === null) return -1;
    return value < other ? -1 : 1;
  }
  return 0;
}
