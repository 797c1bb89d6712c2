import { describe, expect, it } from 'vitest';
import { createReport } from '../../src/report/report.js';
import { displayWidth, printable, truncate } from '../../src/report/width.js';
import { makeRecord, tagsFrom } from './records.js';

describe('toTable', () => {
  it('aligns columns, sorts by cost and ends with the total', () => {
    const report = createReport(
      [
        makeRecord({ tags: { feature: 'search' }, costNanoUsd: 1_234_500_000_000 }),
        makeRecord({ tags: { feature: 'chat' } }),
        makeRecord(),
      ],
      { groupBy: ['feature'] },
    );
    expect(report.toTable()).toBe(
      [
        'feature  calls  input  output         cost',
        '──────────────────────────────────────────',
        'search       1  1,000     500  $1,234.5000',
        'chat         1  1,000     500      $0.0075',
        '–            1  1,000     500      $0.0075',
        '──────────────────────────────────────────',
        'total        3  3,000   1,500  $1,234.5150',
        '',
      ].join('\n'),
    );
  });

  it.each(['検索機能', '👩‍👩‍👧‍👦 family', 'e\u0301tat', '한국어', '❤️', 'ｆｕｌｌ'])('keeps %s aligned', (value) => {
    const report = createReport([makeRecord({ tags: { feature: value } }), makeRecord({ tags: { feature: 'x' } })], {
      groupBy: ['feature'],
    });
    const lines = report.toTable().trimEnd().split('\n');
    expect(new Set(lines.map(displayWidth)).size).toBe(1);
  });

  it('shows columns for unpriced, presumed and estimated calls only where there are some', () => {
    expect(createReport([makeRecord()]).toTable()).not.toMatch(/unpriced|presumed|estimated/);
    const header = createReport([makeRecord({ basis: 'presumed' })])
      .toTable()
      .split('\n')[0];
    expect(header).toMatch(/presumed/);
  });

  it('never shows money that was spent as nothing', () => {
    expect(createReport([makeRecord({ costNanoUsd: 1 })]).toTable()).toMatch(/<\$0\.000001/);
    expect(createReport([makeRecord({ costNanoUsd: 75_000 })]).toTable()).toMatch(/\$0\.000075/);
    expect(createReport([makeRecord({ costNanoUsd: 0 })]).toTable()).toMatch(/\$0\.00$/m);
  });

  it('says when records are missing', () => {
    expect(createReport([makeRecord()], {}, { dropped: 9 }).toTable()).toMatch(/9 older records were dropped/);
  });

  it('shows control characters instead of obeying them, and cuts long values', () => {
    const value = `\u001b[31mred\n${'x'.repeat(1_000_000)}`;
    const table = createReport([makeRecord({ tags: { feature: value } })], { groupBy: ['feature'] }).toTable();
    expect(table).toContain('\\u{1b}[31mred\\u{a}xxx');
    expect(table).not.toContain('\u001b');
    expect(table.length).toBeLessThan(1000);
  });

  it('lays out more rows than a call has room for arguments', () => {
    const records = Array.from({ length: 200_000 }, (_, index) => makeRecord({ tags: { userId: `user-${index}` } }));
    expect(createReport(records, { groupBy: ['userId'] }).toTable()).toContain('200,000');
  });
});

describe('toCSV', () => {
  it('writes a header, exact costs and CRLF lines', () => {
    const csv = createReport([makeRecord({ costNanoUsd: 1, tags: { feature: 'a' } })], {
      groupBy: ['feature'],
    }).toCSV();
    expect(csv).toBe(
      'feature,calls,costUsd,tokens,inputTokens,outputTokens,reasoningTokens,cachedInputTokens,unpricedCalls,presumedCalls,estimatedCalls\r\n' +
        'a,1,0.000000001,1500,1000,500,0,0,0,0,0\r\n',
    );
  });

  it.each([
    ['say "hi", now', '"say ""hi"", now"'],
    ['two\nlines', '"two\nlines"'],
    ['', '""'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t=1"],
  ])('writes the tag value %j so that it stays text', (value, field) => {
    const csv = createReport([makeRecord({ tags: { key: value } })], { groupBy: ['key'] }).toCSV();
    expect(csv.slice(csv.indexOf('\r\n') + 2)).toBe(`${field},1,0.0075,1500,1000,500,0,0,0,0,0\r\n`);
  });

  it('makes a key that looks like a formula harmless, and leaves a missing tag empty', () => {
    const csv = createReport([makeRecord({ tags: tagsFrom([['x', 1]]) })], { groupBy: ['=cmd()'] }).toCSV();
    expect(csv).toMatch(/^'=cmd\(\),calls/);
    expect(csv).toMatch(/\r\n,1,0\.0075/);
  });
});

it('gives JSON.stringify a plain object with rows and total', () => {
  const report = createReport([makeRecord({ tags: { feature: 'a' } })], { groupBy: ['feature'] });
  expect(JSON.parse(JSON.stringify(report))).toEqual({
    rows: [{ tags: { feature: 'a' }, ...report.total() }],
    total: report.total(),
  });
});

describe('width', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['語', 2],
    ['🙂', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['e\u0301', 1],
    ['\u200b', 0],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('cuts between characters', () => {
    expect(truncate('語語語', 5)).toBe('語語…');
    expect(truncate('abc', 3)).toBe('abc');
  });

  it('writes half a surrogate pair and bidirectional marks as escapes', () => {
    expect(printable('\ud800\u202e')).toBe('\\u{d800}\\u{202e}');
  });
});
