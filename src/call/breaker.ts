import { amountOf } from '../budget/draft.js';
import { type BudgetRun, UNITS } from '../budget/run.js';
import type { Engine } from '../engine.js';
import type { Unit } from '../ledger/ledger.js';
import { costOf } from '../pricing/cost.js';
import type { Usage } from '../usage/usage.js';
import type { Attempt } from './attempt.js';

/** Where a running stream would cross a cap. */
export interface StreamCrossing {
  readonly run: BudgetRun;
  readonly unit: Unit;
}

/** Says whether a stream that has put out so many tokens crosses a cap; `inputUsage` where the provider told it early. */
export type Breaker = (seenTokens: number, inputUsage: Usage | undefined) => StreamCrossing | undefined;

/** The breaker of one attempt; `undefined` where no budget in force cuts streams. */
export function createBreaker(engine: Engine, attempt: Attempt): Breaker | undefined {
  const { facts } = attempt;
  const cutting = facts.runs.filter(({ spec }) => !spec.isShadow && spec.ladder.some((policy) => policy.cutsStreams));
  if (cutting.length === 0) return undefined;
  return (seenTokens, inputUsage) => {
    const usage = { inputTokens: facts.inputTokens, ...inputUsage, outputTokens: seenTokens };
    const used: Record<Unit, number> = {
      usd: facts.price ? costOf(usage, facts.price).costNanoUsd : 0,
      tokens: usage.inputTokens + seenTokens,
      calls: 1,
    };
    for (const run of cutting) {
      for (const unit of UNITS) {
        const cap = run.spec.caps[unit];
        if (cap === undefined) continue;
        const balance = engine.booking.balanceNow(run.limits[unit]);
        // What other calls hold may be billed too; this one's own hold is what it is using up.
        const others = balance.spent + Math.max(0, balance.held - amountOf(facts.quote, unit));
        if (others + used[unit] > cap) return { run, unit };
      }
    }
    return undefined;
  };
}
