import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Prices } from '../../src/pricing/prices.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { answering, sampleData, samplePrices, TODAY } from './sample-prices.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenguard-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The lines of a saved sample, as objects that a test may spoil. */
async function savedLines(): Promise<{ file: string; lines: Record<string, unknown>[] }> {
  const file = join(await makeFolder(), 'prices.jsonl');
  await samplePrices().prices.save(file);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return { file, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const write = (file: string, lines: readonly unknown[]) =>
  writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

describe('a saved table', () => {
  test('is loaded as it was, without what was registered', async () => {
    const file = join(await makeFolder(), 'prices.jsonl');
    const { prices } = samplePrices();
    const data = sampleData();
    data[0]?.models.push({ id: 'gpt-9', match: { equals: 'gpt-9' }, prices: { input_mtok: 7, output_mtok: 9 } });
    await prices.refresh({ fetch: answering(data) });
    prices.register('mine', { input: 1, output: 1 });
    await prices.save(file);
    const other = samplePrices().prices;
    other.register('gpt-4o-mini', { input: 1, output: 1 });
    expect(other.lookup('gpt-9')).toBeUndefined();
    await other.load(pathToFileURL(file));
    expect(other.asOf).toBe(TODAY);
    expect(other.match('gpt-9')).toEqual(prices.match('gpt-9'));
    expect(other.match('gemini-2.5-pro')).toEqual(prices.match('gemini-2.5-pro'));
    expect(other.lookup('gpt-4o-mini')?.input).toBe(1);
    expect(other.lookup('mine')).toBeUndefined();
  });

  test('of the bundled prices has every row and its own day', async () => {
    const file = join(await makeFolder(), 'prices.jsonl');
    const clock = createFakeClock({ nowMs: Date.parse(`${TODAY}T12:00:00Z`) });
    const prices = new Prices(undefined, clock);
    const before = prices.match('claude-sonnet-4-5');
    await prices.save(file);
    const [header = '', ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(header)).toEqual({
      format: 'tokenguard-prices',
      version: 1,
      source: before?.price.source,
      asOf: prices.asOf,
      models: rows.length,
      digest: expect.stringMatching(/^sha256-[0-9a-f]{64}$/),
    });
    await prices.load(file);
    expect(prices.match('claude-sonnet-4-5')).toEqual(before);
  });

  test('replaces a file at once and leaves nothing beside it', async () => {
    const folder = await makeFolder();
    const file = join(folder, 'prices.jsonl');
    await writeFile(file, 'old');
    const { prices } = samplePrices();
    await Promise.all(Array.from({ length: 5 }, () => prices.save(file)));
    expect(await readdir(folder)).toEqual(['prices.jsonl']);
    await prices.load(file);
  });

  test('may be older than the table in force', async () => {
    const { file } = await savedLines();
    const { prices } = samplePrices();
    await prices.refresh({ fetch: answering(sampleData()) });
    await prices.load(file);
    expect(prices.asOf).toBe('2026-09-23');
  });

  test('may be served to others', async () => {
    const { file } = await savedLines();
    const { prices, models } = samplePrices();
    const outcome = await prices.refresh({
      url: 'https://example.com/p',
      fetch: answering(await readFile(file, 'utf8')),
    });
    expect(outcome).toEqual({ refreshed: true, asOf: '2026-09-23', models });
  });
});

describe('a file that is not one', () => {
  test.each([
    ['a negative rate', { input: -1 }, /line 2: input of openai [\w:.-]+: -1/],
    ['no rate', { output: undefined }, /line 2: output of openai [\w:.-]+: undefined/],
    ['a rate that is null, as NaN is in JSON', { input: Number.NaN }, /line 2: input of openai [\w:.-]+: null/],
    ['a fraction of a pico-dollar', { input: 0.5 }, /line 2: input of openai/],
    ['a rate of text', { input: '1' }, /line 2: input of openai [\w:.-]+: '1'/],
    ['an absurd rate', { output: 1e15 }, /line 2: output of openai/],
    ['an absurd fee', { webSearch: 1e15 }, /line 2: webSearch of openai/],
    ['an absurd fee for files', { fileSearch: 1e15 }, /line 2: fileSearch of openai/],
    ['an absurd tier', { tiers: { flex: 0 } }, /line 2: tiers flex of openai [\w:.-]+: 0/],
    ['an unknown tier', { tiers: { slow: 1 } }, /line 2: tiers slow of openai/],
    ['an unknown figure', { discount: 1 }, /line 2: discount of openai/],
    ['a largest output of 0', { maxOutputTokens: 0 }, /line 2: maxOutputTokens of openai [\w:.-]+: 0/],
    ['a context of text', { contextTokens: 'long' }, /line 2: contextTokens of openai/],
    ['a maybe', { hidesReasoning: 1 }, /line 2: hidesReasoning of openai/],
    ['a day to come', { asOf: '2027-01-01' }, /line 2: asOf of openai/],
    ['no source', { source: '' }, /line 2: source of openai/],
    ['no names', { names: [] }, /line 2: names of a model of openai/],
    ['a name in capitals', { names: ['GPT'] }, /line 2: names of a model of openai: 'GPT'/],
    ['an unknown provider', { provider: 'acme' }, /line 2: provider: 'acme'/],
    ['a name twice', { names: ['gpt-4o', 'gpt-4o'] }, /line \d: names of openai: 'gpt-4o'\. A name has one row/],
    ['no threshold', { longContext: [] }, /line 2: longContext of openai/],
    [
      'a cheap long request',
      { longContext: [{ aboveInputTokens: 9, input: 1, output: 1 }] },
      /longContext input of openai/,
    ],
    [
      'a table of nothing',
      { input: 0, output: 0, names: ['gift'] },
      /line 2: input of openai gift: 0\. No provider calls/,
    ],
  ])('with %s is refused by its line and figure', async (_, figures, complaint) => {
    const { file, lines } = await savedLines();
    Object.assign(lines[1] ?? {}, figures);
    await write(file, lines);
    const { prices } = samplePrices();
    await expect(prices.load(file)).rejects.toThrow(complaint);
    await expect(prices.load(file)).rejects.toMatchObject({ code: 'config_error' });
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
  });

  test.each([
    ['of another format', { format: 'csv' }, /line 1: format: 'csv'/],
    ['of a later version', { version: 2 }, /line 1: version: 2\. This version reads version 1/],
    ['of a day to come', { asOf: '2099-01-01' }, /line 1: asOf: '2099-01-01'/],
    ['of no day', { asOf: 'today' }, /line 1: asOf: 'today'/],
    ['of no source', { source: 1 }, /line 1: source: 1/],
    ['of other lines than it says', { models: 999 }, /number of lines: \d+\. Its header says 999/],
    ['of another digest', { digest: 'sha256-0' }, /digest: 'sha256-0'\. It was changed after it was saved/],
  ])('%s is refused', async (_, header, complaint) => {
    const { file, lines } = await savedLines();
    Object.assign(lines[0] ?? {}, header);
    await write(file, lines);
    await expect(samplePrices().prices.load(file)).rejects.toThrow(complaint);
  });

  test('with a line that was cut is refused', async () => {
    const { file } = await savedLines();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, -20));
    await expect(samplePrices().prices.load(file)).rejects.toThrow(/line \d+: .*It is not JSON/);
  });

  test('with a figure that was changed to a possible one is refused', async () => {
    const { file, lines } = await savedLines();
    Object.assign(lines.find(({ names }) => (names as string[] | undefined)?.includes('gpt-4o')) ?? {}, {
      input: 2_000_000,
    });
    await write(file, lines);
    await expect(samplePrices().prices.load(file)).rejects.toThrow(/digest/);
  });

  test('with __proto__ as a figure is refused', async () => {
    const { file, lines } = await savedLines();
    await writeFile(file, `${JSON.stringify(lines[0])}\n{"__proto__":{"x":1}}\n`);
    await expect(samplePrices().prices.load(file)).rejects.toThrow(/line 2: '__proto__'/);
  });

  test('that is missing, or is a folder, is refused', async () => {
    const folder = await makeFolder();
    const { prices } = samplePrices();
    await expect(prices.load(join(folder, 'none'))).rejects.toThrow(/none: 'ENOENT'\. It cannot be read/);
    await expect(prices.load(folder)).rejects.toThrow(/'EISDIR'/);
    await expect(prices.save(join(folder, 'none', 'file'))).rejects.toThrow(/'ENOENT'\. It cannot be written/);
    await expect(prices.load('')).rejects.toThrow('Invalid file of prices.load');
    await expect(prices.save(new URL('https://example.com'))).rejects.toThrow('Invalid file of prices.save');
    expect(await readdir(folder)).toEqual([]);
  });
});
