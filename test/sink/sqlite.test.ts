import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createReport } from '../../src/report/report.js';
import { reportFrom } from '../../src/report/report-from.js';
import { filePath } from '../../src/sink/file-path.js';
import type { SpendRecord } from '../../src/sink/sink.js';
import { sqliteSink } from '../../src/sink/sqlite.js';
import { readSqliteRecords } from '../../src/sink/sqlite-read.js';
import { SQLITE_SCHEMA_VERSION } from '../../src/sink/sqlite-schema.js';
import { isBusy, openSqlite } from '../../src/sqlite-driver.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { makeRecord, tagsFrom } from '../report/records.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshFile(name: string): string {
  return join(mkdtempSync(join(folder, 'case-')), name);
}

async function writeAll(file: string, records: readonly SpendRecord[]): Promise<void> {
  const sink = sqliteSink({ file });
  await sink.write(records);
  await sink.shutdown?.();
}

const everything = makeRecord({
  id: 'everything',
  requestedModel: 'gpt-large',
  servedModel: 'gpt-test-2026-11-01',
  usage: {
    ...{ inputTokens: 10, outputTokens: 9, cacheReadInputTokens: 1, cacheWriteInputTokens: 2 },
    ...{ cacheWrite1hInputTokens: 3, audioInputTokens: 0, reasoningOutputTokens: 5, audioOutputTokens: 1 },
    webSearchRequests: 2,
    fileSearchRequests: 4,
    ...{ imageInputTokens: 2, imageOutputTokens: 3, codeSessions: 1, images: 2, audioSeconds: 7 },
    ...{ acceptedPredictionOutputTokens: 4, rejectedPredictionOutputTokens: 1 },
  },
  costNanoUsd: Number.MAX_SAFE_INTEGER,
  items: [
    { kind: 'input', quantity: 10, ratePicoUsd: 2, costPicoUsd: 20 },
    { kind: 'reported', quantity: 1, costPicoUsd: 9_007_199_254_740_993_000n },
  ],
  priceSource: 'genai-prices 0.1.8',
  priceAsOf: '2026-11-01',
  serviceTier: 'flex',
  tags: { feature: 'search', tier: 1, trial: false },
  budgets: [{ id: 'b1', name: 'outer' }, { id: 'b2' }],
  stream: true,
  timeToFirstTokenMs: 3.25,
  ceilingTokens: 4096,
  ceilingInjected: false,
});

const LATER_COLUMNS = [
  ['file_search_requests', 'fileSearchRequests'],
  ['image_input_tokens', 'imageInputTokens'],
  ['image_output_tokens', 'imageOutputTokens'],
  ['accepted_prediction_output_tokens', 'acceptedPredictionOutputTokens'],
  ['rejected_prediction_output_tokens', 'rejectedPredictionOutputTokens'],
  ['code_sessions', 'codeSessions'],
  ['images', 'images'],
  ['audio_seconds', 'audioSeconds'],
] as const;

describe('a SQLite file', () => {
  it('gives back every field of a record, and leaves out what was not there', async () => {
    const file = freshFile('spend.db');
    const { usage: _usage, ...bare } = makeRecord({ id: 'bare' });
    await writeAll(file, [everything, bare]);
    const records = [...readSqliteRecords(file)];
    expect(records.toSorted((left, right) => (left.id < right.id ? 1 : -1))).toStrictEqual([everything, bare]);
  });

  it('keeps the latest word on an id', async () => {
    const file = freshFile('spend.db');
    await writeAll(file, [makeRecord({ outcome: 'expired', basis: 'presumed' }), makeRecord({ id: 'other' })]);
    await writeAll(file, [makeRecord({ costNanoUsd: 1 })]);
    const records = [...readSqliteRecords(file)];
    expect(records.map(({ id, costNanoUsd }) => [id, costNanoUsd])).toEqual([
      ['other', 7_500_000],
      ['record-1', 1],
    ]);
  });

  it('reads a range of time, oldest first, over many pages', async () => {
    const file = freshFile('spend.db');
    const records = Array.from({ length: 2500 }, (_, index) =>
      makeRecord({ id: `record-${index}`, timeMs: Math.floor(index / 3) }),
    );
    await writeAll(file, records.toReversed());
    expect([...readSqliteRecords(file)]).toHaveLength(2500);
    const some = [...readSqliteRecords(file, { sinceMs: 10, untilMs: 700 })];
    expect(some.map(({ timeMs }) => timeMs)).toEqual(Array.from({ length: 2070 }, (_, i) => 10 + Math.floor(i / 3)));
  });

  it('stores exact dollars and plain columns for other programs', async () => {
    const file = freshFile('spend.db');
    await writeAll(file, [everything]);
    const connection = openSqlite(file);
    const [row] = connection
      .prepare(
        "SELECT cost_usd, reasoning_output_tokens, json_extract(tags, '$.feature') AS feature FROM spend_records",
      )
      .all([]);
    connection.close();
    expect(row).toMatchObject({ cost_usd: '9007199.254740991', reasoning_output_tokens: 5, feature: 'search' });
  });

  it.each([
    ["'; drop table spend_records; --", "'; drop table spend_records; --"],
    ['"quoted" `name` %s ? :id', 'two\nlines'],
    ['__proto__', 'x'],
    ['constructor', '語 🙂'],
    ['half \ud800', 'half \udc00 pair'],
    ['nul\0byte', 'a\0b'],
    ['long', 'x'.repeat(1_000_000)],
  ])('keeps the tag %j as it was', async (key, value) => {
    const file = freshFile('spend.db');
    await writeAll(file, [makeRecord({ tags: tagsFrom([[key, value]]) })]);
    const report = createReport(readSqliteRecords(file), { groupBy: [key] });
    expect(Object.entries(report.rows[0]?.tags ?? {})).toEqual([[key, value]]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('keeps hostile model names apart, with what SQLite cannot store as escapes', async () => {
    const file = freshFile('spend.db');
    const models = ["m'; drop table spend_records", 'm\0a', 'm\0b', 'm\ud800', 'm'];
    await writeAll(
      file,
      models.map((model, index) => makeRecord({ id: `${index}`, model })),
    );
    expect([...readSqliteRecords(file)].map(({ model }) => model)).toEqual([
      ...[models[0], 'm\\u0000a', 'm\\u0000b', 'm\\ud800', 'm'],
    ]);
  });

  it('survives values of types that no record has', async () => {
    const file = freshFile('spend.db');
    const odd = { costNanoUsd: 0, durationMs: 1, model: true, timeToFirstTokenMs: false, ceilingTokens: {} };
    await writeAll(file, [makeRecord(odd as unknown as Partial<SpendRecord>)]);
    expect([...readSqliteRecords(file)][0]).toMatchObject({ model: 'true' });
    await expect(writeAll(file, [makeRecord({ timeMs: Number.NaN })])).rejects.toThrow();
  });

  it('writes a batch whole or not at all', async () => {
    const file = freshFile('spend.db');
    const sink = sqliteSink({ file });
    const bad = makeRecord({ id: 'bad', durationMs: Number.NaN });
    await expect(sink.write([makeRecord({ id: 'good' }), bad])).rejects.toThrow();
    expect([...sink.readRecords()]).toEqual([]);
    await sink.write([makeRecord({ id: 'next' })]);
    expect([...sink.readRecords()].map(({ id }) => id)).toEqual(['next']);
    await sink.shutdown?.();
  });

  it.runIf(process.platform !== 'win32')('can be read by its owner only, its log included', async () => {
    const file = freshFile('spend.db');
    const sink = sqliteSink({ file });
    await sink.write([makeRecord()]);
    for (const part of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(part).mode & 0o777).toBe(0o600);
    await sink.shutdown?.();
  });

  it('may have any name', async () => {
    const file = freshFile("odd #%3F?mode=memory'; é 語.db");
    await writeAll(file, [makeRecord()]);
    expect(existsSync(file)).toBe(true);
    expect([...readSqliteRecords(`file:${file}`)]).toHaveLength(1);
    expect([...readSqliteRecords(pathToFileURL(file).href)]).toHaveLength(1);
  });

  it('is not made before the first write, unless opened', () => {
    const file = freshFile('spend.db');
    const sink = sqliteSink({ file });
    expect(existsSync(file)).toBe(false);
    sink.open();
    expect([existsSync(file), [...sink.readRecords()]]).toEqual([true, []]);
  });

  it('opens again when written to after a shutdown', async () => {
    const sink = sqliteSink({ file: freshFile('spend.db') });
    await sink.write([makeRecord({ id: 'a' })]);
    await sink.shutdown?.();
    await sink.shutdown?.();
    await sink.write([makeRecord({ id: 'b' })]);
    expect([...sink.readRecords()]).toHaveLength(2);
    await sink.shutdown?.();
  });
});

describe('versions', () => {
  it.each([
    ['an empty file', ''],
    ['an older file without our table', 'CREATE TABLE other (a)'],
  ])('%s is brought up to date', async (_name, sql) => {
    const file = freshFile('spend.db');
    writeFileSync(file, '');
    const old = openSqlite(file);
    if (sql !== '') old.exec(sql);
    old.close();
    await writeAll(file, [makeRecord()]);
    expect([...readSqliteRecords(file)]).toHaveLength(1);
    const connection = openSqlite(file);
    expect(connection.prepare('PRAGMA user_version').all([])[0]?.user_version).toBe(SQLITE_SCHEMA_VERSION);
    expect(connection.prepare('PRAGMA journal_mode').all([])[0]?.journal_mode).toBe('wal');
    connection.close();
  });

  it.each([
    ['1', LATER_COLUMNS],
    ['2', LATER_COLUMNS.filter(([column]) => column !== 'file_search_requests')],
  ])(
    'a file of version %s is read as it is, and gains the later columns when it is written to',
    async (version, added) => {
      const file = freshFile('spend.db');
      const fields: readonly string[] = added.map(([, field]) => field);
      const known = Object.entries(everything.usage ?? {}).filter(([field]) => !fields.includes(field));
      const before = {
        ...everything,
        usage: Object.fromEntries(known) as unknown as SpendRecord['usage'],
      } as SpendRecord;
      await writeAll(file, [before]);
      const old = openSqlite(file);
      for (const [column] of added) old.exec(`ALTER TABLE spend_records DROP COLUMN ${column}`);
      old.exec(`PRAGMA user_version = ${version}`);
      old.close();
      expect([...readSqliteRecords(file)]).toStrictEqual([before]);
      const after = { ...everything, id: 'later', timeMs: before.timeMs + 1 };
      await writeAll(file, [after]);
      expect([...readSqliteRecords(file)]).toStrictEqual([before, after]);
    },
  );

  it('a file of a newer version is refused and left alone', async () => {
    const file = freshFile('spend.db');
    const newer = openSqlite(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    await expect(writeAll(file, [makeRecord()])).rejects.toThrow(ConfigError);
    await expect(writeAll(file, [makeRecord()])).rejects.toThrow(/version 99 .* update tokenguard/);
    expect(() => [...readSqliteRecords(file)]).toThrow(/version 99/);
  });

  it('a file being made by another process has no records yet', () => {
    const file = freshFile('spend.db');
    writeFileSync(file, '');
    expect([...readSqliteRecords(file)]).toEqual([]);
  });
});

describe('what is no file of ours', () => {
  it('is refused by name, and not made', () => {
    const missing = freshFile('none.db');
    expect(() => [...readSqliteRecords(missing)]).toThrow(/no such file/);
    expect(existsSync(missing)).toBe(false);
    const text = freshFile('notes.txt');
    writeFileSync(text, 'This is a text and no database at all, however long it may be, and it stays one.');
    expect(() => [...readSqliteRecords(text)]).toThrow(/not a SQLite file/);
    const other = freshFile('other.db');
    const connection = openSqlite(other);
    connection.exec('CREATE TABLE users (id)');
    connection.close();
    expect(() => [...readSqliteRecords(other)]).toThrow(/without the table spend_records/);
  });

  it.each(['', ':memory:', 'a\0b', undefined, 7])('cannot be %j', (file) => {
    expect(() => sqliteSink({ file: file as string })).toThrow(ConfigError);
  });

  it('that is damaged names the row', async () => {
    const file = freshFile('spend.db');
    await writeAll(file, [makeRecord({ id: 'hurt' })]);
    const connection = openSqlite(file);
    connection.exec("UPDATE spend_records SET tags = '{'");
    connection.close();
    expect(() => [...readSqliteRecords(file)]).toThrow(/'hurt'/);
  });

  it('in a folder that is missing fails the write with its path', async () => {
    const file = join(folder, 'no', 'such', 'spend.db');
    await expect(writeAll(file, [makeRecord()])).rejects.toThrow(/ENOENT.*spend\.db/);
  });

  it('takes a relative path from the working folder', () => {
    expect(filePath('spend.db')).toBe(join(process.cwd(), 'spend.db'));
    expect(filePath('file:spend.db')).toBe(join(process.cwd(), 'spend.db'));
  });
});

describe('sharing', () => {
  it('shows another connection what was just written, before any checkpoint', async () => {
    const file = freshFile('spend.db');
    const sink = sqliteSink({ file });
    await sink.write([makeRecord({ id: 'a' })]);
    expect([...readSqliteRecords(file)]).toHaveLength(1);
    const reading = readSqliteRecords(file);
    reading.next();
    await sink.write([makeRecord({ id: 'b' })]);
    expect([...reading]).toEqual([]);
    expect([...readSqliteRecords(file)]).toHaveLength(2);
    await sink.shutdown?.();
  });

  it('lets another process read while it writes', async () => {
    const file = freshFile('spend.db');
    const sink = sqliteSink({ file });
    await sink.write([makeRecord({ id: 'first' })]);
    const driver = createRequire(import.meta.url).resolve('libsql');
    const script = `const Database = require(${JSON.stringify(driver)});
      const rows = new Database(process.argv[1]).prepare('SELECT count(*) AS n FROM spend_records').all();
      process.stdout.write(String(rows[0].n));`;
    const child = promisify(execFile)(process.execPath, ['-e', script, file]);
    for (let index = 0; index < 50; index += 1) await sink.write([makeRecord({ id: `more-${index}` })]);
    expect(Number((await child).stdout)).toBeGreaterThanOrEqual(1);
    await sink.shutdown?.();
  });

  it('waits for another writer without blocking, and gives up in time', async () => {
    const file = freshFile('spend.db');
    await writeAll(file, [makeRecord({ id: 'a' })]);
    const clock = createFakeClock();
    const sink = sqliteSink({ file, clock, busyTimeoutMs: 1000 });
    sink.open();
    const rival = openSqlite(file);
    rival.exec('BEGIN IMMEDIATE');
    const written = sink.write([makeRecord({ id: 'b' })]);
    expect(clock.pendingTimers).toBe(1);
    rival.exec('COMMIT');
    await clock.advanceAsync(25);
    await written;
    expect([...sink.readRecords()]).toHaveLength(2);

    rival.exec('BEGIN IMMEDIATE');
    const refused = Promise.resolve(sink.write([makeRecord({ id: 'c' })])).catch((error: unknown) => error);
    await clock.advanceAsync(1000);
    expect(isBusy(await refused)).toBe(true);
    rival.exec('COMMIT');
    rival.close();
    await sink.shutdown?.();
  });

  it('leaves a complete file behind when shut down', async () => {
    const file = freshFile('spend.db');
    await writeAll(file, [makeRecord({ tags: { canary: 'canary-in-main-file' } })]);
    expect(readFileSync(file, 'latin1')).toContain('canary-in-main-file');
  });
});

describe('the driver', () => {
  it('says what to install when there is none', () => {
    const loadNothing = (name: string) => {
      throw new Error(`Cannot find module '${name}'\nRequire stack:`);
    };
    const open = () => openSqlite(freshFile('spend.db'), loadNothing);
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(/Cannot find module 'libsql'.*npm install libsql.*Node 22\.13/);
  });

  it('is the one of Node where there is one', () => {
    const asked: string[] = [];
    class DatabaseSync {
      exec() {}
      prepare() {
        return { run() {}, all: () => [] };
      }
      close() {}
    }
    openSqlite('/x', (name) => {
      asked.push(name);
      return { DatabaseSync };
    }).close();
    expect(asked).toEqual(['node:sqlite']);
  });
});

describe('reportFrom', () => {
  it('reports over the file, filtered by time and tag', async () => {
    const sink = sqliteSink({ file: freshFile('spend.db') });
    await sink.write([
      makeRecord({ id: 'a', timeMs: 1000, tags: { feature: 'search' } }),
      makeRecord({ id: 'b', timeMs: 2000, tags: { feature: 'search' } }),
      makeRecord({ id: 'c', timeMs: 2000, tags: { feature: 'chat' } }),
    ]);
    const report = await reportFrom(sink, { groupBy: ['feature'], since: 2000, where: { feature: 'search' } });
    expect(report.rows.map(({ tags, calls }) => [tags, calls])).toEqual([[{ feature: 'search' }, 1]]);
    expect(() => report.assertUnder({ usd: 0.0075 })).not.toThrow();
    await sink.shutdown?.();
  });

  it('takes a source that reads asynchronously', async () => {
    async function* readRecords() {
      yield makeRecord();
    }
    expect((await reportFrom({ readRecords })).total().calls).toBe(1);
  });

  it('refuses a sink that cannot be read back, and bad options before reading', async () => {
    await expect(reportFrom({} as never)).rejects.toThrow(ConfigError);
    const unread = { readRecords: () => expect.fail('was read') };
    await expect(reportFrom(unread, { groupBy: ['$nope'] })).rejects.toThrow(/\$nope/);
  });
});
