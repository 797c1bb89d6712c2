import { ConfigError } from '../errors.js';
import type { Window, WindowSpan } from '../ledger/ledger.js';
import { calendarWindow, readStart, type Weekday, WINDOW_LENGTHS, type WindowEvery } from './calendar.js';
import { readLength, rollingWindow } from './rolling.js';
import { readTimeZone } from './time-zone.js';

export type { Weekday, WindowEvery } from './calendar.js';

interface InZone {
  /** An IANA name, written as IANA writes it. Default `'UTC'`; never the zone of the host. */
  readonly timeZone?: string;
}

/** A window that the calendar cuts, where one of its names alone does not say enough. */
export type CalendarWindowOption =
  | (InZone & { readonly every: 'hour'; readonly startsOn?: never })
  /** `startsOn`: the hour, from 0 to 23. Default 0. */
  | (InZone & { readonly every: 'day'; readonly startsOn?: number })
  /** `startsOn`: the day of the week. Default `'monday'`. */
  | (InZone & { readonly every: 'week'; readonly startsOn?: Weekday })
  /** `startsOn`: the day of the month, from 1 to 28. Default 1. */
  | (InZone & { readonly every: 'month'; readonly startsOn?: number });

/** How long what is spent counts. `rolling` is a length such as `'15m'`, `'24h'` or `'7d'`, or milliseconds. */
export type WindowOption = WindowEvery | 'forever' | CalendarWindowOption | { readonly rolling: string | number };

const FORMS = "{ every: 'day', timeZone: 'Europe/Berlin' } or { rolling: '24h' }";
const REMEDY = `give ${WINDOW_LENGTHS.map((length) => `'${length}'`).join(', ')}, 'forever', ${FORMS}`;
const END_OF_TIME_MS = Date.UTC(9999, 0, 1);

const FOREVER: WindowSpan = Object.freeze({
  id: 'forever',
  startMs: 0,
  endMs: Number.MAX_SAFE_INTEGER,
  earlierIds: Object.freeze([]),
  countsUntilMs: Number.MAX_SAFE_INTEGER,
  resetsAtMs: undefined,
});

/**
 * Reads the option `window`.
 *
 * @throws ConfigError naming the part that cannot be used, its value and what to write instead.
 */
export function readWindow(option: unknown): Window {
  if (option === 'forever') return Object.freeze({ signature: 'forever', at: () => FOREVER });
  if (isEvery(option)) return readCalendar({ every: option });
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    throw new ConfigError({ option: 'window', value: option, remedy: REMEDY });
  }
  return 'rolling' in option ? readRolling(option) : readCalendar(option);
}

function readCalendar(option: object): Window {
  refuseOtherKeys(option, ['every', 'timeZone', 'startsOn']);
  const { every, timeZone, startsOn } = option as Readonly<Record<string, unknown>>;
  if (!isEvery(every)) {
    const remedy = `use ${WINDOW_LENGTHS.map((length) => `'${length}'`).join(', ')}, or give { rolling: '24h' }`;
    throw new ConfigError({ option: 'window.every', value: every, remedy });
  }
  return remember(
    calendarWindow({
      every,
      timeZone: readTimeZone('window.timeZone', timeZone),
      startsOn: readStart('window.startsOn', every, startsOn),
    }),
  );
}

function readRolling(option: { readonly rolling: unknown }): Window {
  refuseOtherKeys(option, ['rolling']);
  return remember(rollingWindow(readLength('window.rolling', option.rolling)));
}

/** Works a span out once and answers with it until it ends: asking Intl costs more than the rest of a reserve. */
function remember({ signature, at }: Window): Window {
  let last: WindowSpan | undefined;
  return Object.freeze({
    signature,
    at(nowMs: number): WindowSpan {
      if (last !== undefined && nowMs >= last.startMs && nowMs < last.endMs) return last;
      if (!(nowMs >= 0 && nowMs < END_OF_TIME_MS)) {
        const remedy = 'a clock tells milliseconds since 1970, and a year below 9999';
        throw new ConfigError({ option: 'clock', value: nowMs, remedy });
      }
      const span = at(nowMs);
      last = Object.freeze({ ...span, earlierIds: Object.freeze(span.earlierIds) });
      return last;
    },
  });
}

function isEvery(value: unknown): value is WindowEvery {
  return WINDOW_LENGTHS.some((length) => length === value);
}

function refuseOtherKeys(option: object, known: readonly string[]): void {
  for (const key of Object.keys(option)) {
    if (!known.includes(key)) {
      throw new ConfigError({ option: 'window option', value: key, remedy: `use one of: ${known.join(', ')}` });
    }
  }
}
