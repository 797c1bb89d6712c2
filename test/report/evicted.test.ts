import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CostAssertionError } from '../../src/errors.js';
import { createReport, type ReportOptions } from '../../src/report/report.js';
import { createRecordRing, type RecordRing } from '../../src/sink/memory.js';
import type { SpendRecord } from '../../src/sink/sink.js';
import { makeRecord } from './records.js';

/** The report of a guard that keeps its records in `ring`. */
function reportOf(ring: RecordRing, options: ReportOptions = {}) {
  const { dropped, droppedUntilMs } = ring;
  return createReport(ring.records(), options, { dropped, droppedUntilMs, evicted: ring.evicted() });
}

function fill(maxRecords: number, records: readonly SpendRecord[], maxEvictedGroups?: number): RecordRing {
  const ring = createRecordRing({ maxRecords, ...(maxEvictedGroups !== undefined && { maxEvictedGroups }) });
  for (const record of records) ring.add(record);
  return ring;
}

const oneOf = <const Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
const traits = {
  provider: oneOf('openai', 'anthropic'),
  operation: oneOf('chat', 'embeddings'),
  model: oneOf('small', 'large'),
  outcome: oneOf('completed', 'cut', 'failed', 'expired'),
  basis: oneOf('reported', 'priced', 'estimated', 'presumed', 'unpriced'),
  budgets: oneOf(
    [],
    [{ id: '1' }],
    [{ id: '2', name: 'outer' }, { id: '3' }],
    [
      { id: '4', name: 'outer' },
      { id: '5', name: 'inner' },
    ],
  ),
  // Pairs that a careless key would mix up: the same text from other types, other orders, other splits.
  tags: oneOf<SpendRecord['tags']>(
    {},
    { feature: 'search' },
    { feature: 'null' },
    { feature: 'search', userId: 1 },
    { userId: '1', feature: 'search' },
    { feature: 'search1:x6:userId' },
    { feature: true },
    JSON.parse('{"__proto__":"search"}'),
  ),
};
const anyRecord = fc
  .record({
    ...traits,
    servedModel: oneOf(undefined, 'small', 'large-2026'),
    usage: oneOf(
      undefined,
      { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 4, reasoningOutputTokens: 3 },
      { inputTokens: 7, outputTokens: 0 },
    ),
    costNanoUsd: fc.oneof(fc.nat(), oneOf(0, Number.MAX_SAFE_INTEGER)),
    timeMs: fc.nat({ max: 9 }).map((hours) => hours * 3_600_000),
  })
  .map(({ servedModel, usage, ...changes }) => {
    const { usage: _, ...record } = makeRecord(changes);
    return { ...record, ...(servedModel !== undefined && { servedModel }), ...(usage !== undefined && { usage }) };
  });

/** A new call, the last word on one of the calls whose record is provisional, or another bound. */
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: oneOf('call'), record: anyRecord }) },
  { weight: 3, arbitrary: fc.record({ kind: oneOf('correction'), record: anyRecord, pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: oneOf('resize'), maxRecords: fc.nat({ max: 7 }) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;
const anyTraffic = fc.array(anyStep, { maxLength: 60, size: 'max' });

/** Books `steps` as a guard does, in a ring and in a list that forgets nothing. */
function book(ring: RecordRing, steps: readonly Step[]): Map<string, SpendRecord> {
  const booked = new Map<string, SpendRecord>();
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'resize') {
      ring.resize(step.maxRecords);
      continue;
    }
    const provisional = [...booked.values()].filter(
      ({ outcome, basis }) => outcome === 'expired' || basis === 'presumed',
    );
    const corrected = step.kind === 'correction' ? provisional[step.pick % provisional.length] : undefined;
    const record = { ...step.record, id: corrected?.id ?? `call-${index}` };
    booked.set(record.id, record);
    if (corrected === undefined || !ring.replace(record)) ring.add(record);
  }
  return booked;
}

const TAG_KEYS = ['feature', 'userId', '__proto__', 'unused'];
const DIMENSIONS = ['$model', '$servedModel', '$provider', '$operation', '$budget', '$outcome'];
const values = fc.array(
  oneOf<string | boolean | null>('search', 'null', null, '1', true, 'openai', 'chat', 'small', 'outer', 'completed'),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const anyWhere = (keys: readonly string[]) => fc.dictionary(oneOf(...keys), values, { maxKeys: 2 });
const anyGroupBy = (keys: readonly string[]) => fc.subarray([...keys], { maxLength: 3 });
const timelessOptions: fc.Arbitrary<ReportOptions> = fc.record({
  groupBy: anyGroupBy([...TAG_KEYS, ...DIMENSIONS]),
  where: anyWhere([...TAG_KEYS, ...DIMENSIONS]),
});
const anyHour = fc.nat({ max: 10 }).map((hours) => hours * 3_600_000);
const anyOptions: fc.Arbitrary<ReportOptions> = fc.record(
  {
    groupBy: anyGroupBy([...TAG_KEYS, ...DIMENSIONS, '$hour', '$day', '$month']),
    where: anyWhere([...TAG_KEYS, ...DIMENSIONS, '$hour']),
    since: anyHour,
    until: anyHour,
  },
  { requiredKeys: [] },
);

function messageOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof CostAssertionError) return error.message;
    throw error;
  }
}

describe('over random traffic', () => {
  it('a report without times is as if nothing had given way', () => {
    fc.assert(
      fc.property(
        anyTraffic,
        timelessOptions,
        anyWhere(['feature', '$budget']),
        fc.nat({ max: 9_000_000 }),
        (steps, options, where, usd) => {
          const ring = createRecordRing({ maxRecords: 5 });
          const booked = book(ring, steps);
          const [report, expected] = [reportOf(ring, options), createReport(booked.values(), options)];

          expect([report.rows, report.total(), report.dropped]).toEqual([expected.rows, expected.total(), 0]);
          expect(ring.dropped + ring.size).toBe(booked.size);
          for (const caps of [{ usd }, { calls: 3 }, { tokens: 40 }]) {
            const check = () => report.assertUnder(caps, where);
            expect(messageOf(check)).toBe(messageOf(() => expected.assertUnder(caps, where)));
          }
          const sum = [...booked.values()].reduce((cost, { costNanoUsd }) => cost + BigInt(costNanoUsd), 0n);
          expect(toNanoUsd(reportOf(ring).total().costUsd)).toBe(sum);
        },
      ),
    );
  });

  it('a report is right, or says that records are missing, and then fails to assert', () => {
    fc.assert(
      fc.property(anyTraffic, anyOptions, fc.nat({ max: 6 }), (steps, options, maxEvictedGroups) => {
        const ring = createRecordRing({ maxRecords: 5, maxEvictedGroups });
        const booked = book(ring, steps);
        const [report, expected] = [reportOf(ring, options), createReport(booked.values(), options)];

        if (report.dropped === 0) expect(report.rows).toEqual(expected.rows);
        else expect(() => report.assertUnder({ calls: booked.size })).toThrow(/older records were dropped/);
        const whole = reportOf(ring);
        expect(whole.total().calls + whole.dropped).toBe(booked.size);
      }),
    );
  });
});

function toNanoUsd(costUsd: string): bigint {
  const [whole = '', fraction = ''] = costUsd.split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
}

describe('what gave way', () => {
  const records = Array.from({ length: 4 }, (_, index) =>
    makeRecord({ id: `record-${index}`, timeMs: index * 1000, tags: { feature: index % 2 ? 'search' : 'chat' } }),
  );

  it('counts in rows, totals and assertions', () => {
    const report = reportOf(fill(1, records), { groupBy: ['feature'] });
    expect(report.rows.map(({ tags, calls, costUsd }) => [tags.feature, calls, costUsd])).toEqual([
      ['chat', 2, '0.015'],
      ['search', 2, '0.015'],
    ]);
    expect(report.dropped).toBe(0);
    expect(report.toJSON()).not.toHaveProperty('dropped');
    expect(() => report.assertUnder({ usd: 0.015, tokens: 3000, calls: 2 }, { feature: 'chat' })).not.toThrow();
    expect(() => report.assertUnder({ usd: 0.0149 }, { feature: 'chat' })).toThrow(/\(2 calls\): \$0\.015 spent/);
    expect(() => report.assertUnder({ usd: 1 }, { feature: 'serach' })).toThrow(/no record matches/);
  });

  it.each<ReportOptions>([
    { since: 2000 },
    { until: 9000 },
    { groupBy: ['$hour'] },
    { groupBy: ['feature', '$day'] },
    { where: { $month: '1970-01' } },
    { where: { $hour: null } },
  ])('is missing, and said to be, where %j asks for its time', (options) => {
    const report = reportOf(fill(1, records), options);
    expect(report.dropped).toBe(3);
    expect(report.total().calls).toBeLessThan(2);
    expect(() => report.assertUnder({ usd: 1 })).toThrow(/3 older records were dropped.*since/);
  });

  it('is missing where only the assertion asks for its time', () => {
    const report = reportOf(fill(1, records));
    expect(() => report.assertUnder({ usd: 1 }, { $day: '1970-01-01' })).toThrow(/3 older records were dropped/);
    const recent = reportOf(fill(1, records), { since: 2001 });
    expect(() => recent.assertUnder({ usd: 1 }, { $day: '1970-01-01' })).not.toThrow();
  });

  it('is missing where it needed one sum too many', () => {
    const ring = fill(1, [...records, makeRecord({ id: 'last' })], 1);
    const report = reportOf(ring, { groupBy: ['feature'] });
    expect(report.rows.map(({ tags, calls }) => [tags.feature, calls])).toEqual([
      ['chat', 2],
      [null, 1],
    ]);
    expect(report.dropped).toBe(2);
    expect(report.toTable()).toContain('2 older records were dropped');
    expect(() => report.assertUnder({ usd: 1 })).toThrow(/2 older records were dropped.*fewer different values/);
  });

  it('stays in a report as it was when the report was made', () => {
    const ring = fill(1, records);
    const report = reportOf(ring);
    for (const record of records) ring.add(record);
    expect(() => report.assertUnder({ calls: 4 })).not.toThrow();
    expect(() => reportOf(ring).assertUnder({ calls: 4 })).toThrow(/8 calls of 4/);
  });
});
