import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createRecordRing, DEFAULT_MAX_RECORDS } from '../../src/sink/memory.js';
import type { SpendRecord } from '../../src/sink/sink.js';
import { makeRecord } from '../report/records.js';

const numbered = (index: number, changes: Partial<SpendRecord> = {}) =>
  makeRecord({ id: `record-${index}`, timeMs: index, ...changes });
const idsOf = (records: Iterable<SpendRecord>) => [...records].map(({ id }) => id);

describe('a record ring', () => {
  it('keeps the newest records, oldest first, and counts the others', () => {
    const ring = createRecordRing({ maxRecords: 3 });
    for (let index = 0; index < 8; index += 1) ring.add(numbered(index));
    expect(idsOf(ring.records())).toEqual(['record-5', 'record-6', 'record-7']);
    expect([ring.size, ring.dropped, ring.droppedUntilMs]).toEqual([3, 5, 4]);
  });

  it('has dropped nothing while there is room', () => {
    const ring = createRecordRing();
    ring.add(numbered(1));
    expect([ring.size, ring.dropped, ring.droppedUntilMs]).toEqual([1, 0, undefined]);
  });

  it('tells the latest time it dropped also when the wall clock jumped back', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    for (const timeMs of [900, 100, 200]) ring.add(makeRecord({ timeMs }));
    expect(ring.droppedUntilMs).toBe(900);
  });

  it('gives a copy that later records do not change', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    ring.add(numbered(1));
    const before = ring.records();
    ring.add(numbered(2));
    expect(idsOf(before)).toEqual(['record-1']);
  });

  it('keeps a default number of records and evicts in constant time', () => {
    const ring = createRecordRing();
    for (let index = 0; index < 3 * DEFAULT_MAX_RECORDS; index += 1) ring.add(numbered(index, { outcome: 'expired' }));
    expect([ring.size, ring.dropped]).toEqual([DEFAULT_MAX_RECORDS, 2 * DEFAULT_MAX_RECORDS]);
    expect(ring.records()[0]?.id).toBe(`record-${2 * DEFAULT_MAX_RECORDS}`);
  });

  it('keeps none when it may keep none', () => {
    const ring = createRecordRing({ maxRecords: 0 });
    ring.add(numbered(1));
    expect([ring.size, ring.dropped, ring.records()]).toEqual([0, 1, []]);
  });
});

describe('a correction', () => {
  it.each([{ outcome: 'expired' as const }, { basis: 'presumed' as const }])(
    'takes the place of the provisional record %j',
    (provisional) => {
      const ring = createRecordRing({ maxRecords: 3 });
      for (const index of [0, 1]) ring.add(numbered(index));
      ring.add(numbered(2, provisional));
      for (const index of [3, 4]) ring.add(numbered(index));
      ring.add(numbered(2, { costNanoUsd: 1 }));
      expect(idsOf(ring.records())).toEqual(['record-2', 'record-3', 'record-4']);
      expect(ring.records()[0]?.costNanoUsd).toBe(1);
      expect(ring.replace(numbered(2, { costNanoUsd: 2 }))).toBe(false);
    },
  );

  it('changes nothing when the record has given way, and touches no other', () => {
    const ring = createRecordRing({ maxRecords: 2 });
    ring.add(numbered(1, { outcome: 'expired' }));
    for (const index of [2, 3]) ring.add(numbered(index));
    expect(ring.replace(numbered(1))).toBe(false);
    expect(idsOf(ring.records())).toEqual(['record-2', 'record-3']);
  });

  it('finds its record after the ring was resized', () => {
    const ring = createRecordRing({ maxRecords: 4 });
    for (const index of [1, 2, 3, 4, 5]) ring.add(numbered(index, { outcome: 'expired' }));
    ring.resize(2);
    expect(ring.replace(numbered(3))).toBe(false);
    expect(ring.replace(numbered(5, { costNanoUsd: 1 }))).toBe(true);
    expect(ring.records().map(({ costNanoUsd }) => costNanoUsd)).toEqual([7_500_000, 1]);
  });
});

describe('resizing', () => {
  it('drops the oldest when smaller and keeps going in order when larger', () => {
    const ring = createRecordRing({ maxRecords: 3 });
    for (let index = 0; index < 5; index += 1) ring.add(numbered(index));
    ring.resize(2);
    expect([idsOf(ring.records()), ring.dropped]).toEqual([['record-3', 'record-4'], 3]);
    ring.resize(4);
    for (const index of [5, 6, 7]) ring.add(numbered(index));
    expect(idsOf(ring.records())).toEqual(['record-4', 'record-5', 'record-6', 'record-7']);
  });

  it('starts anew when cleared', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    for (const index of [1, 2]) ring.add(numbered(index, { outcome: 'expired' }));
    ring.clear();
    expect([ring.size, ring.dropped, ring.droppedUntilMs, ring.replace(numbered(2))]).toEqual([0, 0, undefined, false]);
    ring.add(numbered(3));
    expect(idsOf(ring.records())).toEqual(['record-3']);
  });
});

it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number])('refuses %s as a bound', (bound) => {
  expect(() => createRecordRing({ maxRecords: bound })).toThrow(ConfigError);
  expect(() => createRecordRing().resize(bound)).toThrow(/maxRecords/);
});
