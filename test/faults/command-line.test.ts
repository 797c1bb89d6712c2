import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { jsonlSink } from '../../src/sink/jsonl.js';
import { makeRecord } from '../report/records.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-command-'));
const file = join(folder, 'spend.jsonl');

beforeAll(async () => {
  const sink = jsonlSink({ file });
  await sink.write([makeRecord({ tags: { feature: 'search' } })]);
  await sink.shutdown?.();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(argv: readonly string[]) {
  const output = { stdout: '', stderr: '' };
  const append = (stream: keyof typeof output, text: string) => {
    output[stream] += text;
  };
  const code = await runCli(argv, {
    stdout: { write: (text) => append('stdout', text) },
    stderr: { write: (text) => append('stderr', text) },
    env: {},
    isTTY: false,
  });
  return { code, ...output };
}

const known = fc.constantFrom(
  ...['report', 'help', '--help', '-h', '--version', '-v', '--by', '--where', '--since', '--until', '--json', '--csv'],
  ...['--', '-', '=', '--by=', '--by=$model', '--where=feature=search', '--json=1', '--no-json', '-jc', '--__proto__'],
  ...['feature', '$model', '$nothing', 'feature=search', '__proto__=x', 'constructor=y', '2026-11-24', '9999-99-99'],
);
const anything = fc.oneof(
  known,
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string().map((text) => `--where=${text}=${text}`),
  fc.constantFrom('\u001b[31m', '\0', '\u202e', 'a\nb', '%s%n', "'; drop table records; --", '$(id)', '*', '\ud800'),
);
const argument = fc.oneof({ weight: 3, arbitrary: known }, { weight: 2, arbitrary: anything });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be printed
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

function expectAnswer({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>): void {
  expect([0, 1, 2]).toContain(code);
  expect(stderr).not.toMatch(UNPRINTABLE);
  expect(stderr).not.toMatch(/\n\s+at |TypeError|RangeError|undefined/);
  if (code === 0) expect(stdout).not.toBe('');
  else expect(stdout).toBe('');
  if (code !== 0) expect(stderr).toMatch(/^tokenguard: /);
}

describe('the command line', () => {
  it('answers any arguments with data or with one sentence, and never with a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 8 }), async (argv) => {
        expectAnswer(await run(argv));
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  it('answers any options of a report on a file that is there', async () => {
    const codes = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { maxLength: 6 }), async (options) => {
        const answer = await run(['report', file, ...options]);
        codes.add(answer.code);
        expectAnswer(answer);
      }),
      { numRuns: 1500 },
    );
    expect([...codes]).toEqual(expect.arrayContaining([0, 2]));
  });

  it.each([
    ['one argument of a megabyte', ['report', file, '--where', `feature=${'a'.repeat(1_000_000)}`]],
    ['100 000 conditions', ['report', file, ...Array<string>(100_000).fill('--where=feature=search')]],
    ['100 000 keys', ['report', file, '--by', Array(100_000).fill('feature').join(',')]],
    ['a group of 10 000 short options', ['report', file, `-${'x'.repeat(10_000)}`]],
  ])('answers %s', async (_, argv) => {
    expectAnswer(await run(argv));
  });
});
