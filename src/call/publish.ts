import { amountOf } from '../budget/draft.js';
import { amountToShow, type BudgetRun, runName, UNITS } from '../budget/run.js';
import type { Engine } from '../engine.js';
import { BudgetExceededError } from '../errors.js';
import type { Amounts, Limit, SettleResult, Unit } from '../ledger/ledger.js';
import type { SpendRecord } from '../sink/sink.js';
import type { Attempt } from './attempt.js';

/** Tells everybody of a record, after the ledger has it. Nothing here can change what was booked. */
export function publishRecord(
  engine: Engine,
  attempt: Attempt,
  record: SpendRecord,
  settled: SettleResult,
  replaces: boolean,
): void {
  if (!replaces || !engine.ring.replace(record)) engine.ring.add(record);
  for (const sink of engine.sinks.values()) sink.push(record);
  const { id, model, tags } = attempt.facts;
  if (record.basis === 'unpriced') {
    engine.counters.unpricedCalls += 1;
    engine.events.emit('unpriced', { model, tags });
  }
  if (record.basis === 'presumed') engine.events.emit('presumed', { id, model, tags, costNanoUsd: record.costNanoUsd });
  const isBoundBroken = dropBoundClass(engine, attempt, record);
  if (UNITS.some((unit) => settled.overrun[unit] > 0)) {
    engine.events.emit('overrun', { id, model, tags, amounts: settled.overrun, isBoundBroken });
  }
  alertThresholds(engine, attempt);
}

/** A model that was billed above a bound it should have kept to gets headroom from now on; whether this is the first time. */
function dropBoundClass(engine: Engine, attempt: Attempt, record: SpendRecord): boolean {
  const { provider, model, quote } = attempt.facts;
  if (quote.outputSource === 'unknown' || record.usage === undefined || record.basis === 'estimated') return false;
  const tokens = record.usage.inputTokens + record.usage.outputTokens;
  const ratio = Math.max(
    quote.costNanoUsd > 0 ? record.costNanoUsd / quote.costNanoUsd : 0,
    tokens / Math.max(1, quote.inputTokens + quote.outputTokens),
  );
  // The bound had the headroom of earlier excesses in it already.
  return ratio > 1 && engine.headroom.exceeded(provider, model, ratio * engine.headroom.of(provider, model));
}

/** Tells each fraction of a cap that was reached, once a run. */
function alertThresholds(engine: Engine, attempt: Attempt): void {
  for (const run of attempt.facts.runs) {
    if (run.spec.alertAt.length === 0) continue;
    for (const unit of UNITS) {
      const cap = run.spec.caps[unit];
      if (cap === undefined) continue;
      const limit = run.limits[unit];
      const { spent } = engine.booking.balanceNow(limit);
      for (const fraction of run.spec.alertAt) {
        if (spent < cap * fraction) continue;
        const amounts = { spent: amountToShow(unit, spent), cap: amountToShow(unit, cap) };
        const event = { budget: runName(run), unit, fraction, ...amounts, tags: attempt.facts.tags };
        tellOnce(engine, run, limit, fraction, () => engine.events.emit('threshold', event));
      }
    }
  }
}

/** Tells a fraction once a run; of a standing account once a window, whichever of its processes is first. */
function tellOnce(engine: Engine, run: BudgetRun, limit: Limit, fraction: number, tell: () => void): void {
  const { resetsAtMs = 0 } = engine.booking.balanceNow(limit);
  const key = `${limit.unit}:${fraction}:${resetsAtMs}`;
  if (run.alerted.has(key)) return;
  run.alerted.add(key);
  if (limit.key === undefined) tell();
  else void engine.booking.mark(limit, `alert:${fraction}`).then((isFirst) => isFirst && tell());
}

/**
 * The error of the call that crossed the cap of a budget that raises; `undefined` where none was crossed by it.
 * `actual` is what this attempt was charged.
 */
export function crossingError(
  engine: Engine,
  attempt: Attempt,
  actual: Amounts,
  answer: { readonly response: unknown } | undefined,
): BudgetExceededError | undefined {
  for (const run of attempt.facts.runs) {
    if (run.spec.isShadow || !run.spec.ladder.some((policy) => policy.throwsOnCrossing)) continue;
    for (const unit of UNITS) {
      const cap = run.spec.caps[unit];
      if (cap === undefined) continue;
      const { spent, held } = engine.booking.balanceNow(run.limits[unit]);
      // The call that took the balance over the cap throws; those already under way before it are delivered.
      if (spent <= cap || spent - actual[unit] > cap) continue;
      const amounts = { spent, held, cost: actual[unit] };
      const error = makeError(engine, attempt, run, unit, amounts, { fate: 'paid', ...answer });
      engine.events.emit('exceeded', { error });
      return error;
    }
  }
  return undefined;
}

/** The error that ends a stream that was cut, after it was booked. */
export function brokenError(engine: Engine, attempt: Attempt, run: BudgetRun, unit: Unit): BudgetExceededError {
  const { spent, held } = engine.booking.balanceNow(run.limits[unit]);
  const amounts = { spent, held, cost: amountOf(attempt.facts.quote, unit) };
  const error = makeError(engine, attempt, run, unit, amounts, { fate: 'cut' });
  engine.events.emit('broken', { error });
  return error;
}

function makeError(
  engine: Engine,
  attempt: Attempt,
  run: BudgetRun,
  unit: Unit,
  amounts: { readonly spent: number; readonly held: number; readonly cost: number },
  ending: { readonly fate: 'paid' | 'cut'; readonly response?: unknown },
): BudgetExceededError {
  const error = new BudgetExceededError({
    budget: runName(run),
    unit,
    cap: amountToShow(unit, run.spec.caps[unit] ?? 0),
    spent: amountToShow(unit, amounts.spent),
    held: amountToShow(unit, amounts.held),
    requested: amountToShow(unit, amounts.cost),
    remaining: amountToShow(unit, Math.max(0, (run.spec.caps[unit] ?? 0) - amounts.spent - amounts.held)),
    canFitLater: false,
    model: attempt.facts.model,
    tags: attempt.facts.tags,
    ...ending,
  });
  engine.refusedBy.set(error, run.scope ?? run);
  return error;
}
