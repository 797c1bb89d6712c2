import { ConfigError } from '../errors.js';

/** How far the wall clock of a zone is ahead of UTC at a moment, in milliseconds. */
type OffsetAt = (timeMs: number) => number;

const NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;
const REMEDY = "give an IANA name such as 'Europe/Berlin'; without one, windows are cut in UTC";
/** No zone was ever further from UTC. */
const MAX_OFFSET_MS = 16 * 3_600_000;

/**
 * Checks a `timeZone`. Its name goes into the signature of a window as it was written, because which of two names for
 * the same zone Intl prefers depends on its version, and an account must not move with it.
 *
 * @throws ConfigError for what is no name of a zone, or is not written as IANA writes it.
 */
export function readTimeZone(option: string, value: unknown): string {
  if (value === undefined) return 'UTC';
  const known = typeof value === 'string' && NAME.test(value) ? knownName(value) : undefined;
  if (known === undefined) throw new ConfigError({ option, value, remedy: REMEDY });
  const name = value as string;
  if (name !== known && name.toLowerCase() === known.toLowerCase()) {
    throw new ConfigError({ option, value, remedy: `write '${known}': every process must write it the same` });
  }
  return name;
}

/** The offsets of a checked zone. */
export function offsetsOf(timeZone: string): OffsetAt {
  if (timeZone === 'UTC') return () => 0;
  // Another locale may have another calendar, or other digits.
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (timeMs) => {
    const secondMs = Math.floor(timeMs / 1000) * 1000;
    const shown: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(secondMs)) shown[type] = Number(value);
    const { year = 0, month = 0, day, hour, minute, second } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - secondMs;
  };
}

/**
 * The first moment at which the wall clock shows `localMs` or later, both counted as if it stood in UTC. Of a time
 * that is shown twice it is the first; a time that is skipped begins where the clock jumps over it.
 */
export function firstMomentOf(localMs: number, offsetAt: OffsetAt): number {
  let before = localMs - MAX_OFFSET_MS;
  let after = localMs + MAX_OFFSET_MS;
  const offsetBefore = offsetAt(before);
  const offsetAfter = offsetAt(after);
  const unchanged = localMs - offsetBefore;
  if (offsetBefore === offsetAfter) return unchanged;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle) === offsetBefore) before = middle;
    else after = middle;
  }
  return unchanged < after ? unchanged : Math.max(after, localMs - offsetAfter);
}

function knownName(value: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
