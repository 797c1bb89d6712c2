import { isAmount } from '../money.js';
import type { Usage } from '../usage/usage.js';

/**
 * A count as the provider wrote it, for a `Usage`: absent where the field is missing or `null`, and NaN where it is not
 * a number at all. Nothing is repaired here, so that `validUsage` sees what the provider really said: a bill that lies
 * is an unknown bill, never a cheap one.
 */
export function rawCount(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : Number.NaN;
}

/** Adds up the counts that are there; `undefined` where none is. One that lies makes the sum NaN, never smaller. */
export function sumCounts(counts: readonly (number | undefined)[]): number | undefined {
  let sum: number | undefined;
  for (const count of counts) if (count !== undefined) sum = (sum ?? 0) + honest(count);
  return sum;
}

/** The larger of the counts that are there; `undefined` where none is. One that lies is not outvoted: the result is NaN. */
export function maxCount(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.max(honest(left), honest(right));
}

function honest(count: number): number {
  return isAmount(count) ? count : Number.NaN;
}

/** The parts of a `Usage`, each absent where its count is. A codec names the parts that its provider can count. */
type UsageParts = {
  readonly [Part in Exclude<keyof Usage, 'inputTokens' | 'outputTokens'>]?: number | undefined;
};

/** Puts a `Usage` together, leaving out the parts that nobody counted. A missing total is one that lies. */
export function makeUsage(inputTokens: number | undefined, outputTokens: number | undefined, parts: UsageParts): Usage {
  const usage: Record<string, number> = {
    inputTokens: inputTokens ?? Number.NaN,
    outputTokens: outputTokens ?? Number.NaN,
  };
  for (const [part, count] of Object.entries(parts)) if (count !== undefined) usage[part] = count;
  return usage as unknown as Usage;
}
