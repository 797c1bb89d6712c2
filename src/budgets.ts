import { type Budgeted, type BudgetOf, createBudget } from './budget/budget.js';
import type { BudgetOptions, CanTruncate, Exact } from './budget/options.js';
import { type BudgetRun, openRun } from './budget/run.js';
import { type BudgetSpec, readBudgetOptions } from './budget/spec.js';
import type { StandingBudget } from './budget/standing.js';
import type { Engine } from './engine.js';
import { ConfigError, findBudgetError } from './errors.js';
import { createLiveScope, type LiveScope } from './live-scope.js';
import type { Report } from './report/report.js';
import { runInContext, withRun } from './scope.js';
import { requireLedger, standingBudget } from './standing-budgets.js';
import { UnguardedWarning } from './warnings.js';

/** What a measured function returned, and what it alone spent. */
export interface Measured<Value> {
  readonly value: Value;
  readonly report: Report;
}

const MEASURING: BudgetSpec = Object.freeze({
  ...readBudgetOptions({ calls: 0, mode: 'shadow' }),
  caps: Object.freeze({}),
});

/** Makes budgets whose runs are booked in the ledger of `engine`. */
export function createBudgets(engine: Engine) {
  const specs = new WeakMap<object, BudgetSpec>();

  function budget<const Options extends BudgetOptions>(options: Exact<Options>): BudgetOf<Options, LiveScope>;
  function budget<const Options extends BudgetOptions, Fn extends (...parameters: never[]) => unknown>(
    options: Exact<Options>,
    fn: Fn,
  ): Budgeted<Fn, CanTruncate<Options>>;
  function budget(options: BudgetOptions, fn?: (...parameters: never[]) => unknown): unknown {
    const spec = readBudgetOptions(options);
    refuseDearerTargets(engine, spec);
    const standing = spec.standing && standingBudget(engine, spec);
    const created = createBudget(() => openScope(engine, spec, standing));
    specs.set(created, spec);
    return fn === undefined ? created : created(fn);
  }

  return {
    budget,
    /** Runs `fn` in a scope without caps, for what it alone spends. */
    async measure<Result>(fn: () => Result): Promise<Measured<Awaited<Result>>> {
      const { enter, scope } = openScope(engine, MEASURING);
      const value = await enter(fn);
      return { value, report: scope.report() };
    },
    /** Opens an account of `created` outside of any scope; `undefined` where this guard did not make it. */
    openBound(created: object): BudgetRun | undefined {
      const spec = specs.get(created);
      return spec && openRunOf(engine, spec, spec.standing && standingBudget(engine, spec));
    },
  };
}

function openScope(engine: Engine, spec: BudgetSpec, standing?: StandingBudget) {
  const run = openRunOf(engine, spec, standing);
  const context = withRun(run);
  const scope = createLiveScope(engine, run);
  const enter = <Result>(body: () => Result): Result => runInContext(context, body);
  const onEnd = () => warnIfUnguarded(engine);
  if (spec.isShadow || !spec.ladder.some((policy) => policy.endsScope)) return { enter, scope, onEnd };
  const rescue = (error: unknown): boolean => {
    if (!run.isCut) return false;
    const refusal = findBudgetError(error);
    const by = refusal && engine.refusedBy.get(refusal);
    // What an outer budget refused is the outer scope's to end.
    return by === undefined || by === run || !context.runs.includes(by);
  };
  return { enter, scope, rescue, onEnd };
}

/** Opens a run; one that stands for accounts in a ledger books for itself what it spends, and caps nothing. */
function openRunOf(engine: Engine, spec: BudgetSpec, standing: StandingBudget | undefined): BudgetRun {
  const [id, openedMs] = [engine.nextId(), engine.clock.nowMs()];
  if (standing === undefined) return openRun(engine.owner, id, spec, openedMs);
  requireLedger(engine, standing.spec.name);
  return { ...openRun(engine.owner, id, { ...spec, caps: Object.freeze({}) }, openedMs), standing };
}

function refuseDearerTargets(engine: Engine, spec: BudgetSpec): void {
  for (const [from, to] of spec.downgrade) {
    const dear = engine.prices.match(from)?.price;
    const cheap = engine.prices.match(to)?.price;
    if (dear && cheap && cheap.input >= dear.input && cheap.output >= dear.output) {
      throw new ConfigError({
        option: `downgrade['${from}']`,
        value: to,
        remedy: `name a model that is cheaper than ${from}`,
      });
    }
  }
}

/** A budget that no client knows of caps nothing, and nothing else would tell. */
function warnIfUnguarded(engine: Engine): void {
  if (engine.counters.guardedClients > 0) return;
  engine.warnOnce('unguarded', () => {
    engine.events.emit('unguarded', { reason: 'no client was guarded' });
    return new UnguardedWarning(
      'A budget ended and no client was ever guarded: call instrument(client) once for each client',
    );
  });
}
