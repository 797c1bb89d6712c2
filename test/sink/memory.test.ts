import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createRecordRing, DEFAULT_MAX_RECORDS, type RecordRing } from '../../src/sink/memory.js';
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

describe('what gave way', () => {
  const callsOf = (ring: RecordRing) => ring.evicted().groups.map(({ figures }) => figures.calls);
  const expired = (index: number) => numbered(index, { outcome: 'expired', basis: 'presumed' });

  it('is summed by all its tags and dimensions', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    const changes: Partial<SpendRecord>[] = [
      ...[{}, { tags: { a: 1 } }, { tags: { a: '1' } }, { tags: { a: 1, b: 2 } }, { tags: { b: 2, a: 1 } }],
      ...[{ model: 'x' }, { servedModel: 'x' }, { provider: 'x' }, { operation: 'x' }, { outcome: 'cut' as const }],
      ...[{ budgets: [{ id: '1', name: 'x' }] }, { budgets: [{ id: '2', name: 'x' }] }, { budgets: [{ id: '3' }] }],
    ];
    for (const [index, change] of changes.entries()) ring.add(numbered(index, change));
    ring.resize(0);
    expect(callsOf(ring)).toEqual([2, 2, 2, 1, 1, 1, 1, 1, 2]);
    expect(ring.evicted().groups[0]).toEqual({
      traits: { provider: 'openai', operation: 'chat', model: 'gpt-test', outcome: 'completed', tags: {}, budgets: [] },
      figures: {
        ...{ calls: 2, costNanoUsd: 15_000_000n, inputTokens: 2000, outputTokens: 1000 },
        ...{ reasoningTokens: 0, cachedInputTokens: 0, unpricedCalls: 0, presumedCalls: 0, estimatedCalls: 0 },
      },
    });
  });

  it.each<[Partial<SpendRecord>, Partial<SpendRecord>]>([
    [{ tags: { a: 'bc' } }, { tags: { ab: 'c' } }],
    [{ tags: { a: 'b', c: 'd' } }, { tags: { a: 'b1:c1:d' } }],
    [
      { provider: 'ab', operation: 'c' },
      { provider: 'a', operation: 'bc' },
    ],
    [{ servedModel: 'a' }, { budgets: [{ id: '1', name: 'a' }] }],
    [{ budgets: [{ id: '1', name: 'a' }] }, { tags: { a: '' } }],
  ])('keeps %j and %j apart', (left, right) => {
    const ring = createRecordRing({ maxRecords: 0 });
    for (const changes of [left, right]) ring.add(makeRecord(changes));
    expect(callsOf(ring)).toEqual([1, 1]);
  });

  it('is summed for no more than a number of groups, and counted beyond', () => {
    const ring = createRecordRing({ maxRecords: 0, maxEvictedGroups: 3 });
    for (let index = 0; index < 100; index += 1) ring.add(numbered(index, { tags: { request: index } }));
    ring.add(numbered(100, { tags: { request: 1 } }));
    expect([callsOf(ring), ring.evicted().uncounted, ring.dropped]).toEqual([[1, 2, 1], 97, 101]);
  });

  it('is summed for 10 000 groups unless told otherwise', () => {
    const ring = createRecordRing({ maxRecords: 0 });
    for (let index = 0; index < 10_003; index += 1) ring.add(numbered(index, { tags: { request: index } }));
    expect([callsOf(ring).length, ring.evicted().uncounted]).toEqual([10_000, 3]);
  });

  it('gives back what a provisional record put in when its last word comes', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    for (const record of [expired(1), expired(2), numbered(3)]) ring.add(record);
    ring.add(numbered(1, { costNanoUsd: 1 }));
    expect([ring.size, ring.dropped, ring.records()[0]?.costNanoUsd]).toEqual([1, 2, 1]);
    expect(ring.evicted().groups.map(({ traits, figures }) => [traits.outcome, figures.calls])).toEqual([
      ['expired', 1],
      ['completed', 1],
    ]);
  });

  it('makes room for another group when its last record is given back', () => {
    const ring = createRecordRing({ maxRecords: 0, maxEvictedGroups: 1 });
    for (const record of [expired(1), expired(2)]) ring.add(record);
    for (const index of [1, 2, 3]) ring.add(numbered(index));
    // The first correction came while the group of the expired records was still there.
    expect([callsOf(ring), ring.evicted().uncounted, ring.dropped]).toEqual([[2], 1, 3]);
  });

  it('gives back also what was only counted', () => {
    const ring = createRecordRing({ maxRecords: 0, maxEvictedGroups: 0 });
    ring.add(expired(1));
    ring.add(numbered(1));
    expect([ring.evicted().uncounted, ring.dropped]).toEqual([1, 1]);
  });

  it('remembers the latest 10 000 provisional records, and not all of them', () => {
    const after = (others: number) => {
      const ring = createRecordRing({ maxRecords: 0 });
      for (let index = 0; index <= others; index += 1) ring.add(expired(index));
      ring.add(numbered(0));
      return ring.dropped - others;
    };
    expect(after(9999)).toBe(1);
    expect(after(20_000)).toBe(2);
  });

  it('is a copy that later records do not change, and is forgotten when cleared', () => {
    const ring = createRecordRing({ maxRecords: 0 });
    ring.add(expired(1));
    const before = ring.evicted();
    ring.add(expired(2));
    expect(before.groups[0]?.figures.calls).toBe(1);
    ring.clear();
    expect(ring.evicted()).toEqual({ groups: [], uncounted: 0 });
    ring.add(numbered(1));
    expect(ring.dropped).toBe(1);
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
  expect(() => createRecordRing({ maxEvictedGroups: bound })).toThrow(/maxEvictedGroups/);
  expect(() => createRecordRing().resize(bound)).toThrow(/maxRecords/);
});
