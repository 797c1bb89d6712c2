import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { reportFrom } from '../../src/report/report-from.js';
import { type JsonlSinkOptions, jsonlSink } from '../../src/sink/jsonl.js';
import { looksLikeJsonl, readJsonlRecords } from '../../src/sink/jsonl-read.js';
import type { SpendRecord } from '../../src/sink/sink.js';
import { makeRecord, tagsFrom } from '../report/records.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-jsonl-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const freshFile = () => join(mkdtempSync(join(folder, 'case-')), 'spend.jsonl');
const numbered = (index: number, changes: Partial<SpendRecord> = {}) =>
  makeRecord({ id: `record-${index}`, timeMs: index, ...changes });

async function readAll(file: string): Promise<SpendRecord[]> {
  const records: SpendRecord[] = [];
  for await (const record of readJsonlRecords(file)) records.push(record);
  return records;
}

const idsIn = async (file: string) => (await readAll(file)).map(({ id }) => id);

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

describe('a JSON Lines file', () => {
  it('gives back every field of a record, and leaves out what was not there', async () => {
    const file = freshFile();
    const { usage: _usage, ...bare } = makeRecord({ id: 'bare' });
    await jsonlSink({ file }).write([everything, bare]);
    expect(await readAll(file)).toStrictEqual([everything, bare]);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('is appended to by a later process, and can be read by its owner only', async () => {
    const file = freshFile();
    await jsonlSink({ file }).write([numbered(1)]);
    await jsonlSink({ file: pathToFileURL(file).href }).write([numbered(2), numbered(3)]);
    expect(await idsIn(file)).toEqual(['record-1', 'record-2', 'record-3']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['__proto__', 'x'],
    ['a "quote"', 'two\nlines\r\u2028\u2029end'],
    ['half \ud800', 'nul\0byte'],
    ['語 🙂', 'x'.repeat(300_000)],
  ])('keeps the tag %j on one line', async (key, value) => {
    const file = freshFile();
    await jsonlSink({ file }).write([makeRecord({ tags: tagsFrom([[key, value]]) }), numbered(2)]);
    const [record] = (await readAll(file)).filter(({ id }) => id === 'record-1');
    expect(Object.entries(record?.tags ?? {})).toEqual([[key, value]]);
    expect(readFileSync(file, 'utf8').split(/[\n\r\u2028\u2029]/)).toHaveLength(3);
  });

  it('gives each id once, with its latest word, oldest first, in a range', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file });
    await sink.write([numbered(5), numbered(3, { outcome: 'expired', basis: 'presumed' }), numbered(4)]);
    await sink.write([numbered(3, { costNanoUsd: 1 })]);
    const records = await readAll(file);
    expect(records.map(({ id, costNanoUsd }) => [id, costNanoUsd])).toEqual([
      ['record-3', 1],
      ['record-4', 7_500_000],
      ['record-5', 7_500_000],
    ]);
    const report = await reportFrom(sink, { since: 4, until: 5 });
    expect(report.total().calls).toBe(1);
    await sink.write([numbered(4, { timeMs: 9 })]);
    expect((await reportFrom(sink, { since: 4, until: 5 })).total().calls).toBe(0);
  });

  it('takes writes that are not waited for in turn', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: 3000 });
    const ids = Array.from({ length: 50 }, (_, index) => `record-${index}`);
    for (const index of ids.keys()) void sink.write([numbered(index)]);
    await sink.flush();
    expect((await idsIn(file)).slice(-5)).toEqual(ids.slice(-5));
  });
});

describe('rotation', () => {
  const lineBytes = async () => {
    const file = freshFile();
    await jsonlSink({ file }).write([numbered(10)]);
    return statSync(file).size;
  };

  it('moves a full file away, keeps as many as it should, and reads them all in order', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: 2 * (await lineBytes()), maxFiles: 3 });
    // Written one by one and in a batch that needs several files.
    for (let index = 10; index < 15; index += 1) await sink.write([numbered(index)]);
    await sink.write(Array.from({ length: 6 }, (_, index) => numbered(15 + index)));
    expect(readdirSync(dirname(file)).sort()).toEqual([
      ...['spend.jsonl', 'spend.jsonl.1', 'spend.jsonl.2', 'spend.jsonl.3'],
    ]);
    expect(await idsIn(file)).toEqual(Array.from({ length: 7 }, (_, index) => `record-${14 + index}`));
    for (const name of readdirSync(dirname(file))) {
      expect(statSync(join(dirname(file), name)).size).toBeLessThanOrEqual(2 * (await lineBytes()));
      expect(statSync(join(dirname(file), name)).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps a record whole that is longer than a file may be', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: 1 });
    await sink.write([numbered(1), numbered(2)]);
    expect([await idsIn(file), existsSync(`${file}.1`)]).toEqual([['record-1', 'record-2'], true]);
  });

  it('keeps no moved file where it may keep none', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: 1, maxFiles: 0 });
    for (const index of [1, 2]) await sink.write([numbered(index)]);
    expect([await idsIn(file), readdirSync(dirname(file))]).toEqual([['record-2'], ['spend.jsonl']]);
  });

  it('while it is read loses and doubles nothing', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: await lineBytes() });
    for (const index of [10, 11, 12]) await sink.write([numbered(index)]);
    const reading = readJsonlRecords(file);
    const first = await reading.next();
    await sink.write([numbered(13)]);
    const rest: string[] = [];
    for await (const { id } of reading) rest.push(id);
    expect([first.value?.id, ...rest]).toEqual(['record-10', 'record-11', 'record-12']);
    expect(await idsIn(file)).toEqual(['record-10', 'record-11', 'record-12', 'record-13']);
  });

  it('is read also in the moment when the file is moved and not made anew', async () => {
    const file = freshFile();
    const sink = jsonlSink({ file, maxBytes: 1 });
    for (const index of [1, 2]) await sink.write([numbered(index)]);
    rmSync(file);
    expect(await idsIn(file)).toEqual(['record-1']);
  });
});

describe('after a crash', () => {
  it('skips a last line that was cut short, and writes on behind it', async () => {
    const file = freshFile();
    await jsonlSink({ file }).write([numbered(1), numbered(2)]);
    truncateSync(file, statSync(file).size - 20);
    expect(await idsIn(file)).toEqual(['record-1']);
    await jsonlSink({ file }).write([numbered(3)]);
    expect(await idsIn(file)).toEqual(['record-1', 'record-3']);
  });

  it('reads at every length a file may have been cut to', async () => {
    const file = freshFile();
    await jsonlSink({ file }).write([numbered(1, { tags: { name: '語🙂' } }), numbered(2)]);
    const whole = readFileSync(file);
    const firstLine = whole.indexOf(10);
    for (let length = 0; length <= whole.length; length += 1) {
      writeFileSync(file, whole.subarray(0, length));
      const expected = length < firstLine ? 0 : length < whole.length - 1 ? 1 : 2;
      expect((await idsIn(file)).length).toBe(expected);
    }
  });

  it('skips zeros that a file system left behind', async () => {
    const file = freshFile();
    await jsonlSink({ file }).write([numbered(1)]);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(4096)]));
    await jsonlSink({ file }).write([numbered(2)]);
    expect(await idsIn(file)).toEqual(['record-1', 'record-2']);
  });
});

describe('what is no record', () => {
  const line = JSON.stringify(makeRecord());
  it.each([
    ['hello', /the line itself/],
    ['[1]', /the line itself/],
    ['{}', /, id:/],
    [line.replace('"costNanoUsd":7500000', '"costNanoUsd":-1'), /costNanoUsd/],
    [line.replace('"inputTokens":1000', '"inputTokens":"1000"'), /usage/],
    [line.replace('"costPicoUsd":2500000000', '"costPicoUsd":"x"'), /items/],
    [line.replace('"tags":{}', '"tags":{"a":{}}'), /tags/],
    [line.replace(/"timeMs":\d+/, '"timeMs":1e300'), /timeMs/],
    [line.replace('"schemaVersion":1', '"schemaVersion":99'), /newer version/],
  ])('is refused by name: %s', async (text, message) => {
    const file = freshFile();
    writeFileSync(file, `${line}\n${text}\n`);
    await expect(readAll(file)).rejects.toThrow(ConfigError);
    await expect(readAll(file)).rejects.toThrow(message);
  });

  it('is a file that is not there', async () => {
    await expect(readAll(freshFile())).rejects.toThrow(/no such file/);
  });
});

it('rejects a write to a place where no file can be, and works again when one can', async () => {
  const parent = join(mkdtempSync(join(folder, 'case-')), 'later');
  const sink = jsonlSink({ file: join(parent, 'spend.jsonl') });
  await expect(sink.write([numbered(1)])).rejects.toThrow(/ENOENT/);
  await expect(sink.flush?.()).resolves.toBeUndefined();
});

it.each([
  [{}, /file/],
  [{ file: 'a.jsonl', maxBytes: 0 }, /maxBytes/],
  [{ file: 'a.jsonl', maxFiles: 1.5 }, /maxFiles/],
  [{ file: 'a.jsonl', maxSize: 5 }, /maxSize/],
])('refuses the options %j', (options, message) => {
  expect(() => jsonlSink(options as unknown as JsonlSinkOptions)).toThrow(message);
});

it('tells JSON Lines by name or by content', () => {
  const file = join(mkdtempSync(join(folder, 'case-')), 'spend.log');
  expect(looksLikeJsonl(file)).toBe(false);
  writeFileSync(file, '{"id":');
  expect([looksLikeJsonl(file), looksLikeJsonl('none.ndjson'), looksLikeJsonl('spend.jsonl.2')]).toEqual([
    ...[true, true, true],
  ]);
  writeFileSync(file, 'SQLite format 3');
  expect(looksLikeJsonl(file)).toBe(false);
});
