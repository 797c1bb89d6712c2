import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createReport, type ReportOptions } from '../../src/report/report.js';
import { makeRecord, tagsFrom } from './records.js';

const HOUR_MS = 3_600_000;

describe('grouping', () => {
  it('gives one row for each combination of tags, dearest first, then by value', () => {
    const report = createReport(
      [
        makeRecord({ tags: { feature: 'chat', userId: 'ann' } }),
        makeRecord({ tags: { feature: 'search', userId: 'bob' } }),
        makeRecord({ tags: { feature: 'chat', userId: 'ann' } }),
        makeRecord({ tags: { feature: 'agent', userId: 'bob' } }),
      ],
      { groupBy: ['feature', 'userId'] },
    );
    expect([...report].map((row) => [row.tags, row.costUsd, row.calls])).toEqual([
      [{ feature: 'chat', userId: 'ann' }, '0.015', 2],
      [{ feature: 'agent', userId: 'bob' }, '0.0075', 1],
      [{ feature: 'search', userId: 'bob' }, '0.0075', 1],
    ]);
  });

  it('groups a missing tag as null, last among equals and apart from the text null', () => {
    const report = createReport([makeRecord(), makeRecord({ tags: { feature: 'null' } })], { groupBy: ['feature'] });
    expect(report.rows.map((row) => row.tags.feature)).toEqual(['null', null]);
  });

  it('counts 1, "1" and true, "true" as the same group', () => {
    const records = [1, '1', true, 'true'].map((value) => makeRecord({ tags: { key: value } }));
    const rows = createReport(records, { groupBy: ['key'] }).rows;
    expect(rows.map((row) => [row.tags.key, row.calls])).toEqual([
      ['1', 2],
      ['true', 2],
    ]);
  });

  it('keeps tag values apart that contain separators', () => {
    const records = [makeRecord({ tags: { a: 'x|y', b: 'z' } }), makeRecord({ tags: { a: 'x', b: 'y|z' } })];
    expect(createReport(records, { groupBy: ['a', 'b'] }).rows).toHaveLength(2);
  });

  it.each(['__proto__', 'constructor', 'toString', '\ud800', 'a\0b', ''.padEnd(300, 'k')])(
    'keeps the tag key %j as a key of its row',
    (key) => {
      const report = createReport([makeRecord({ tags: tagsFrom([[key, 'value']]) }), makeRecord()], { groupBy: [key] });
      expect(Object.entries(report.rows[0]?.tags ?? {})).toEqual([[key, 'value']]);
      expect(Object.entries(report.rows[1]?.tags ?? {})).toEqual([[key, null]]);
      expect(Object.getPrototypeOf(report.rows[0]?.tags)).toBe(Object.prototype);
      expect(JSON.parse(JSON.stringify(report)).rows).toHaveLength(2);
    },
  );

  it.each([
    ['$model', 'sent-model'],
    ['$servedModel', 'served-model'],
    ['$provider', 'anthropic'],
    ['$operation', 'embeddings'],
    ['$budget', 'inner'],
    ['$outcome', 'cut'],
    ['$hour', '2026-11-24T14'],
    ['$day', '2026-11-24'],
    ['$month', '2026-11'],
  ])('reads the dimension %s', (dimension, value) => {
    const record = makeRecord({
      ...{ model: 'sent-model', servedModel: 'served-model', provider: 'anthropic', operation: 'embeddings' },
      budgets: [{ id: 'b1', name: 'outer' }, { id: 'b2', name: 'inner' }, { id: 'b3' }],
      outcome: 'cut',
    });
    expect(createReport([record], { groupBy: [dimension] }).rows[0]?.tags).toEqual({ [dimension]: value });
  });

  it('groups records without a served model or a named budget as null', () => {
    const rows = createReport([makeRecord({ budgets: [{ id: 'x' }] })], { groupBy: ['$servedModel', '$budget'] }).rows;
    expect(rows[0]?.tags).toEqual({ $servedModel: null, $budget: null });
  });

  it('gives one row without groupBy, and none without records', () => {
    expect(createReport([makeRecord(), makeRecord()]).rows.map((row) => [row.tags, row.calls])).toEqual([[{}, 2]]);
    const empty = createReport([]);
    expect(empty.rows).toEqual([]);
    expect(empty.total()).toEqual({
      ...{ usd: 0, costUsd: '0', tokens: 0, inputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
      ...{ cachedInputTokens: 0, calls: 0, unpricedCalls: 0, presumedCalls: 0, estimatedCalls: 0 },
    });
  });
});

describe('figures', () => {
  it('sums tokens and their parts, and counts each basis', () => {
    const usage = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 4, reasoningOutputTokens: 3 };
    const { usage: _usage, ...withoutUsage } = makeRecord({ basis: 'presumed' });
    const report = createReport([
      makeRecord({ usage }),
      makeRecord({ usage, basis: 'unpriced', costNanoUsd: 0 }),
      makeRecord({ usage, basis: 'estimated' }),
      withoutUsage,
    ]);
    expect(report.total()).toEqual({
      ...{ usd: 0.0225, costUsd: '0.0225', tokens: 45, inputTokens: 30, outputTokens: 15, reasoningTokens: 9 },
      ...{ cachedInputTokens: 12, calls: 4, unpricedCalls: 1, presumedCalls: 1, estimatedCalls: 1 },
    });
  });

  it('adds a million costs without drifting', () => {
    const record = makeRecord({ costNanoUsd: 7500 });
    const report = createReport(Array.from({ length: 1_000_000 }, () => record));
    expect(report.total().costUsd).toBe('7.5');
  });

  it('stays exact above the largest exact number', () => {
    const record = makeRecord({ costNanoUsd: Number.MAX_SAFE_INTEGER });
    const exact = BigInt(Number.MAX_SAFE_INTEGER) * 3n;
    expect(createReport([record, record, record]).total().costUsd.replace('.', '')).toBe(exact.toString());
  });
});

describe('filtering', () => {
  const records = [
    makeRecord({ tags: { feature: 'search', tier: 1 } }),
    makeRecord({ tags: { feature: 'chat' }, model: 'other' }),
    makeRecord(),
  ];
  it.each<[ReportOptions['where'], number]>([
    [{ feature: 'search' }, 1],
    [{ feature: ['search', 'chat'] }, 2],
    [{ feature: null }, 1],
    [{ feature: ['chat', null] }, 2],
    [{ tier: '1' }, 1],
    [{ feature: 'search', $model: 'other' }, 0],
    [{ $model: 'gpt-test' }, 2],
    [{}, 3],
  ])('where %j matches %i records', (where, calls) => {
    expect(createReport(records, { where: where ?? {} }).total().calls).toBe(calls);
  });

  it('finds by any budget around the call what it groups by the innermost', () => {
    const budgets = [
      { id: '1', name: 'outer' },
      { id: '2', name: 'inner' },
    ];
    const report = createReport([makeRecord({ budgets })], { where: { $budget: 'outer' }, groupBy: ['$budget'] });
    expect(report.rows[0]?.tags).toEqual({ $budget: 'inner' });
  });

  it('takes since as inclusive and until as exclusive', () => {
    const startMs = Date.UTC(2026, 10, 24, 14);
    const hourly = [0, 1, 2].map((hour) => makeRecord({ timeMs: startMs + hour * HOUR_MS }));
    const count = (options: ReportOptions) => createReport(hourly, options).total().calls;
    expect(count({ since: startMs + HOUR_MS })).toBe(2);
    expect(count({ until: startMs + HOUR_MS })).toBe(1);
    expect(count({ since: new Date(startMs), until: '2026-11-24T15:00:00Z' })).toBe(1);
    expect(count({ since: '2026-11-24T15' })).toBe(2);
    expect(count({ since: '2026-11-24T16:00:00+01:00' })).toBe(2);
    expect(count({ since: '2026-11-24T14:00:00.001' })).toBe(2);
    expect(count({ until: '2026-11' })).toBe(0);
  });
});

describe('bad options', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown dimension', { groupBy: ['$user'] }, /groupBy: '\$user'.*\$servedModel/],
    ['groupBy that is text', { groupBy: 'feature' }, /groupBy/],
    ['an empty group key', { groupBy: [''] }, /groupBy/],
    ['a group key that is no text', { groupBy: [7] }, /groupBy: 7/],
    ['an unknown dimension in where', { where: { $nope: 1 } }, /where\.\$nope/],
    ['an undefined condition', { where: { userId: undefined } }, /where\.userId: undefined/],
    ['a condition without values', { where: { userId: [] } }, /where\.userId/],
    ['a condition that is an object', { where: { userId: {} } }, /where\.userId/],
    ['where that is text', { where: 'feature=search' }, /where/],
    ['a day that does not exist', { since: '2026-02-30' }, /since: '2026-02-30'/],
    ['text that is no time', { until: 'yesterday' }, /until: 'yesterday'/],
    ['a time that is not a number', { since: Number.NaN }, /since: NaN/],
    ['an endless time', { since: Number.POSITIVE_INFINITY }, /since: Infinity/],
    ['an invalid Date', { since: new Date('x') }, /since/],
    ['an unknown option', { groupby: ['feature'] }, /groupby.*groupBy/],
    ['options that are null', null, /report options/],
  ])('refuses %s by name', (_name, options, message) => {
    const make = () => createReport([], options as ReportOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});

describe('dropped records', () => {
  const records = [makeRecord({ timeMs: 5000 }), makeRecord({ timeMs: 6000 })];

  it('says how many may be missing only where the time filter reaches them', () => {
    const context = { dropped: 7, droppedUntilMs: 4000 };
    expect(createReport(records, {}, context).dropped).toBe(7);
    expect(createReport(records, { since: 4000 }, context).toJSON().dropped).toBe(7);
    expect(createReport(records, { since: 4001 }, context).dropped).toBe(0);
    expect(createReport(records, { since: 4001 }, context).toJSON()).not.toHaveProperty('dropped');
  });

  it('takes the oldest record here for the edge when none is told', () => {
    expect(createReport(records, { since: 5000 }, { dropped: 1 }).dropped).toBe(1);
    expect(createReport(records, { since: 5001 }, { dropped: 1 }).dropped).toBe(0);
  });
});

it('is a snapshot that later records and callers cannot change', () => {
  const records = [makeRecord()];
  const report = createReport(records, { groupBy: ['feature'] });
  records.push(makeRecord());
  expect(report.total().calls).toBe(1);
  expect(() => report.assertUnder({ calls: 1 })).not.toThrow();
  expect(Object.isFrozen(report.rows) && Object.isFrozen(report.rows[0]) && Object.isFrozen(report.total())).toBe(true);
});
