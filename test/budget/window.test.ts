import { describe, expect, it } from 'vitest';
import { readWindow, type WindowOption } from '../../src/budget/window.js';
import { ConfigError } from '../../src/index.js';

const NOON = Date.parse('2026-10-14T12:00:00Z');

function configErrorOf(option: unknown): ConfigError {
  try {
    readWindow(option);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing was thrown');
}

describe('the signature of a window', () => {
  it.each<[WindowOption, string]>([
    ['hour', 'hour@UTC'],
    ['day', 'day@UTC'],
    ['week', 'week@UTC'],
    ['month', 'month@UTC'],
    ['forever', 'forever'],
    [{ every: 'day', timeZone: 'Europe/Berlin' }, 'day@Europe/Berlin'],
    [{ every: 'day', startsOn: 6 }, 'day-6@UTC'],
    [{ every: 'week', startsOn: 'sunday' }, 'week-sunday@UTC'],
    [{ every: 'month', startsOn: 15, timeZone: 'Etc/GMT+12' }, 'month-15@Etc/GMT+12'],
    [{ rolling: '24h' }, 'rolling-86400000ms'],
  ])('of %j is %s', (option, signature) => {
    expect(readWindow(option).signature).toBe(signature);
  });

  it.each<[WindowOption, WindowOption]>([
    ['day', { every: 'day' }],
    ['day', { every: 'day', timeZone: 'UTC', startsOn: 0 }],
    ['week', { every: 'week', startsOn: 'monday' }],
    ['month', { every: 'month', startsOn: 1 }],
    [{ rolling: '24h' }, { rolling: '1d' }],
    [{ rolling: '90s' }, { rolling: 90_000 }],
  ])('is the same for %j and %j', (left, right) => {
    expect(readWindow(left).signature).toBe(readWindow(right).signature);
  });

  it('keeps the name of the zone as it was written, whichever of its names Intl prefers', () => {
    expect(readWindow({ every: 'day', timeZone: 'Asia/Kolkata' }).signature).toBe('day@Asia/Kolkata');
    expect(readWindow({ every: 'day', timeZone: 'Asia/Calcutta' }).signature).toBe('day@Asia/Calcutta');
  });

  it('reads an option that is set to undefined as one that is not set', () => {
    expect(readWindow({ every: 'week', timeZone: undefined, startsOn: undefined }).signature).toBe('week@UTC');
  });
});

describe('readWindow', () => {
  it.each<[unknown, string]>([
    [undefined, 'window'],
    [null, 'window'],
    ['daily', 'window'],
    ['__proto__', 'window'],
    [86_400_000, 'window'],
    [['day'], 'window'],
    [{}, 'window.every'],
    [{ every: 'year' }, 'window.every'],
    [{ every: 'forever' }, 'window.every'],
    [{ every: 'day', timezone: 'UTC' }, 'window option'],
    [{ rolling: '24h', timeZone: 'UTC' }, 'window option'],
    [{ rolling: '24h', every: 'day' }, 'window option'],
    [{ every: 'day', timeZone: 'Mars/Olympus' }, 'window.timeZone'],
    [{ every: 'day', timeZone: 'local' }, 'window.timeZone'],
    [{ every: 'day', timeZone: '' }, 'window.timeZone'],
    [{ every: 'day', timeZone: '+05:30' }, 'window.timeZone'],
    [{ every: 'day', timeZone: null }, 'window.timeZone'],
    [{ every: 'day', timeZone: 'europe/berlin' }, 'window.timeZone'],
    [{ every: 'hour', startsOn: 0 }, 'window.startsOn'],
    [{ every: 'day', startsOn: 24 }, 'window.startsOn'],
    [{ every: 'day', startsOn: -1 }, 'window.startsOn'],
    [{ every: 'day', startsOn: 1.5 }, 'window.startsOn'],
    [{ every: 'day', startsOn: '6' }, 'window.startsOn'],
    [{ every: 'day', startsOn: 'monday' }, 'window.startsOn'],
    [{ every: 'week', startsOn: 1 }, 'window.startsOn'],
    [{ every: 'week', startsOn: 'Monday' }, 'window.startsOn'],
    [{ every: 'month', startsOn: 0 }, 'window.startsOn'],
    [{ every: 'month', startsOn: 29 }, 'window.startsOn'],
    [{ every: 'month', startsOn: Number.NaN }, 'window.startsOn'],
    [{ rolling: undefined }, 'window.rolling'],
    [{ rolling: '24' }, 'window.rolling'],
    [{ rolling: '1.5h' }, 'window.rolling'],
    [{ rolling: '-1h' }, 'window.rolling'],
    [{ rolling: '0s' }, 'window.rolling'],
    [{ rolling: '367d' }, 'window.rolling'],
    [{ rolling: '999999999d' }, 'window.rolling'],
    [{ rolling: 999 }, 'window.rolling'],
    [{ rolling: 1000.5 }, 'window.rolling'],
    [{ rolling: Number.POSITIVE_INFINITY }, 'window.rolling'],
    [{ rolling: Number.NaN }, 'window.rolling'],
  ])('refuses %j, naming what is wrong with it', (option, named) => {
    expect(configErrorOf(option)).toMatchObject({ option: named, remedy: expect.stringMatching(/\w/) });
  });

  it('says how a zone is written', () => {
    expect(configErrorOf({ every: 'day', timeZone: 'europe/berlin' }).remedy).toContain("'Europe/Berlin'");
    expect(configErrorOf({ every: 'day', timeZone: 'utc' }).remedy).toContain("'UTC'");
  });
});

describe('a window', () => {
  it('for ever has one span, which nothing leaves', () => {
    const window = readWindow('forever');

    expect(window.at(NOON)).toEqual({
      id: 'forever',
      startMs: 0,
      endMs: Number.MAX_SAFE_INTEGER,
      earlierIds: [],
      countsUntilMs: Number.MAX_SAFE_INTEGER,
      resetsAtMs: undefined,
    });
    expect(window.at(0)).toBe(window.at(NOON));
  });

  it.each<[WindowOption]>([['day'], [{ rolling: '24h' }]])('%j works a span out once', (option) => {
    const window = readWindow(option);
    const span = window.at(NOON);

    expect(window.at(span.endMs - 1)).toBe(span);
    expect(window.at(span.startMs)).toBe(span);
    expect(window.at(span.endMs)).not.toBe(span);
  });

  it.each<[WindowOption]>([['day'], [{ rolling: '24h' }]])('%j is right when time goes back', (option) => {
    const window = readWindow(option);
    const now = window.at(NOON);
    const later = window.at(now.endMs);

    expect(window.at(NOON)).toEqual(now);
    expect(window.at(now.startMs - 1).endMs).toBe(now.startMs);
    expect(window.at(now.endMs)).toEqual(later);
  });

  it('and its spans cannot be changed', () => {
    const window = readWindow({ rolling: '24h' });
    const span = window.at(NOON);

    expect(Object.isFrozen(window) && Object.isFrozen(span) && Object.isFrozen(span.earlierIds)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 253_402_300_800_000])(
    'refuses the time %d of a broken clock',
    (nowMs) => {
      for (const option of ['day', { rolling: '24h' }]) {
        expect(() => readWindow(option).at(nowMs)).toThrow(ConfigError);
      }
    },
  );
});
