import type { Limit, Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import type { BudgetSpec } from './spec.js';
import type { StandingBudget } from './standing.js';

/** Every unit is booked for every budget, capped or not, so that a scope can always tell what it spent. */
export const UNITS = ['usd', 'tokens', 'calls'] as const satisfies readonly Unit[];

/** One run of a budget: its own accounts, alive as long as something refers to the run. */
export interface BudgetRun {
  /** The guard that opened it: a run binds only the calls of that guard's clients. */
  readonly owner: object;
  readonly id: string;
  readonly spec: BudgetSpec;
  readonly limits: Readonly<Record<Unit, Limit>>;
  /** When it was opened, in milliseconds since the epoch. */
  readonly openedMs: number;
  /** Set when a refusal ends the scope quietly. */
  isCut: boolean;
  /** The fractions of the cap that were told, by unit. */
  readonly alerted: Set<string>;
  /** A scope whose calls claim on a standing account each, chosen by their tags. */
  readonly standing?: StandingBudget;
  /** The scope that this standing account stands in for: what it refuses ends that scope. */
  readonly scope?: BudgetRun;
}

/** Opens fresh accounts for one run. */
export function openRun(owner: object, id: string, spec: BudgetSpec, openedMs: number): BudgetRun {
  const limit = (unit: Unit): Limit => Object.freeze({ unit, cap: spec.caps[unit] ?? MAX_AMOUNT });
  return {
    owner,
    id,
    spec,
    limits: { usd: limit('usd'), tokens: limit('tokens'), calls: limit('calls') },
    openedMs,
    isCut: false,
    alerted: new Set(),
  };
}

/** Whether two runs are one account: standing accounts are the same wherever they were looked up. */
export function isSameAccount(left: BudgetRun, right: BudgetRun): boolean {
  const { key } = left.limits.usd;
  return left === right || (key !== undefined && key === right.limits.usd.key);
}

/** The name on errors and events. */
export function runName(run: BudgetRun): string {
  return run.spec.name ?? 'budget';
}

/** A ledger amount as the user reads it: dollars as a number of dollars, counts as they are. */
export function amountToShow(unit: Unit, amount: number): number {
  if (unit === 'usd') return amount / 1_000_000_000;
  return amount;
}
