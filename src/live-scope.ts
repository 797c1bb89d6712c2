import type { Scope, ScopeAmounts } from './budget/budget.js';
import { amountToShow, type BudgetRun, UNITS } from './budget/run.js';
import type { Engine } from './engine.js';
import type { Balance, Unit } from './ledger/ledger.js';
import { createReport, type Report, type ReportOptions } from './report/report.js';

/** The live state of a run of this package's budgets. */
export type LiveScope = Scope<Report, ReportOptions>;

/** A view on a run: every property is read from the ledger when it is asked for. */
export function createLiveScope(engine: Engine, run: BudgetRun): LiveScope {
  const read = (pick: (balance: Balance, unit: Unit) => number): ScopeAmounts => {
    const amounts = UNITS.map((unit) => [unit, pick(engine.booking.balanceNow(run.limits[unit]), unit)]);
    return Object.freeze(Object.fromEntries(amounts)) as ScopeAmounts;
  };
  return {
    id: run.id,
    ...(run.spec.name !== undefined && { name: run.spec.name }),
    get spent() {
      return read((balance, unit) => amountToShow(unit, balance.spent));
    },
    get held() {
      return read((balance, unit) => amountToShow(unit, balance.held));
    },
    get remaining() {
      return read((balance, unit) =>
        run.spec.caps[unit] === undefined ? Number.POSITIVE_INFINITY : amountToShow(unit, balance.remaining),
      );
    },
    report(options) {
      const records = engine.ring.records().filter((record) => record.budgets.some(({ id }) => id === run.id));
      const { dropped, droppedUntilMs } = engine.ring;
      return createReport(records, options, {
        // What gave way before this run began was none of its own. Of what gave way since, the sums know budgets by
        // name and not by run, so that they are no answer here: what is missing is said instead.
        dropped: (droppedUntilMs ?? 0) >= run.openedMs ? dropped : 0,
        droppedUntilMs,
      });
    },
  };
}
