import { ConfigError, CostAssertionError } from '../errors.js';
import type { ReportTotal } from '../report/aggregate.js';
import type { Report } from '../report/report.js';

/** What a cost can be read from: a report, the totals of one, a live scope, or what `measure` resolves. */
export type Measured = Report | ReportTotal | { report(): Report } | { readonly report: Report };

/** A cost as an assertion needs it. */
export interface MeasuredCost {
  readonly costNanoUsd: bigint;
  readonly total: ReportTotal;
  /** The rows behind the total as text; absent where only totals are known. */
  readonly table?: string;
  /** Why the cost cannot be relied on to be all of it; absent where it can. */
  readonly doubt?: string;
}

/**
 * Reads the cost of `measured`.
 *
 * @throws ConfigError naming `option` for a value that no cost can be read from.
 */
export function readCost(measured: unknown, option: string): MeasuredCost {
  if (measured instanceof Promise) throw unreadable(measured, option, 'await it first');
  const { report } = objectOf(measured) as { readonly report?: unknown };
  const holder = typeof report === 'function' ? report.call(measured) : (report ?? measured);
  const candidate = objectOf(holder) as Partial<Report>;
  const total: unknown = typeof candidate.total === 'function' ? candidate.total() : holder;
  if (!isTotal(total)) {
    throw unreadable(measured, option, 'give a report, its total(), a scope, or what measure(fn) resolved');
  }
  const doubt = doubtOf(total, candidate.dropped ?? 0);
  return {
    costNanoUsd: decimalToNano(total.costUsd),
    total,
    ...(typeof candidate.toTable === 'function' && { table: candidate.toTable() }),
    ...(doubt !== undefined && { doubt }),
  };
}

/**
 * Checks that a cost is all of what was spent: a check that cannot see must not pass.
 *
 * @throws CostAssertionError saying what is missing.
 */
export function requireWhole({ doubt, table }: MeasuredCost): void {
  if (doubt !== undefined) throw new CostAssertionError(`Cost cannot be asserted: ${doubt}${shown(table)}`);
}

/** The table of a message, on lines of its own. */
export function shown(table: string | undefined): string {
  return table === undefined ? '' : `\n\n${table.trimEnd()}`;
}

/** `1 call`, `2 calls`. */
export function callsText(calls: number): string {
  return calls === 1 ? '1 call' : `${calls} calls`;
}

const NANO_DECIMALS = 9;

/** An exact decimal of US dollars as nano-dollars. */
export function decimalToNano(costUsd: string): bigint {
  const [whole = '0', fraction = ''] = costUsd.split('.');
  return BigInt(whole + fraction.slice(0, NANO_DECIMALS).padEnd(NANO_DECIMALS, '0'));
}

function doubtOf(total: ReportTotal, dropped: number): string | undefined {
  if (dropped > 0) return `${dropped} older records were dropped and may belong to it. Raise maxRecords`;
  if (total.calls === 0) return 'no call was recorded';
  if (total.unpricedCalls === 0) return undefined;
  return `${callsText(total.unpricedCalls)} of ${total.calls} have no price. Register one with prices.register`;
}

function isTotal(value: unknown): value is ReportTotal {
  const { costUsd, calls } = objectOf(value) as Partial<ReportTotal>;
  return typeof costUsd === 'string' && /^\d+(\.\d+)?$/.test(costUsd) && typeof calls === 'number';
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function unreadable(value: unknown, option: string, remedy: string): ConfigError {
  return new ConfigError({ option, value, remedy });
}
