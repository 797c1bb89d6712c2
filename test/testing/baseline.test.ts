import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError, CostAssertionError } from '../../src/errors.js';
import { createReport } from '../../src/report/report.js';
import { costBaseline } from '../../src/testing/baseline.js';
import { makeRecord } from '../report/records.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-baseline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Whoever runs these tests may be updating baselines of his own.
beforeEach(() => void vi.stubEnv('UPDATE_COST_BASELINE', undefined));
afterEach(() => void vi.unstubAllEnvs());

const freshFile = () => join(mkdtempSync(join(folder, 'case-')), 'deep', 'costs.json');
const costing = (costNanoUsd: number, calls = 1) =>
  createReport(
    Array.from({ length: calls }, (_, index) =>
      makeRecord({ id: `${index}`, costNanoUsd: index === 0 ? costNanoUsd : 0 }),
    ),
  );

/** A file in which `answer` costs one cent. */
function accepted(): string {
  const file = freshFile();
  costBaseline({ file, update: true }).check('answer', costing(10_000_000));
  return file;
}

describe('a cost baseline', () => {
  it('passes up to its tolerance, exactly, and below', () => {
    const baseline = costBaseline({ file: accepted() });
    for (const cost of [10_000_000, 11_000_000, 0]) baseline.check('answer', costing(cost));
    expect(() => baseline.check('answer', costing(11_000_001))).toThrow(CostAssertionError);
  });

  it('says what rose, by how much, and what to do', () => {
    const check = () => costBaseline({ file: accepted() }).check('answer', costing(15_000_000, 3));
    expect(check).toThrow(/'answer' rose from \$0\.01 to \$0\.015 \(\+50 %\), above \$0\.011/);
    expect(check).toThrow(/10 %\. Calls: 1 before, 3 now\. Run with UPDATE_COST_BASELINE=1/);
    expect(check).toThrow(/total.*3.*\$0\.015$/);
  });

  it('takes another tolerance, none too', () => {
    const file = accepted();
    costBaseline({ file, tolerance: 0.5 }).check('answer', costing(15_000_000));
    expect(() => costBaseline({ file, tolerance: 0 }).check('answer', costing(10_000_001))).toThrow(/above \$0\.01,/);
  });

  it('of nothing is passed by nothing alone', () => {
    const file = freshFile();
    costBaseline({ file, update: true }).check('free', costing(0));
    costBaseline({ file }).check('free', costing(0));
    expect(() => costBaseline({ file }).check('free', costing(1))).toThrow(/rose from \$0 to \$0\.000000001, above/);
  });

  it('that is not there fails and is not made, until it is asked for', () => {
    const file = freshFile();
    expect(() => costBaseline({ file }).check('answer', costing(1_000_000))).toThrow(
      /No cost baseline is kept for 'answer'.*\$0\.001 now \(1 call\).*UPDATE_COST_BASELINE=1/,
    );
    expect(existsSync(file)).toBe(false);
    expect(() => costBaseline({ file: accepted() }).check('other', costing(1))).toThrow(/'other'/);
  });

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('is written where UPDATE_COST_BASELINE is %j: %s', (value, isWritten) => {
    vi.stubEnv('UPDATE_COST_BASELINE', value);
    const file = accepted();
    const check = () => costBaseline({ file }).check('answer', costing(99_000_000));
    isWritten ? check() : expect(check).toThrow(CostAssertionError);
    expect(JSON.parse(readFileSync(file, 'utf8')).answer.costUsd).toBe(isWritten ? '0.099' : '0.01');
  });

  it('is sorted JSON with exact decimals that does not depend on the order of checks', () => {
    const names = ['b', 'a', '__proto__', 'é', 'Z'];
    const texts = [names, names.toReversed()].map((order) => {
      const file = freshFile();
      for (const name of order) costBaseline({ file, update: true }).check(name, costing(123_456_789));
      expect(readdirSync(dirname(file))).toEqual(['costs.json']);
      return readFileSync(file, 'utf8');
    });
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toMatch(/^\{\n {2}"Z": \{\n {4}"costUsd": "0\.123456789",\n {4}"calls": 1\n {2}\},\n/);
    expect(texts[0]?.match(/^ {2}"(.*)":/gm)).toEqual(['Z', '__proto__', 'a', 'b', 'é'].map((name) => `  "${name}":`));
  });

  it('does not accept a cost that is not known to be whole', () => {
    const file = freshFile();
    const baseline = costBaseline({ file, update: true });
    expect(() => baseline.check('answer', createReport([]))).toThrow(CostAssertionError);
    expect(existsSync(file)).toBe(false);
  });

  it.each(['', '[]', '{', '{"answer":1}', '{"answer":{"costUsd":"x","calls":1}}'])(
    'refuses the damaged file %j and leaves it as it is',
    (text) => {
      const file = accepted();
      writeFileSync(file, text);
      const check = () => costBaseline({ file, update: true }).check('answer', costing(1));
      expect(check).toThrow(ConfigError);
      expect(check).toThrow(file.slice(0, 40));
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it.each([{ file: '' }, { file: 'a.json', tolerance: -1 }, { file: 'a.json', tolerance: Number.NaN }])(
    'refuses the options %j',
    (options) => {
      expect(() => costBaseline(options)).toThrow(ConfigError);
    },
  );
});
