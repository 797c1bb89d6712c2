import { ConfigError, CostAssertionError } from '../errors.js';
import { formatUsd } from '../money.js';
import { type BaselineEntry, readBaseline, writeBaseline } from './baseline-file.js';
import {
  callsText,
  decimalToNano,
  type Measured,
  type MeasuredCost,
  readCost,
  requireWhole,
  shown,
} from './measured-cost.js';

/** Where a baseline is kept, and how far a cost may rise above it. */
export interface CostBaselineOptions {
  /** A JSON file to commit beside the tests. Give each test file its own: test runners run them at the same time. */
  readonly file: string;
  /** How much more than its baseline a cost may be, as a fraction; 0.1 (ten per cent) unless given. */
  readonly tolerance?: number;
  /** Whether `check` writes what it finds instead of comparing. Unless given, as `UPDATE_COST_BASELINE` says. */
  readonly update?: boolean;
}

/** What calls cost when the baseline was written, by name. */
export interface CostBaseline {
  /**
   * Compares a cost to its baseline, or writes it down as the new one.
   *
   * @throws CostAssertionError when the cost is more than the tolerance above its baseline, when there is none of this
   * name, and when the cost is not known to be whole.
   * @throws ConfigError for a value no cost can be read from, and for a file that is no baseline.
   */
  check(name: string, measured: Measured): void;
}

const UPDATE_VARIABLE = 'UPDATE_COST_BASELINE';
// Fractions of a tolerance beyond a millionth are noise; integers from here on.
const PARTS = 1_000_000;

/**
 * Keeps the cost of calls from creeping up: a file says what each cost when it was last accepted, and `check` fails
 * where it costs more than the tolerance above that. Run the tests with `UPDATE_COST_BASELINE=1` to accept new costs.
 *
 * @throws ConfigError for an option that cannot be used.
 *
 * @example
 * const baseline = costBaseline({ file: new URL('./costs.json', import.meta.url).pathname });
 * const { report } = await measure(() => answer('What is 6 × 7?'));
 * baseline.check('answer a sum', report);
 */
export function costBaseline(options: CostBaselineOptions): CostBaseline {
  const { file, tolerance = 0.1, update = isSet(process.env[UPDATE_VARIABLE]) } = options;
  if (typeof file !== 'string' || file === '') {
    throw new ConfigError({ option: 'file', value: file, remedy: 'give the path of a JSON file' });
  }
  if (typeof tolerance !== 'number' || !(tolerance >= 0 && tolerance <= PARTS)) {
    throw new ConfigError({ option: 'tolerance', value: tolerance, remedy: 'give a fraction such as 0.1, 0 or more' });
  }
  const allowedParts = BigInt(PARTS + Math.round(tolerance * PARTS));

  return {
    check(name, measured) {
      const cost = readCost(measured, `cost of '${name}'`);
      requireWhole(cost);
      // Read each time: another check may have written it since.
      const entries = readBaseline(file);
      const found: BaselineEntry = { costUsd: cost.total.costUsd, calls: cost.total.calls };
      if (update) {
        writeBaseline(file, entries.set(name, found));
        return;
      }
      const accepted = entries.get(name);
      if (accepted === undefined) throw missing(name, file, cost);
      const limit = decimalToNano(accepted.costUsd) * allowedParts;
      if (cost.costNanoUsd * BigInt(PARTS) > limit)
        throw risen({ name, accepted, cost, limit: limit / BigInt(PARTS), tolerance });
    },
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}

function missing(name: string, file: string, { total }: MeasuredCost): CostAssertionError {
  return new CostAssertionError(
    `No cost baseline is kept for '${name}' in ${file}; it costs $${total.costUsd} now (${callsText(total.calls)}). Run with ${UPDATE_VARIABLE}=1 to accept that`,
  );
}

interface Rise {
  readonly name: string;
  readonly accepted: BaselineEntry;
  readonly cost: MeasuredCost;
  /** In nano-dollars. */
  readonly limit: bigint;
  readonly tolerance: number;
}

function risen({ name, accepted, cost, limit, tolerance }: Rise): CostAssertionError {
  const { total, table, costNanoUsd } = cost;
  const base = decimalToNano(accepted.costUsd);
  const percent = base === 0n ? '' : ` (+${Number(((costNanoUsd - base) * 1000n) / base) / 10} %)`;
  return new CostAssertionError(
    `The cost of '${name}' rose from $${accepted.costUsd} to $${total.costUsd}${percent}, above $${formatUsd(limit)}, which is its baseline and ${Math.round(tolerance * 1000) / 10} %. Calls: ${accepted.calls} before, ${total.calls} now. Run with ${UPDATE_VARIABLE}=1 to accept the new cost${shown(table)}`,
  );
}
