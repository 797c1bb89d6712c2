import { ConfigError } from '../errors.js';

/** A moment: a `Date`, milliseconds since the epoch, or ISO 8601 text; text without an offset is UTC. */
export type Instant = Date | number | string;

// `2026-11`, `2026-11-24`, `2026-11-24T14`, `2026-11-24T14:05`, with seconds, fraction and offset: what `$month`,
// `$day` and `$hour` print can be typed back.
const ISO =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}:\d{2})?)?)?$/i;

/**
 * Reads a moment as milliseconds since the epoch.
 *
 * @throws ConfigError naming `option` when it is no moment.
 */
export function parseInstant(value: Instant, option: string): number {
  const timeMs =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? isoToMs(value.trim()) : numberToMs(value);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new ConfigError({
    option,
    value: value instanceof Date ? 'an invalid Date' : value,
    remedy: 'give a Date, milliseconds since the epoch, or ISO text such as 2026-11-24 or 2026-11-24T14:00:00Z',
  });
}

// Beyond this many milliseconds from the epoch there are no dates.
const MAX_DATE_MS = 8.64e15;

function numberToMs(value: unknown): number {
  return typeof value === 'number' && Math.abs(value) <= MAX_DATE_MS ? value : Number.NaN;
}

function isoToMs(text: string): number {
  const [matched, year, month, day = '01', hour = '00', minute = '00', second = '00', fraction = '0', offset = 'Z'] =
    ISO.exec(text) ?? [];
  if (matched === undefined) return Number.NaN;
  // Date.parse lets 30 February pass as 2 March.
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) > daysInMonth) return Number.NaN;
  const millisecond = fraction.padEnd(3, '0').slice(0, 3);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}${offset.toUpperCase()}`);
}
