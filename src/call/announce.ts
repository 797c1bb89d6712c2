import type { Change, Grant, Refusal } from '../budget/decide.js';
import { amountOf } from '../budget/draft.js';
import { amountToShow, type BudgetRun, runName, UNITS } from '../budget/run.js';
import type { Refused } from '../client/client.js';
import type { Engine } from '../engine.js';
import { BudgetExceededError } from '../errors.js';
import type { Unit } from '../ledger/ledger.js';
import type { Policy } from '../policy/policy.js';
import type { Call } from './call.js';

/** The error the caller gets for a refusal. */
export function errorOf(engine: Engine, call: Call, refusal: Refusal): BudgetExceededError {
  const { run, unit, spent, held } = refusal;
  const cap = run.spec.caps[unit] ?? 0;
  const error = new BudgetExceededError({
    budget: runName(run),
    unit,
    cap: amountToShow(unit, cap),
    spent: amountToShow(unit, spent),
    held: amountToShow(unit, held),
    requested: amountToShow(unit, refusal.amount),
    remaining: amountToShow(unit, Math.max(0, cap - spent - held)),
    canFitLater: refusal.canFitLater,
    model: refusal.model,
    tags: call.tags,
    ...resetOf(engine, refusal),
    ...('cause' in refusal && { cause: refusal.cause }),
  });
  engine.refusedBy.set(error, run.scope ?? run);
  return error;
}

/** When there is money again, for a standing budget whose window ends. */
function resetOf(engine: Engine, { run, unit }: { readonly run: BudgetRun; readonly unit: Unit }) {
  const { resetsAtMs } = engine.booking.balanceNow(run.limits[unit]);
  if (resetsAtMs === undefined) return {};
  return { resetsAt: new Date(resetsAtMs), retryAfterMs: Math.max(0, resetsAtMs - engine.clock.nowMs()) };
}

/** Refuses the call: marks the scope it ends, and tells who listens. */
export function refuse(engine: Engine, call: Call, refusal: Refusal): Refused {
  const error = errorOf(engine, call, refusal);
  if (refusal.policy.endsScope) (refusal.run.scope ?? refusal.run).isCut = true;
  engine.events.emit(refusal.policy.endsScope ? 'truncated' : 'blocked', { error });
  return { error, body: call.wire.refusalBody(error) };
}

/** Tells what budgets did to a call, and what shadow budgets would have done. */
export function announceGrant(engine: Engine, call: Call, grant: Grant): void {
  for (const change of grant.changes) announce(engine, call, grant, change);
  for (const run of call.runs) if (run.spec.isShadow) announceShadow(engine, call, run, grant);
}

function announce(engine: Engine, call: Call, decision: Grant, change: Change): void {
  const budget = runName(change.run);
  const { tags } = call;
  if (change.kind === 'downgraded') {
    const event = Object.freeze({ from: change.from, to: change.to, budget, tags });
    engine.downgrades.add(event);
    engine.events.emit('downgraded', event);
    return;
  }
  const { tokens, injected } = change;
  const event = Object.freeze({ model: decision.model, maxOutputTokens: tokens, injected, budget, tags });
  engine.clamps.add(event);
  engine.events.emit('clamped', event);
}

/** Tells what a shadow budget would have refused, judged after the call was booked. */
function announceShadow(engine: Engine, call: Call, run: BudgetRun, { model, quote }: Grant): void {
  for (const unit of UNITS) {
    const cap = run.spec.caps[unit];
    if (cap === undefined) continue;
    const { spent, held } = engine.booking.balanceNow(run.limits[unit]);
    const amount = amountOf(quote, unit);
    const policy = run.spec.ladder[0] as Policy;
    const isOver = policy.admit === 'below-cap' ? spent + held - amount >= cap : spent + held > cap;
    if (!isOver) continue;
    const canFitLater = spent + amount <= cap;
    const refusal = {
      granted: false,
      model,
      run,
      policy,
      unit,
      amount,
      spent,
      held: held - amount,
      canFitLater,
      refusing: [run],
    } as const;
    engine.events.emit('blocked', { error: errorOf(engine, call, refusal), isShadow: true });
    return;
  }
}
