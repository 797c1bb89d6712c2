import type { SpendRecord } from './sink.js';

/** How many sums of evicted records are kept. */
export const DEFAULT_MAX_EVICTED_GROUPS = 10_000;

/** What calls are grouped and filtered by, their time aside. */
export type CallTraits = Pick<SpendRecord, 'provider' | 'operation' | 'model' | 'servedModel' | 'outcome' | 'tags'> & {
  /** Outermost first. */
  readonly budgets: readonly { readonly name?: string }[];
};

/** What calls came to, exactly. */
export interface CallFigures {
  readonly calls: number;
  readonly costNanoUsd: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cachedInputTokens: number;
  readonly unpricedCalls: number;
  readonly presumedCalls: number;
  readonly estimatedCalls: number;
}

/** The sum of all evicted records that have the same traits. */
export interface EvictedGroup {
  readonly traits: CallTraits;
  readonly figures: CallFigures;
}

/** All that is left of evicted records. */
export interface EvictedSums {
  readonly groups: readonly EvictedGroup[];
  /** How many evicted records are in none of the groups. */
  readonly uncounted: number;
}

type Writable<Fields> = { -readonly [Key in keyof Fields]: Fields[Key] };
type Amounts = Pick<SpendRecord, 'costNanoUsd' | 'basis' | 'usage'>;

interface Group {
  readonly key: string;
  readonly traits: CallTraits;
  readonly figures: Writable<CallFigures>;
}

/** What one provisional record put into its group; `group` is `undefined` where the record is in none. */
interface Contribution {
  readonly group: Group | undefined;
  readonly amounts: Amounts;
}

// As many attempts as the ledger in memory remembers; of older ones it takes no correction either.
const MAX_CONTRIBUTIONS = 10_000;

/**
 * Sums of evicted records, one for each set of traits: all tags, provider, operation, both models, the names of the
 * budgets and the outcome.
 *
 * Its size depends on how many sets of traits there are, never on how many records came: at most `maxGroups` sums, and
 * what the latest provisional records put into them. A record whose traits would need one sum more is only counted.
 */
export class EvictedTotals {
  readonly #maxGroups: number;
  readonly #groups = new Map<string, Group>();
  // Two generations forget the oldest without looking for them: a full `recent` becomes `older`, whose entries go.
  #recent = new Map<string, Contribution>();
  #older = new Map<string, Contribution>();
  #uncounted = 0;

  constructor(maxGroups: number) {
    this.#maxGroups = maxGroups;
  }

  /** Adds an evicted record in constant time. `mayChange`: its last word may still come, see `takeBack`. */
  add(record: SpendRecord, mayChange: boolean): void {
    const group = this.#groupOf(record);
    if (group === undefined) this.#uncounted += 1;
    else count(group.figures, record, 1);
    if (!mayChange) return;
    if (this.#recent.size >= MAX_CONTRIBUTIONS) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    const { costNanoUsd, basis, usage } = record;
    this.#recent.set(record.id, { group, amounts: { costNanoUsd, basis, ...(usage && { usage }) } });
  }

  /**
   * Takes a provisional record out again, because its last word came. Returns whether it was here; the latest 10 000
   * provisional records are.
   */
  takeBack(id: string): boolean {
    const contribution = this.#recent.get(id) ?? this.#older.get(id);
    if (contribution === undefined) return false;
    this.#recent.delete(id);
    this.#older.delete(id);
    const { group, amounts } = contribution;
    if (group === undefined) {
      this.#uncounted -= 1;
      return true;
    }
    count(group.figures, amounts, -1);
    // A group without calls would be a row of zeros, and take the place of another.
    if (group.figures.calls === 0) this.#groups.delete(group.key);
    return true;
  }

  /** A copy that later records do not change. */
  sums(): EvictedSums {
    const groups = Array.from(this.#groups.values(), ({ traits, figures }) => ({ traits, figures: { ...figures } }));
    return { groups, uncounted: this.#uncounted };
  }

  clear(): void {
    this.#groups.clear();
    this.#recent.clear();
    this.#older.clear();
    this.#uncounted = 0;
  }

  #groupOf(record: SpendRecord): Group | undefined {
    const key = keyOf(record);
    const known = this.#groups.get(key);
    if (known !== undefined || this.#groups.size >= this.#maxGroups) return known;
    const group = { key, traits: traitsOf(record), figures: noFigures() };
    this.#groups.set(key, group);
    return group;
  }
}

/**
 * Two records have the same key where no grouping and no filter can tell them apart, time aside: tags are text there.
 * A length before each text keeps apart what joining would mix up, and takes less time than JSON: this is on the way of
 * every call once the ring is full.
 */
function keyOf({ provider, operation, model, servedModel, outcome, budgets, tags }: SpendRecord): string {
  let key = lengthened(provider) + lengthened(operation) + lengthened(model) + lengthened(outcome);
  key += servedModel === undefined ? '-' : lengthened(servedModel);
  for (const { name } of budgets) {
    if (name !== undefined) key += lengthened(name);
  }
  key += '#';
  for (const tagKey of Object.keys(tags).sort()) key += lengthened(tagKey) + lengthened(String(tags[tagKey]));
  return key;
}

function lengthened(text: string): string {
  return `${text.length}:${text}`;
}

/** A copy of what is needed: the record itself, with its items, must be free to go. */
function traitsOf(record: SpendRecord): CallTraits {
  const { provider, operation, model, servedModel, outcome, tags } = record;
  const budgets = budgetNames(record).map((name) => ({ name }));
  return { provider, operation, model, ...(servedModel !== undefined && { servedModel }), outcome, tags, budgets };
}

function budgetNames(record: SpendRecord): string[] {
  return record.budgets.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function noFigures(): Writable<CallFigures> {
  return {
    calls: 0,
    costNanoUsd: 0n,
    inputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    cachedInputTokens: 0,
    unpricedCalls: 0,
    presumedCalls: 0,
    estimatedCalls: 0,
  };
}

function count(figures: Writable<CallFigures>, { costNanoUsd, basis, usage }: Amounts, sign: 1 | -1): void {
  figures.calls += sign;
  figures.costNanoUsd += BigInt(sign * costNanoUsd);
  if (basis === 'unpriced') figures.unpricedCalls += sign;
  else if (basis === 'presumed') figures.presumedCalls += sign;
  else if (basis === 'estimated') figures.estimatedCalls += sign;
  if (usage === undefined) return;
  figures.inputTokens += sign * usage.inputTokens;
  figures.outputTokens += sign * usage.outputTokens;
  figures.reasoningTokens += sign * (usage.reasoningOutputTokens ?? 0);
  figures.cachedInputTokens += sign * (usage.cacheReadInputTokens ?? 0);
}
