import { ConfigError } from '../errors.js';
import type { Window, WindowSpan } from '../ledger/ledger.js';

/** What is spent leaves a rolling window bucket by bucket; the current one comes on top of these. */
const BUCKETS = 24;

const UNIT_MS: Readonly<Record<string, number>> = Object.freeze({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 });
const TEXT = /^([1-9]\d{0,8})([smhd])$/;
const MIN_MS = 1000;
const MAX_MS = 366 * 86_400_000;
const REMEDY = "give a length such as '90s', '15m', '24h' or '7d', or whole milliseconds: one second to 366 days";

/**
 * Reads the length of a rolling window, in milliseconds.
 *
 * @throws ConfigError for what is no length, or one that no budget needs.
 */
export function readLength(option: string, value: unknown): number {
  const lengthMs = typeof value === 'string' ? lengthOf(value) : value;
  if (Number.isInteger(lengthMs) && (lengthMs as number) >= MIN_MS && (lengthMs as number) <= MAX_MS) {
    return lengthMs as number;
  }
  throw new ConfigError({ option, value, remedy: REMEDY });
}

/**
 * A window that moves along in steps of a bucket. What is spent counts for the whole length at least, and at most a
 * bucket longer, whichever moment of its bucket it was spent at: never shorter, or two caps would fit in one length.
 */
export function rollingWindow(lengthMs: number): Window {
  const bucketMs = Math.ceil(lengthMs / BUCKETS);
  return {
    signature: `rolling-${lengthMs}ms`,
    at(nowMs): WindowSpan {
      const startMs = Math.floor(nowMs / bucketMs) * bucketMs;
      const endMs = startMs + bucketMs;
      return {
        id: `r:${startMs}`,
        startMs,
        endMs,
        earlierIds: Array.from({ length: BUCKETS }, (_, index) => `r:${startMs - (index + 1) * bucketMs}`),
        countsUntilMs: endMs + BUCKETS * bucketMs,
        resetsAtMs: endMs,
      };
    },
  };
}

function lengthOf(text: string): number | undefined {
  const [, count, unit] = TEXT.exec(text) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (UNIT_MS[unit] as number);
}
