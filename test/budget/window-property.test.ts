import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWindow, type WindowEvery, type WindowOption } from '../../src/budget/window.js';

const ZONES = [
  ...['UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Dublin', 'America/New_York', 'America/St_Johns'],
  ...['America/Sao_Paulo', 'America/Havana', 'America/Santiago', 'America/Nuuk', 'Africa/Cairo', 'Africa/Casablanca'],
  ...['Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Tehran', 'Asia/Gaza', 'Asia/Beirut', 'Asia/Amman', 'Asia/Pyongyang'],
  ...['Australia/Lord_Howe', 'Australia/Eucla', 'Australia/Adelaide', 'Antarctica/Troll', 'Antarctica/Casey'],
  ...['Pacific/Chatham', 'Pacific/Apia', 'Pacific/Kiritimati', 'Pacific/Kwajalein', 'Pacific/Marquesas', 'Etc/GMT+12'],
];
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const timeZone = fc.constantFrom(...ZONES);
const calendars: fc.Arbitrary<WindowOption> = fc.oneof(
  fc.record({ every: fc.constant('hour' as const), timeZone }),
  fc.record({ every: fc.constant('day' as const), timeZone, startsOn: fc.integer({ min: 0, max: 23 }) }),
  fc.record({ every: fc.constant('week' as const), timeZone, startsOn: fc.constantFrom(...WEEKDAYS) }),
  fc.record({ every: fc.constant('month' as const), timeZone, startsOn: fc.integer({ min: 1, max: 28 }) }),
);
const options = fc.oneof(calendars, fc.record({ rolling: fc.integer({ min: 1000, max: 366 * 86_400_000 }) }));
const moments = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) });

describe('every window', () => {
  it('holds the moment it was asked for, and is followed by the next without a gap', () => {
    fc.assert(
      fc.property(options, moments, (option, nowMs) => {
        const span = readWindow(option).at(nowMs);
        const next = readWindow(option).at(span.endMs);

        expect(span.startMs).toBeLessThanOrEqual(nowMs);
        expect(span.endMs).toBeGreaterThan(nowMs);
        expect(readWindow(option).at(Math.max(0, span.startMs))).toEqual(span);
        expect(readWindow(option).at(span.endMs - 1)).toEqual(span);
        expect(next.startMs).toBe(span.endMs);
        expect(next.id).not.toBe(span.id);
        expect(span.id).toMatch(/^[A-Za-z0-9:_.+-]+$/);
        expect(span.countsUntilMs).toBeGreaterThanOrEqual(span.endMs);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers the same, whatever it was asked before', () => {
    fc.assert(
      fc.property(options, fc.array(moments, { minLength: 1, maxLength: 8 }), (option, times) => {
        const window = readWindow(option);

        for (const nowMs of times) expect(window.at(nowMs)).toEqual(readWindow(option).at(nowMs));
      }),
    );
  });

  it.each(ZONES)('has an id of its own for each span, in the order of time: %s', (zone) => {
    const idsBetween = (every: WindowEvery, from: string, to: string) => {
      const window = readWindow({ every, timeZone: zone });
      const ids: string[] = [];
      for (let nowMs = Date.parse(from); nowMs < Date.parse(to); nowMs = window.at(nowMs).endMs) {
        ids.push(window.at(nowMs).id);
      }
      return ids;
    };

    for (const ids of [
      idsBetween('day', '2010-01-01', '2013-01-01'),
      idsBetween('week', '2010-01-01', '2026-01-01'),
      idsBetween('month', '2010-01-01', '2040-01-01'),
      // Where most clocks are changed.
      idsBetween('hour', '2024-03-29', '2024-04-08'),
      idsBetween('hour', '2024-10-25', '2024-11-05'),
    ]) {
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort()).toEqual(ids);
    }
  });
});

describe('every day in a zone', () => {
  it('begins where a calendar on the wall first shows its date', () => {
    fc.assert(
      fc.property(timeZone, moments, (zone, nowMs) => {
        const { id, startMs, endMs } = readWindow({ every: 'day', timeZone: zone }).at(nowMs);
        const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
        const shown = (timeMs: number) => `d:${wall.format(timeMs)}`;

        expect(shown(startMs)).toBe(id);
        expect(shown(startMs - 1) < id).toBe(true);
        expect(shown(endMs) > id).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
