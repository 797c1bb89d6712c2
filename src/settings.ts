import type { OnUnpriced, StandingBudgetOptions } from './budget/options.js';
import { readOnUnpriced, refuseUnknownKeys } from './budget/spec.js';
import type { Clock } from './clock.js';
import { ConfigError } from './errors.js';
import type { Ledger } from './ledger/ledger.js';
import { isAmount } from './money.js';
import type { EncoderSource } from './quote/tokenizer.js';
import type { Sink } from './sink/sink.js';
import type { TokenguardWarning } from './warnings.js';

/** What `configure` changes. An omitted key stays as it is. */
export interface ConfigureOptions {
  /** How many records this process keeps for `report`. Default 100 000. */
  readonly maxRecords?: number;
  /** For budgets that do not say themselves. */
  readonly onUnpriced?: OnUnpriced;
  /**
   * Where standing budgets are kept: `memoryLedger()` for this process alone, or one that several processes share. Calls
   * in flight settle where they were held.
   */
  readonly ledger?: Ledger;
  /** Standing budgets in force for every call, besides those around it. Replaces those set before. */
  readonly budgets?: readonly (StandingBudgetOptions | object)[];
  /**
   * What a call under a standing budget does where the ledger cannot be asked: it is refused with
   * `LedgerUnavailableError` (the default), or goes out, counted in `unguardedCalls()`.
   */
  readonly onLedgerError?: 'refuse' | 'allow';
  /** Replaces all sinks. */
  readonly sinks?: readonly Sink[];
  /**
   * What a call priced from a table older than `stalePricesAfterDays` (default 45) does under a usd cap: `'warn'` once
   * (the default), nothing, or is refused where the budget keeps its cap.
   */
  readonly onStalePrices?: 'warn' | 'ignore' | 'refuse';
  readonly stalePricesAfterDays?: number;
  /** Takes warnings instead of `process.emitWarning`. */
  readonly onWarning?: (warning: TokenguardWarning) => void;
}

/** Options of `createGuard`: those of `configure`, and what cannot change later. */
export interface GuardOptions extends ConfigureOptions {
  readonly clock?: Clock;
  /** Exact token counts for models beyond those of `gpt-tokenizer`. */
  readonly encoders?: EncoderSource;
}

const CONFIGURE_KEYS = [
  'maxRecords',
  'onUnpriced',
  'onStalePrices',
  'stalePricesAfterDays',
  'ledger',
  'budgets',
  'onLedgerError',
  'sinks',
  'onWarning',
] as const;
const GUARD_KEYS = [...CONFIGURE_KEYS, 'clock', 'encoders'] as const;

/**
 * Checks options of `configure` or `createGuard`.
 *
 * @throws ConfigError naming the option, the value and what is allowed.
 */
export function checkSettings(what: 'configure' | 'createGuard', options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigError({ option: `${what} options`, value: options, remedy: 'give an object' });
  }
  refuseUnknownKeys(`${what} option`, options, what === 'configure' ? CONFIGURE_KEYS : GUARD_KEYS);
  const { onUnpriced, onStalePrices, stalePricesAfterDays, sinks, onWarning, clock, encoders } = options as Partial<
    Record<string, unknown>
  >;
  const { ledger, budgets, onLedgerError } = options as Partial<Record<string, unknown>>;
  readOnUnpriced(onUnpriced);
  if (onStalePrices !== undefined && !['warn', 'ignore', 'refuse'].includes(onStalePrices as string)) {
    throw new ConfigError({
      option: 'onStalePrices',
      value: onStalePrices,
      remedy: "use 'warn', 'ignore' or 'refuse'",
    });
  }
  if (stalePricesAfterDays !== undefined && !isAmount(stalePricesAfterDays)) {
    throw new ConfigError({
      option: 'stalePricesAfterDays',
      value: stalePricesAfterDays,
      remedy: 'give a whole number of days, 0 or more',
    });
  }
  checkLedger(ledger);
  if (budgets !== undefined && !Array.isArray(budgets)) {
    throw new ConfigError({ option: 'budgets', value: budgets, remedy: 'give a list of budgets' });
  }
  if (onLedgerError !== undefined && onLedgerError !== 'refuse' && onLedgerError !== 'allow') {
    throw new ConfigError({ option: 'onLedgerError', value: onLedgerError, remedy: "use 'refuse' or 'allow'" });
  }
  if (sinks !== undefined) {
    if (!Array.isArray(sinks)) throw new ConfigError({ option: 'sinks', value: sinks, remedy: 'give a list of sinks' });
    for (const sink of sinks) checkSink(sink);
  }
  requireFunction('onWarning', onWarning);
  requireFunction('encoders', encoders);
  if (clock !== undefined) {
    for (const method of ['nowMs', 'monotonicMs', 'schedule']) {
      requireFunction(`clock.${method}`, (clock as Record<string, unknown>)[method] ?? null);
    }
  }
}

function checkLedger(ledger: unknown): void {
  if (ledger === undefined) return;
  const candidate = (typeof ledger === 'object' && ledger !== null ? ledger : {}) as Partial<Record<string, unknown>>;
  const methods = ['reserve', 'settle', 'release', 'balances', 'adjust', 'mark'];
  if (methods.every((method) => typeof candidate[method] === 'function')) return;
  throw new ConfigError({ option: 'ledger', value: ledger, remedy: 'give a ledger, such as memoryLedger()' });
}

/** Checks that `sink` can be written to. */
export function checkSink(sink: unknown): asserts sink is Sink {
  const candidate = (typeof sink === 'object' && sink !== null ? sink : {}) as Partial<Sink>;
  if (typeof candidate.name !== 'string' || candidate.name === '' || typeof candidate.write !== 'function') {
    throw new ConfigError({
      option: 'sink',
      value: sink,
      remedy: 'give an object with a name and a write(records) function',
    });
  }
}

function requireFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new ConfigError({ option, value, remedy: 'give a function' });
  }
}
