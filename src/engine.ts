import type { OnUnpriced } from './budget/options.js';
import type { BudgetRun } from './budget/run.js';
import type { StandingBudget } from './budget/standing.js';
import type { Attempt } from './call/attempt.js';
import type { Headroom } from './call/headroom.js';
import type { AttemptFacts } from './call/record.js';
import type { WaitQueue } from './call/wait-queue.js';
import type { Clock } from './clock.js';
import type { RefusalError } from './errors.js';
import type { ClampEvent, DowngradeEvent, Events } from './events.js';
import type { JointLedger } from './ledger/joint.js';
import type { Ledger } from './ledger/ledger.js';
import type { SyncLedger } from './ledger/memory.js';
import type { Price } from './pricing/price.js';
import type { Prices } from './pricing/prices.js';
import type { StalePriceWarning } from './pricing/stale.js';
import type { PrefixMemory } from './quote/prefix-memory.js';
import type { EncoderSource } from './quote/tokenizer.js';
import type { IdSource } from './random.js';
import type { SinkRunner } from './sink/batch.js';
import type { RecordRing } from './sink/memory.js';
import type { TokenguardWarning } from './warnings.js';
import type { Wire } from './wire/wire.js';

/** What `configure` may change while the guard runs. */
export interface Settings {
  onUnpriced: OnUnpriced | undefined;
  onStalePrices: 'warn' | 'ignore' | 'refuse';
  stalePricesAfterDays: number;
  onWarning: ((warning: TokenguardWarning) => void) | undefined;
  onLedgerError: 'refuse' | 'allow';
}

/** The parts of one guard, wired once and shared by the steps of a call. */
export interface Engine {
  /** Whose runs bind: see `BudgetRun.owner`. */
  readonly owner: object;
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly prices: Prices;
  readonly findWire: (path: string, provider?: string) => Wire | undefined;
  /** Keeps the accounts of runs, which live in this process. */
  readonly ledger: SyncLedger;
  /** Where calls are held and booked: the accounts of runs, and those of standing budgets. */
  booking: JointLedger;
  /** Keeps the accounts of standing budgets; `undefined` where none was configured. */
  standingLedger: Ledger | undefined;
  /** The standing budgets of every call. */
  standing: readonly StandingBudget[];
  /** Standing budgets by name: each name is one budget. */
  readonly standingByName: Map<string, StandingBudget>;
  readonly ring: RecordRing;
  readonly events: Events;
  readonly sinks: Map<string, SinkRunner>;
  readonly settings: Settings;
  readonly encoders: EncoderSource;
  /** Models that billed more than their bound. */
  readonly headroom: Headroom;
  /** What conversations took in before. */
  readonly prefixes: PrefixMemory;
  /** Attempts in flight, by id, so that an expired hold finds its own. */
  readonly live: Map<string, Attempt>;
  /** Calls that wait for held money. */
  readonly waiting: WaitQueue;
  readonly downgrades: BoundedLog<DowngradeEvent>;
  readonly clamps: BoundedLog<ClampEvent>;
  readonly counters: { unpricedCalls: number; guardedClients: number; unguardedCalls: number };
  /** The last look at how old the prices are. */
  staleness: { readonly key: string; readonly warning: StalePriceWarning | undefined };
  /** Which run a refusal came from, so that an inner scope does not swallow what an outer budget refused. */
  readonly refusedBy: WeakMap<RefusalError, BudgetRun>;
  warnOnce(key: string, make: () => TokenguardWarning): void;
  forgetWarnings(): void;
}

/** The newest entries of something that goes on for ever. */
export interface BoundedLog<Entry> {
  add(entry: Entry): void;
  entries(): readonly Entry[];
  clear(): void;
}

export function createBoundedLog<Entry>(maxEntries = 1000): BoundedLog<Entry> {
  let entries: Entry[] = [];
  return {
    add(entry) {
      entries.push(entry);
      // Trimmed at twice the bound, so that adding stays cheap.
      if (entries.length >= maxEntries * 2) entries = entries.slice(-maxEntries);
    },
    entries: () => entries.slice(-maxEntries),
    clear() {
      entries = [];
    },
  };
}

/** What deciding about prices needs to know of a call. */
export interface PriceQuery {
  readonly provider: string;
  readonly baseURL: string | undefined;
  readonly runs: readonly BudgetRun[];
}

/** The price of `model`, or of the model a budget or the configuration says to take in its place. */
export function findPrice(engine: Engine, model: string, query: PriceQuery): Price | undefined {
  const found = engine.prices.match(model, query.provider, query.baseURL);
  if (found) return found.price;
  const choices = [...query.runs.map((run) => run.spec.onUnpriced).reverse(), engine.settings.onUnpriced];
  for (const choice of choices) {
    if (typeof choice !== 'object') continue;
    const assumed = engine.prices.match(choice.assume, query.provider) ?? engine.prices.match(choice.assume);
    if (assumed) return assumed.price;
  }
  return undefined;
}

/** The price of the model that answered; one the user registered for the model he asked for outranks it. */
export function findServedPrice(
  engine: Engine,
  facts: AttemptFacts,
  baseURL: string | undefined,
  servedModel: string | undefined,
): Price | undefined {
  const { provider, model, price } = facts;
  if (servedModel === undefined || servedModel === model || price === undefined) return price;
  if (engine.prices.isRegistered(model, provider, baseURL)) return price;
  return engine.prices.match(servedModel, provider, baseURL)?.price ?? price;
}
