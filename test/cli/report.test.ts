import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { jsonlSink } from '../../src/sink/jsonl.js';
import { sqliteSink } from '../../src/sink/sqlite.js';
import { makeRecord } from '../report/records.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-cli-'));
const file = join(folder, 'spend.db');

beforeAll(async () => {
  const sink = sqliteSink({ file });
  await sink.write([
    makeRecord({ id: 'a', tags: { feature: 'search', userId: 'ann' }, costNanoUsd: 2_000_000_000 }),
    makeRecord({ id: 'b', tags: { feature: 'chat', userId: 'ann' } }),
    makeRecord({ id: 'c', tags: { feature: 'chat', userId: 'bob' }, timeMs: Date.UTC(2026, 9, 1) }),
  ]);
  await sink.shutdown?.();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(argv: readonly string[], changes: { isTTY?: boolean; env?: Record<string, string> } = {}) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runCli(argv, {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    env: changes.env ?? {},
    isTTY: changes.isTTY ?? false,
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

describe('tokenguard report', () => {
  it('prints a table on stdout and nothing on stderr', async () => {
    const { code, stdout, stderr } = await run(['report', file, '--by', 'feature,userId']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual([
      ...['feature', expect.stringMatching(/^─+$/), 'search', 'chat', 'chat', expect.stringMatching(/^─+$/)],
      ...['total', ''],
    ]);
  });

  it('prints JSON and CSV with exact costs', async () => {
    const json = JSON.parse((await run(['report', file, '--by=feature', '--json'])).stdout);
    expect(json.rows.map((row: { costUsd: string }) => row.costUsd)).toEqual(['2', '0.015']);
    const csv = (await run(['report', file, '--by', 'feature', '--csv'])).stdout.split('\r\n');
    expect(csv.slice(1, 3).map((line) => line.split(',').slice(0, 3))).toEqual([
      ['search', '1', '2'],
      ['chat', '2', '0.015'],
    ]);
  });

  it.each([
    [['--where', 'feature=chat'], 2],
    [['--where', 'feature=chat', '--where', 'userId=ann'], 1],
    [['--where', 'feature=chat', '--where', 'feature=search'], 3],
    [['--since', '2026-11-01'], 2],
    [['--until', '2026-11-24T14:05'], 1],
    [['--by', '$month', '--where', '$month=2026-10'], 1],
  ])('filters by %j', async (options, calls) => {
    const { stdout } = await run(['report', file, '--json', ...options]);
    expect(JSON.parse(stdout).total.calls).toBe(calls);
  });

  it('takes the prefix file:', async () => {
    expect(JSON.parse((await run(['report', `file:${file}`, '--json'])).stdout).total.calls).toBe(3);
  });

  it('reads JSON Lines as well, moved files included', async () => {
    const lines = join(folder, 'spend.jsonl');
    const sink = jsonlSink({ file: lines, maxBytes: 1 });
    await sink.write([makeRecord({ id: 'a' }), makeRecord({ id: 'b' }), makeRecord({ id: 'c', basis: 'presumed' })]);
    const { code, stdout, stderr } = await run(['report', lines, '--json']);
    expect([code, stderr, JSON.parse(stdout).total]).toEqual([
      ...[0, '', expect.objectContaining({ calls: 3, presumedCalls: 1, costUsd: '0.0225' })],
    ]);
    expect(await run(['report', join(folder, 'none.jsonl')])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringMatching(/no such file/) },
    });
  });

  it('says on stderr when nothing matches', async () => {
    const { code, stderr } = await run(['report', file, '--where', 'feature=none']);
    expect([code, stderr]).toEqual([0, 'tokenguard: no record matches\n']);
  });

  it('is bold only on a terminal that wants it', async () => {
    const isBold = async (changes: Parameters<typeof run>[1]) =>
      (await run(['report', file], changes)).stdout.includes('\u001b');
    expect(await isBold({ isTTY: true })).toBe(true);
    expect(await isBold({ isTTY: false })).toBe(false);
    expect(await isBold({ isTTY: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(await isBold({ isTTY: true, env: { NO_COLOR: '' } })).toBe(true);
  });
});

describe('a wrong call', () => {
  it.each([
    [['reprot'], /Unknown command 'reprot'.*report.*--help/],
    [['--colour'], /Unknown option '--colour'/],
    [['report'], /FILE is missing.*tokenguard report --help/],
    [['report', 'a.db', 'b.db'], /'b\.db'/],
    [['report', 'a.db', '--group', 'x'], /Unknown option '--group'.*tokenguard report --help/],
    [['report', 'a.db', '--by'], /--by/],
    [['report', 'a.db', '--by', ''], /groupBy/],
    [['report', 'a.db', '--by', '$user'], /\$user.*\$model/],
    [['report', 'a.db', '--where', 'feature'], /KEY=VALUE, not 'feature'/],
    [['report', 'a.db', '--since', 'soon'], /since: 'soon'/],
    [['report', 'a.db', '--json', '--csv'], /exclude/],
  ])('%j exits with 2, says why on stderr and prints no data', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('without a command shows the help on stderr', async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/Commands\n {2}report/);
  });

  it.each([
    [join(folder, 'none.db'), /no such file/],
    [join(folder, 'none\u001b[31m.db'), /none\\u\{1b\}\[31m\.db/],
    [folder, /./],
  ])('on the unreadable file %j exits with 1', async (path, message) => {
    const { code, stdout, stderr } = await run(['report', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('help and version', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

  it.each([[['--help']], [['-h']], [['help']], [['report', '--help']], [['report', 'x.db', '--nonsense', '--help']]])(
    '%j prints help on stdout',
    async (argv) => {
      const { code, stdout, stderr } = await run(argv);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/Usage\n {2}tokenguard/);
    },
  );

  it.each([[['--version']], [['report', '--version']]])('%j prints the version', async (argv) => {
    expect(await run(argv)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
