import type { Budgeted, BudgetOf } from './budget/budget.js';
import type { BudgetOptions, CanTruncate, Exact } from './budget/options.js';
import type { Measured } from './budgets.js';
import type { Fetch } from './client/fetch.js';
import type { InstrumentOptions } from './clients.js';
import type { Estimate, EstimateRequest } from './estimate.js';
import type { ClampEvent, DowngradeEvent, EventName, Listener } from './events.js';
import type { ExportedContext } from './exported-context.js';
import { createGuard, type Guard } from './guard.js';
import type { LiveScope } from './live-scope.js';
import type { Prices } from './pricing/prices.js';
import type { Report, ReportOptions } from './report/report.js';
import { shared } from './scope.js';
import type { ConfigureOptions } from './settings.js';
import type { Sink, Tags } from './sink/sink.js';
import type { AccountBalance, AccountChange } from './standing-budgets.js';

/** The guard behind the functions of this package, made at its first use and shared by all copies of the package. */
function defaultGuard(): Guard {
  const entry = shared();
  entry.guard ??= createGuard();
  return entry.guard as Guard;
}

/**
 * Guards an SDK client in place and returns it, typed as it came. Doing it again changes nothing; `restore` undoes it.
 *
 * Knows clients of `openai` and `@anthropic-ai/sdk`, and test doubles that only have the methods.
 *
 * @throws ConfigError for a client it does not know, naming those it does.
 *
 * @example
 * const openai = instrument(new OpenAI());
 */
export function instrument<Client extends object>(client: Client, options?: InstrumentOptions): Client {
  return defaultGuard().instrument(client, options);
}

/** Undoes `instrument` and returns the client. */
export function restore<Client extends object>(client: Client): Client {
  return defaultGuard().restore(client);
}

/**
 * A `fetch` that guards: for code that calls `fetch`, and for SDKs that take one. A refusal rejects with our own error,
 * after no request.
 *
 * @example
 * const groq = new Groq({ fetch: guardFetch() });
 */
export function guardFetch(send?: Fetch, options?: InstrumentOptions): Fetch {
  return defaultGuard().guardFetch(send, options);
}

/**
 * Puts a function under a budget. Returns a budget to wrap functions with, to decorate methods with, or to open a scope
 * with (`run`); given a function, returns it wrapped. Each run is a fresh account. Budgets nest: a call claims on all.
 *
 * Caps: `usd` in US dollars (a number or a decimal string), `tokens` and `calls` as whole numbers.
 *
 * @throws ConfigError at once for options that cannot be used, naming the option, the value and the remedy.
 *
 * @example
 * const answer = budget({ usd: 0.5, onExceed: ['downgrade', 'block'], downgrade: { 'gpt-4o': 'gpt-4o-mini' } })(
 *   (question: string) => openai.responses.create({ model: 'gpt-4o', input: question }),
 * );
 */
export function budget<const Options extends BudgetOptions>(options: Exact<Options>): BudgetOf<Options, LiveScope>;
export function budget<const Options extends BudgetOptions, Fn extends (...parameters: never[]) => unknown>(
  options: Exact<Options>,
  fn: Fn,
): Budgeted<Fn, CanTruncate<Options>>;
export function budget(options: BudgetOptions, fn?: (...parameters: never[]) => unknown): unknown {
  const created = defaultGuard().budget(options);
  return fn === undefined ? created : created(fn);
}

/** The live scope of the innermost budget in force here; `undefined` outside of any. */
export function current(): LiveScope | undefined {
  return defaultGuard().current();
}

/**
 * Runs `fn` with the tags of a context that `exportContext` took along, in a worker thread, a job or another process.
 * Budgets without a window stay where they were opened; a warning says so once.
 *
 * @throws ConfigError for what `exportContext` did not make.
 *
 * @example
 * worker.postMessage({ context: exportContext(), question });
 * // in the worker:
 * parentPort.on('message', ({ context, question }) => runWithContext(context, () => answer(question)));
 */
export function runWithContext<Result>(context: ExportedContext, fn: () => Result): Result {
  return defaultGuard().runWithContext(context, fn);
}

/**
 * What this process spent, grouped by tag keys and `$` dimensions.
 *
 * @throws ConfigError for an option that cannot be used.
 *
 * @example
 * console.log(report({ groupBy: ['feature', '$model'] }).toTable());
 */
export function report(options?: ReportOptions): Report {
  return defaultGuard().report(options);
}

/**
 * Runs `fn` and resolves what it returned with a report of what it alone spent, also among others that run at once.
 *
 * @example
 * const { value, report } = await measure(() => answer('Where is my parcel?'));
 * report.assertUnder({ usd: 0.05 });
 */
export function measure<Result>(fn: () => Result): Promise<Measured<Awaited<Result>>> {
  return defaultGuard().measure(fn);
}

/**
 * Prices a call without making it: an SDK's own request body, or `{ model, messages, maxOutputTokens? }`. US dollars and
 * tokens. Without a ceiling, output counts 0 in `usd` and the model's maximum in `worstCase`.
 *
 * @throws UnpricedModelError for a model without a price.
 *
 * @example
 * const { usd, worstCase } = await estimate({ model: 'gpt-4o', messages, maxOutputTokens: 500 });
 */
export function estimate(request: EstimateRequest): Promise<Estimate> {
  return defaultGuard().estimate(request);
}

type PublicPrices = Pick<Prices, 'lookup' | 'register' | 'alias' | 'explain' | 'refresh' | 'save' | 'load' | 'asOf'>;

/**
 * The price table. Registered prices and aliases outrank it. Rates are US dollars per million tokens.
 *
 * @example
 * prices.register('my-model', { input: 0.2, output: '0.8' });
 * const { refreshed, reason } = await prices.refresh();
 */
export const prices: PublicPrices = Object.freeze({
  lookup: (...parameters: Parameters<Prices['lookup']>) => defaultGuard().prices.lookup(...parameters),
  register: (...parameters: Parameters<Prices['register']>) => defaultGuard().prices.register(...parameters),
  alias: (...parameters: Parameters<Prices['alias']>) => defaultGuard().prices.alias(...parameters),
  explain: (...parameters: Parameters<Prices['explain']>) => defaultGuard().prices.explain(...parameters),
  refresh: (...parameters: Parameters<Prices['refresh']>) => defaultGuard().prices.refresh(...parameters),
  save: (...parameters: Parameters<Prices['save']>) => defaultGuard().prices.save(...parameters),
  load: (...parameters: Parameters<Prices['load']>) => defaultGuard().prices.load(...parameters),
  get asOf() {
    return defaultGuard().prices.asOf;
  },
});

/**
 * Changes settings of the default guard. An omitted key stays as it is.
 *
 * @throws ConfigError for an option that is unknown or cannot be used.
 */
export function configure(options: ConfigureOptions): void {
  defaultGuard().configure(options);
}

/**
 * Adds a sink; one of the same name is replaced. Returns a function that flushes and removes it.
 *
 * @example
 * const remove = addSink(sqliteSink({ file: 'spend.db' }));
 */
export function addSink(sink: Sink): () => Promise<void> {
  return defaultGuard().addSink(sink);
}

/** Listens to an event; returns the function that stops it. What a listener throws never reaches a call. */
export function on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
  return defaultGuard().on(name, listener);
}

/** The newest calls that went out with a cheaper model. */
export function downgrades(): readonly DowngradeEvent[] {
  return defaultGuard().downgrades();
}

/** The newest calls that went out with an output ceiling a budget set. */
export function clamps(): readonly ClampEvent[] {
  return defaultGuard().clamps();
}

/** How many records gave way to newer ones. */
export function dropped(): number {
  return defaultGuard().dropped();
}

/**
 * The account of a standing budget that calls with `tags` would claim on: for each unit it caps, limit, spent, held,
 * remaining, presumed, overrun and excess, in US dollars, tokens or calls; and `resetsAt`.
 *
 * @throws ConfigError for a name that no standing budget has, or where a `per` tag is missing.
 * @throws LedgerUnavailableError where the ledger cannot be asked.
 *
 * @example
 * const { usd, resetsAt } = await balance('per user', { userId: 'alice' });
 */
export function balance(name: string, tags?: Tags): Promise<AccountBalance> {
  return defaultGuard().balance(name, tags);
}

/**
 * An operator's correction of what an account has spent in its current window, journaled with its reason: adds `change`,
 * or takes it away where it is negative, never below 0. Resolves to the account afterwards.
 *
 * @throws ConfigError and LedgerUnavailableError as `balance` does.
 *
 * @example
 * await adjust('per user', { userId: 'alice' }, { usd: -1.5 }, 'refund for a failed job');
 */
export function adjust(name: string, tags: Tags, change: AccountChange, reason: string): Promise<AccountBalance> {
  return defaultGuard().adjust(name, tags, change, reason);
}

/** How many calls went out under `onLedgerError: 'allow'` because the ledger could not be asked. */
export function unguardedCalls(): number {
  return defaultGuard().unguardedCalls();
}

/** How many calls were booked as 0 USD because their model has no price. */
export function unpricedCalls(): number {
  return defaultGuard().unpricedCalls();
}

/** Resolves when the sinks have written what they were given. */
export function flush(): Promise<void> {
  return defaultGuard().flush();
}

/** Drains and closes the sinks. */
export function shutdown(): Promise<void> {
  return defaultGuard().shutdown();
}

/** Back to a clean state, for tests: no records, sinks, listeners, registered or fetched prices, or settings. */
export function reset(): void {
  defaultGuard().reset();
}
