import { enterWith } from './budget/shapes.js';
import { createBudgets } from './budgets.js';
import { createGate } from './call/admission.js';
import { createHeadroom } from './call/headroom.js';
import { createWaitQueue } from './call/wait-queue.js';
import { createClients } from './clients.js';
import { systemClock } from './clock.js';
import { createBoundedLog, type Engine, type Settings } from './engine.js';
import { ConfigError } from './errors.js';
import { type Estimate, type EstimateRequest, estimateCall } from './estimate.js';
import {
  type ClampEvent,
  createEvents,
  type DowngradeEvent,
  EVENT_NAMES,
  type EventName,
  type Listener,
} from './events.js';
import { type ExportedContext, exportContext, runWithContext } from './exported-context.js';
import { JointLedger } from './ledger/joint.js';
import { memoryLedger } from './ledger/memory.js';
import { createLiveScope, type LiveScope } from './live-scope.js';
import { openCatalog } from './pricing/catalog.js';
import { Prices } from './pricing/prices.js';
import { STALE_AFTER_DAYS } from './pricing/stale.js';
import { createPrefixMemory } from './quote/prefix-memory.js';
import { createGptTokenizerSource } from './quote/tokenizer.js';
import { createIdSource } from './random.js';
import { createReport, type Report, type ReportOptions } from './report/report.js';
import { bind, currentContext, runInContext, withTags } from './scope.js';
import { type ConfigureOptions, checkSettings, type GuardOptions } from './settings.js';
import { createRecordRing } from './sink/memory.js';
import type { Sink, Tags } from './sink/sink.js';
import { addSink, removeSinks } from './sinks.js';
import {
  type AccountChange,
  adjustAccount,
  balanceOfAccount,
  standingBudgetsOf,
  UNSHARED,
  useLedger,
} from './standing-budgets.js';
import { createWarner } from './warnings.js';
import { createWireFinder } from './wire/wires.js';

const DEFAULT_SETTINGS: Readonly<Settings> = Object.freeze({
  onUnpriced: undefined,
  onWarning: undefined,
  onStalePrices: 'warn',
  stalePricesAfterDays: STALE_AFTER_DAYS,
  onLedgerError: 'refuse',
});

/** Everything one guard does. The functions of the package are those of one default guard. */
export type Guard = ReturnType<typeof createGuard>;

/**
 * Makes an isolated guard: its own ledger, sinks, prices, clock and records. Its budgets bind only its own clients.
 *
 * @throws ConfigError for an option that is unknown or cannot be used.
 *
 * @example
 * const guard = createGuard({ maxRecords: 1000 });
 * const openai = guard.instrument(new OpenAI());
 * await guard.budget({ usd: 0.5 }).run(() => openai.chat.completions.create(request));
 * console.log(guard.report().total().costUsd);
 */
export function createGuard(options: GuardOptions = {}) {
  checkSettings('createGuard', options);
  const engine = createEngine(options);
  const budgets = createBudgets(engine);
  const clients = createClients(createGate(engine), budgets.openBound, () => {
    engine.counters.guardedClients += 1;
  });

  return {
    ...clients,
    budget: budgets.budget,
    measure: budgets.measure,
    configure(changes: ConfigureOptions): void {
      checkSettings('configure', changes);
      applySettings(engine, changes);
    },
    track,
    bind,
    exportContext,
    runWithContext: <Result>(context: ExportedContext, fn: () => Result): Result => runWithContext(engine, context, fn),
    current: (): LiveScope | undefined => {
      const run = currentContext().runs.findLast((candidate) => candidate.owner === engine.owner);
      return run && createLiveScope(engine, run);
    },
    report: (reportOptions?: ReportOptions): Report =>
      createReport(engine.ring.records(), reportOptions, {
        dropped: engine.ring.dropped,
        droppedUntilMs: engine.ring.droppedUntilMs,
        evicted: engine.ring.evicted(),
      }),
    estimate: (request: EstimateRequest): Promise<Estimate> => estimateCall(engine, request),
    prices: engine.prices,
    addSink: (sink: Sink): (() => Promise<void>) => addSink(engine, sink),
    on: <Name extends EventName>(name: Name, listener: Listener<Name>) => listen(engine, name, listener),
    downgrades: (): readonly DowngradeEvent[] => engine.downgrades.entries(),
    clamps: (): readonly ClampEvent[] => engine.clamps.entries(),
    dropped: (): number => engine.ring.dropped,
    balance: (name: string, tags?: Tags) => balanceOfAccount(engine, name, tags),
    adjust: (name: string, tags: Tags, change: AccountChange, reason: string) =>
      adjustAccount(engine, name, tags, change, reason),
    unguardedCalls: (): number => engine.counters.unguardedCalls,
    unpricedCalls: (): number => engine.counters.unpricedCalls,
    flush: async (): Promise<void> => {
      await engine.booking.settleLeftOver();
      await Promise.all([...engine.sinks.values()].map((sink) => sink.flush()));
    },
    shutdown: async (): Promise<void> => {
      await engine.booking.settleLeftOver();
      await removeSinks(engine);
    },
    reset: (): void => reset(engine),
  };
}

/**
 * Attributes what `fn` spends to `tags`. Nests: inner keys win. A sync function stays sync; generators run inside.
 *
 * @throws ConfigError for a tag that is not text, a number or a boolean.
 */
export function track<Result>(tags: Tags, fn: () => Result): Result {
  if (typeof fn !== 'function')
    throw new ConfigError({ option: 'track', value: fn, remedy: 'give the function to run' });
  const context = withTags(tags);
  return enterWith((body) => runInContext(context, body), fn);
}

function createEngine(options: GuardOptions): Engine {
  const clock = options.clock ?? systemClock;
  const settings: Engine['settings'] = { ...DEFAULT_SETTINGS };
  const warner = createWarner(() => settings.onWarning);
  const ledger = memoryLedger({ clock });
  const engine: Engine = {
    owner: {},
    clock,
    nextId: createIdSource(),
    prices: new Prices(openCatalog(), clock),
    findWire: createWireFinder(),
    ledger,
    booking: new JointLedger(ledger, undefined, UNSHARED),
    standingLedger: undefined,
    standing: [],
    standingByName: new Map(),
    ring: createRecordRing(),
    // A listener's own trouble is told like any warning: it has no place in the call that was told of.
    events: createEvents((_, error) => {
      settings.onWarning ? settings.onWarning(error as never) : process.emitWarning(String(error));
    }),
    sinks: new Map(),
    settings,
    encoders: options.encoders ?? createGptTokenizerSource(),
    headroom: createHeadroom(),
    prefixes: createPrefixMemory(),
    live: new Map(),
    waiting: createWaitQueue(clock),
    downgrades: createBoundedLog(),
    clamps: createBoundedLog(),
    counters: { unpricedCalls: 0, guardedClients: 0, unguardedCalls: 0 },
    staleness: { key: '', warning: undefined },
    refusedBy: new WeakMap(),
    warnOnce: warner.warnOnce,
    forgetWarnings: warner.forget,
  };
  const { clock: _, encoders: __, ...changes } = options;
  applySettings(engine, changes);
  return engine;
}

function applySettings(engine: Engine, changes: ConfigureOptions): void {
  if (changes.maxRecords !== undefined) engine.ring.resize(changes.maxRecords);
  if (changes.onUnpriced !== undefined) engine.settings.onUnpriced = changes.onUnpriced;
  if (changes.onWarning !== undefined) engine.settings.onWarning = changes.onWarning;
  if (changes.onStalePrices !== undefined) engine.settings.onStalePrices = changes.onStalePrices;
  if (changes.stalePricesAfterDays !== undefined) engine.settings.stalePricesAfterDays = changes.stalePricesAfterDays;
  if (changes.onLedgerError !== undefined) engine.settings.onLedgerError = changes.onLedgerError;
  if (changes.ledger !== undefined) useLedger(engine, changes.ledger);
  if (changes.budgets !== undefined) engine.standing = standingBudgetsOf(engine, changes.budgets);
  if (changes.sinks !== undefined) {
    void removeSinks(engine);
    for (const sink of changes.sinks) addSink(engine, sink);
  }
}

function listen<Name extends EventName>(engine: Engine, name: Name, listener: Listener<Name>): () => void {
  if (!EVENT_NAMES.includes(name)) {
    throw new ConfigError({ option: 'event', value: name, remedy: `use one of: ${EVENT_NAMES.join(', ')}` });
  }
  if (typeof listener !== 'function')
    throw new ConfigError({ option: 'listener', value: listener, remedy: 'give a function' });
  return engine.events.on(name, listener);
}

function reset(engine: Engine): void {
  void removeSinks(engine);
  engine.ring.clear();
  engine.events.clear();
  engine.downgrades.clear();
  engine.clamps.clear();
  engine.counters.unpricedCalls = 0;
  engine.counters.unguardedCalls = 0;
  engine.standing = [];
  engine.standingByName.clear();
  engine.standingLedger = undefined;
  engine.booking = new JointLedger(engine.ledger, undefined, UNSHARED);
  engine.prices.reset();
  engine.prefixes.clear();
  engine.headroom.clear();
  Object.assign(engine.settings, DEFAULT_SETTINGS);
  engine.forgetWarnings();
}
