import { ConfigError } from '../errors.js';
import type { Window, WindowSpan } from '../ledger/ledger.js';
import { firstMomentOf, offsetsOf } from './time-zone.js';

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Which calendar windows there are. */
export const WINDOW_LENGTHS = ['hour', 'day', 'week', 'month'] as const;
export type WindowEvery = (typeof WINDOW_LENGTHS)[number];

/** A calendar window, checked, with its defaults filled in. */
interface CalendarRule {
  readonly every: WindowEvery;
  readonly timeZone: string;
  readonly startsOn: number | Weekday | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday of the epoch. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** Where the windows of one length begin, on a wall clock whose time is counted as if it stood in UTC. */
interface Cuts {
  /** The last beginning that is not after `localMs`. */
  floor(localMs: number): number;
  /** The beginning `steps` further. */
  shift(beginMs: number, steps: number): number;
}

/** What differs between the lengths. `write` is how much of `2026-11-01T05` an id needs. */
interface Length {
  readonly letter: string;
  readonly write: number;
  readonly defaultStart: number | Weekday | undefined;
  readonly startRemedy: string;
  isStart(value: unknown): boolean;
  cuts(startsOn: CalendarRule['startsOn']): Cuts;
}

const LENGTHS: Readonly<Record<WindowEvery, Length>> = Object.freeze({
  hour: {
    letter: 'h',
    write: 13,
    defaultStart: undefined,
    startRemedy: 'leave it out: an hour begins on the hour',
    isStart: () => false,
    cuts: () => even(HOUR_MS, 0),
  },
  day: {
    letter: 'd',
    write: 10,
    defaultStart: 0,
    startRemedy: 'give the hour that a day begins at, a whole number from 0 to 23',
    isStart: (value) => isWholeBetween(value, 0, 23),
    cuts: (startsOn) => even(DAY_MS, Number(startsOn) * HOUR_MS),
  },
  week: {
    letter: 'w',
    write: 10,
    defaultStart: 'monday',
    startRemedy: `give the day that a week begins on: ${WEEKDAYS.join(', ')}`,
    isStart: (value) => WEEKDAYS.some((day) => day === value),
    cuts: (startsOn) => even(WEEK_MS, FIRST_MONDAY_MS + WEEKDAYS.indexOf(startsOn as Weekday) * DAY_MS),
  },
  month: {
    letter: 'm',
    write: 7,
    defaultStart: 1,
    startRemedy: 'give the day that a month begins on, a whole number from 1 to 28',
    isStart: (value) => isWholeBetween(value, 1, 28),
    cuts: (startsOn) => monthly(Number(startsOn)),
  },
});

/**
 * Reads `startsOn` for a length of window.
 *
 * @throws ConfigError saying what this length can start on.
 */
export function readStart(option: string, every: WindowEvery, value: unknown): CalendarRule['startsOn'] {
  const { defaultStart, isStart, startRemedy } = LENGTHS[every];
  if (value === undefined) return defaultStart;
  if (!isStart(value)) throw new ConfigError({ option, value, remedy: startRemedy });
  return value as number | Weekday;
}

/**
 * Windows cut where the wall clock of a zone says so. A window begins at the first moment at which its beginning is
 * shown, or was jumped over, and ends where the next one begins. So a day of 23 or 25 hours is one window, an hour that
 * is shown twice is one of two hours, and a date that was never shown has none. An id is what the clock shows at the
 * beginning: no two windows of a rule share it, whatever the offset is.
 */
export function calendarWindow({ every, timeZone, startsOn }: CalendarRule): Window {
  const { letter, write, defaultStart, cuts } = LENGTHS[every];
  const { floor, shift } = cuts(startsOn);
  const offsetAt = offsetsOf(timeZone);
  const start = startsOn === defaultStart ? '' : `-${startsOn}`;
  return {
    signature: `${every}${start}@${timeZone}`,
    at(nowMs): WindowSpan {
      let beginMs = floor(nowMs + offsetAt(nowMs));
      let startMs = firstMomentOf(beginMs, offsetAt);
      let endMs = firstMomentOf(shift(beginMs, 1), offsetAt);
      // A clock that was put back shows again what belongs to the window before.
      while (endMs <= nowMs) {
        beginMs = shift(beginMs, 1);
        startMs = endMs;
        endMs = firstMomentOf(shift(beginMs, 1), offsetAt);
      }
      const id = `${letter}:${new Date(beginMs).toISOString().slice(0, write)}`;
      return { id, startMs, endMs, earlierIds: [], countsUntilMs: endMs, resetsAtMs: endMs };
    },
  };
}

function even(lengthMs: number, phaseMs: number): Cuts {
  return {
    floor: (localMs) => Math.floor((localMs - phaseMs) / lengthMs) * lengthMs + phaseMs,
    shift: (beginMs, steps) => beginMs + steps * lengthMs,
  };
}

function monthly(day: number): Cuts {
  const beginOf = (localMs: number, months: number) => {
    const date = new Date(localMs);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, day);
  };
  return {
    floor: (localMs) => (new Date(localMs).getUTCDate() < day ? beginOf(localMs, -1) : beginOf(localMs, 0)),
    shift: beginOf,
  };
}

function isWholeBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
