import { describe, expect, it } from 'vitest';
import { readWindow, type WindowOption } from '../../src/budget/window.js';

/** `[moment, id, start, end]`, the facts being those of the IANA database. */
type Fact = [moment: string, id: string, start: string, end: string];

function expectSpan(option: WindowOption, [moment, id, start, end]: Fact) {
  const { startMs, endMs, ...rest } = readWindow(option).at(Date.parse(moment));

  expect({ id: rest.id, start: write(startMs), end: write(endMs) }).toEqual({ id, start, end });
  expect(rest).toEqual({ id, earlierIds: [], countsUntilMs: endMs, resetsAtMs: endMs });
}

function write(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/:00\.000Z$/, 'Z');
}

const inZone = (timeZone: string): WindowOption => ({ every: 'day', timeZone });

describe('a window in UTC', () => {
  it.each<[WindowOption, ...Fact]>([
    ['hour', '2026-10-14T12:59:59.999Z', 'h:2026-10-14T12', '2026-10-14T12:00Z', '2026-10-14T13:00Z'],
    ['hour', '2026-10-14T13:00:00.000Z', 'h:2026-10-14T13', '2026-10-14T13:00Z', '2026-10-14T14:00Z'],
    ['day', '2026-10-14T00:00:00.000Z', 'd:2026-10-14', '2026-10-14T00:00Z', '2026-10-15T00:00Z'],
    ['day', '2026-12-31T23:59:59.999Z', 'd:2026-12-31', '2026-12-31T00:00Z', '2027-01-01T00:00Z'],
    ['day', '1970-01-01T00:00:00.000Z', 'd:1970-01-01', '1970-01-01T00:00Z', '1970-01-02T00:00Z'],
    // 14 October 2026 is a Wednesday.
    ['week', '2026-10-14T12:00:00Z', 'w:2026-10-12', '2026-10-12T00:00Z', '2026-10-19T00:00Z'],
    ['week', '2027-01-01T12:00:00Z', 'w:2026-12-28', '2026-12-28T00:00Z', '2027-01-04T00:00Z'],
    ['month', '2026-01-31T23:59:59Z', 'm:2026-01', '2026-01-01T00:00Z', '2026-02-01T00:00Z'],
    ['month', '2026-02-28T23:59:59Z', 'm:2026-02', '2026-02-01T00:00Z', '2026-03-01T00:00Z'],
    ['month', '2028-02-29T12:00:00Z', 'm:2028-02', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    ['month', '2100-02-28T23:59:59Z', 'm:2100-02', '2100-02-01T00:00Z', '2100-03-01T00:00Z'],
    ['month', '2026-12-31T23:59:59Z', 'm:2026-12', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
  ])('%s at %s is %s', (option, ...fact) => expectSpan(option, fact));

  it('gives a leap day to its own window', () => {
    expectSpan('day', ['2028-02-29T12:00:00Z', 'd:2028-02-29', '2028-02-29T00:00Z', '2028-03-01T00:00Z']);
  });
});

describe('a window that starts elsewhere', () => {
  it.each<[WindowOption, Fact]>([
    [{ every: 'day', startsOn: 6 }, ['2026-10-14T05:59:59Z', 'd:2026-10-13', '2026-10-13T06:00Z', '2026-10-14T06:00Z']],
    [
      { every: 'day', startsOn: 23 },
      ['2026-10-14T23:00:00Z', 'd:2026-10-14', '2026-10-14T23:00Z', '2026-10-15T23:00Z'],
    ],
    [
      { every: 'week', startsOn: 'sunday' },
      ['2026-10-17T23:59:59Z', 'w:2026-10-11', '2026-10-11T00:00Z', '2026-10-18T00:00Z'],
    ],
    [
      { every: 'week', startsOn: 'wednesday' },
      ['2026-10-14T00:00:00Z', 'w:2026-10-14', '2026-10-14T00:00Z', '2026-10-21T00:00Z'],
    ],
    [{ every: 'month', startsOn: 15 }, ['2026-03-14T23:59:59Z', 'm:2026-02', '2026-02-15T00:00Z', '2026-03-15T00:00Z']],
    [{ every: 'month', startsOn: 28 }, ['2027-01-27T23:59:59Z', 'm:2026-12', '2026-12-28T00:00Z', '2027-01-28T00:00Z']],
    // 02:00 is jumped over that day.
    [
      { every: 'day', startsOn: 2, timeZone: 'America/New_York' },
      ['2026-03-08T12:00:00Z', 'd:2026-03-08', '2026-03-08T07:00Z', '2026-03-09T06:00Z'],
    ],
    // 01:00 is shown twice that day.
    [
      { every: 'day', startsOn: 1, timeZone: 'America/New_York' },
      ['2026-11-01T06:30:00Z', 'd:2026-11-01', '2026-11-01T05:00Z', '2026-11-02T06:00Z'],
    ],
    [
      { every: 'month', startsOn: 15, timeZone: 'Asia/Tokyo' },
      ['2026-03-14T15:00:00Z', 'm:2026-03', '2026-03-14T15:00Z', '2026-04-14T15:00Z'],
    ],
  ])('%j: %j', (option, fact) => expectSpan(option, fact));
});

describe('a day in a zone', () => {
  it.each<[string, string, Fact]>([
    [
      'of 23 hours',
      'America/New_York',
      ['2026-03-08T12:00:00Z', 'd:2026-03-08', '2026-03-08T05:00Z', '2026-03-09T04:00Z'],
    ],
    [
      'of 25 hours',
      'America/New_York',
      ['2026-11-01T12:00:00Z', 'd:2026-11-01', '2026-11-01T04:00Z', '2026-11-02T05:00Z'],
    ],
    [
      'of 25 hours, in the repeated one',
      'Europe/Berlin',
      ['2026-10-25T01:30:00Z', 'd:2026-10-25', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    ],
    [
      'of 24.5 hours',
      'Australia/Lord_Howe',
      ['2026-04-05T00:00:00Z', 'd:2026-04-05', '2026-04-04T13:00Z', '2026-04-05T13:30Z'],
    ],
    [
      'without a midnight',
      'America/Sao_Paulo',
      ['2018-11-04T03:00:00Z', 'd:2018-11-04', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    ],
    [
      'before one without a midnight',
      'America/Sao_Paulo',
      ['2018-11-04T02:59:59.999Z', 'd:2018-11-03', '2018-11-03T03:00Z', '2018-11-04T03:00Z'],
    ],
    [
      'without a midnight',
      'Africa/Cairo',
      ['2024-04-25T22:00:00Z', 'd:2024-04-26', '2024-04-25T22:00Z', '2024-04-26T21:00Z'],
    ],
    [
      'that shows its last hour twice',
      'America/Sao_Paulo',
      ['2018-02-18T02:30:00Z', 'd:2018-02-17', '2018-02-17T02:00Z', '2018-02-18T03:00Z'],
    ],
    [
      'that shows its midnight twice',
      'America/Havana',
      ['2023-11-05T05:30:00Z', 'd:2023-11-05', '2023-11-05T04:00Z', '2023-11-06T05:00Z'],
    ],
    // The clock goes from 00:01 back to 23:01 of the day before; what has begun stays begun.
    [
      'that shows the day before again',
      'America/St_Johns',
      ['2010-11-07T03:00:00Z', 'd:2010-11-07', '2010-11-07T02:30Z', '2010-11-08T03:30Z'],
    ],
    [
      'before one that is never shown',
      'Pacific/Apia',
      ['2011-12-30T09:59:59Z', 'd:2011-12-29', '2011-12-29T10:00Z', '2011-12-30T10:00Z'],
    ],
    [
      'after one that is never shown',
      'Pacific/Apia',
      ['2011-12-30T10:00:00Z', 'd:2011-12-31', '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
    ],
    [
      '14 hours ahead',
      'Pacific/Kiritimati',
      ['2026-12-31T10:00:00Z', 'd:2027-01-01', '2026-12-31T10:00Z', '2027-01-01T10:00Z'],
    ],
    [
      '12 hours behind',
      'Etc/GMT+12',
      ['2027-01-01T11:59:59Z', 'd:2026-12-31', '2026-12-31T12:00Z', '2027-01-01T12:00Z'],
    ],
    [
      '5 hours and 45 minutes ahead',
      'Asia/Kathmandu',
      ['2026-10-13T18:15:00Z', 'd:2026-10-14', '2026-10-13T18:15Z', '2026-10-14T18:15Z'],
    ],
  ])('%s, in %s: %j', (_, timeZone, fact) => expectSpan(inZone(timeZone), fact));
});

describe('an hour in a zone', () => {
  it.each<[string, ...Fact]>([
    ['Asia/Kolkata', '2026-10-14T12:29:59Z', 'h:2026-10-14T17', '2026-10-14T11:30Z', '2026-10-14T12:30Z'],
    ['Asia/Kathmandu', '2026-10-14T12:15:00Z', 'h:2026-10-14T18', '2026-10-14T12:15Z', '2026-10-14T13:15Z'],
    ['Etc/GMT+12', '2026-10-14T11:00:00Z', 'h:2026-10-13T23', '2026-10-14T11:00Z', '2026-10-14T12:00Z'],
    // What is shown twice is one window: a cap for an hour of the clock is not granted twice.
    ['America/New_York', '2026-11-01T05:30:00Z', 'h:2026-11-01T01', '2026-11-01T05:00Z', '2026-11-01T07:00Z'],
    ['America/New_York', '2026-11-01T06:30:00Z', 'h:2026-11-01T01', '2026-11-01T05:00Z', '2026-11-01T07:00Z'],
    ['America/New_York', '2026-11-01T07:00:00Z', 'h:2026-11-01T02', '2026-11-01T07:00Z', '2026-11-01T08:00Z'],
    ['America/New_York', '2026-03-08T06:59:59Z', 'h:2026-03-08T01', '2026-03-08T06:00Z', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-03-08T07:00:00Z', 'h:2026-03-08T03', '2026-03-08T07:00Z', '2026-03-08T08:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:15:00Z', 'h:2026-04-05T01', '2026-04-04T14:00Z', '2026-04-04T15:30Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'h:2026-10-04T02', '2026-10-03T15:30Z', '2026-10-03T16:00Z'],
  ])('%s at %s is %s', (timeZone, ...fact) => expectSpan({ every: 'hour', timeZone }, fact));
});

describe('a window across a change of the clock', () => {
  it.each<[WindowOption, Fact]>([
    [
      { every: 'week', timeZone: 'America/New_York' },
      ['2026-03-08T12:00:00Z', 'w:2026-03-02', '2026-03-02T05:00Z', '2026-03-09T04:00Z'],
    ],
    [
      { every: 'week', timeZone: 'America/New_York', startsOn: 'sunday' },
      ['2026-11-01T12:00:00Z', 'w:2026-11-01', '2026-11-01T04:00Z', '2026-11-08T05:00Z'],
    ],
    [
      { every: 'month', timeZone: 'America/New_York' },
      ['2026-11-30T12:00:00Z', 'm:2026-11', '2026-11-01T04:00Z', '2026-12-01T05:00Z'],
    ],
    [
      { every: 'month', timeZone: 'Europe/Berlin' },
      ['2026-03-31T21:59:59Z', 'm:2026-03', '2026-02-28T23:00Z', '2026-03-31T22:00Z'],
    ],
  ])('%j: %j', (option, fact) => expectSpan(option, fact));
});
