import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CATALOG_ROWS } from '../../src/pricing/catalog-data.js';
import type { Price } from '../../src/pricing/price.js';
import { isFree } from '../../src/pricing/price-row.js';
import { PROVIDER_KINDS } from '../../src/pricing/provider-kinds.js';

type Row = Omit<Price, 'model'> & { readonly names: readonly string[] };

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const rows = CATALOG_ROWS.trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);
const RATES = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'audioInput', 'audioOutput'] as const;

test('the committed price table is what its script makes of the installed sources', async () => {
  const script = '../../scripts/build-prices.mjs';
  const { buildCatalog, renderCatalog } = (await import(script)) as {
    buildCatalog(): Promise<unknown>;
    renderCatalog(catalog: unknown): string;
  };
  expect(renderCatalog(await buildCatalog())).toBe(read('src/pricing/catalog-data.ts'));
});

describe('the price table', () => {
  test('is small', () => {
    expect(read('src/pricing/catalog-data.ts').length).toBeLessThan(350_000);
  });

  test('has whole pico-dollars for every rate, and both an input and an output rate', () => {
    const wrong = rows.filter((row) =>
      [row, ...(row.longContext ?? [])].some((rates) =>
        RATES.some((rate) => {
          const value = rates[rate];
          return value === undefined
            ? rate === 'input' || rate === 'output'
            : !Number.isSafeInteger(value) || value < 0;
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('gives nothing away but what its provider calls free', () => {
    const free = rows.filter(isFree);
    expect(free.filter(({ provider, names }) => provider !== 'openrouter' || !names[0]?.endsWith(':free'))).toEqual([]);
  });

  test('never charges a long request less a token than a short one', () => {
    const wrong = rows.filter((row) =>
      row.longContext?.some((long) => long.input < row.input || long.output < row.output),
    );
    expect(wrong.map(({ names }) => names)).toEqual([]);
  });

  test('has one row for each name of a provider', () => {
    const names = rows.flatMap((row) => row.names.map((name) => `${row.provider} ${name}`));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => name !== name.toLowerCase())).toEqual([]);
  });

  test('has rows for each provider it names', () => {
    expect([...new Set(rows.map(({ provider }) => provider))]).toEqual([...PROVIDER_KINDS.keys()]);
  });

  test('has ratios of service tiers that can be true', () => {
    const ratios = rows.flatMap(({ tiers: { fast: _fast, ...tiers } = {} }) => Object.values(tiers));
    expect(ratios.filter((ratio) => ratio < 0.25 || ratio > 3)).toEqual([]);
    expect(rows.filter(({ provider, tiers }) => provider === 'groq' && tiers?.flex !== 1)).toEqual([]);
  });

  test('has the ratios of fast mode as its own rows for it have them', () => {
    const rateOf = (provider: string, name: string) =>
      rows.find((row) => row.provider === provider && row.names.includes(name));
    const fast = rows.filter(({ tiers }) => tiers?.fast !== undefined);
    expect(fast.map(({ names, tiers }) => [names[0], tiers?.fast])).toEqual([
      ['claude-opus-4-6', 6],
      ['claude-opus-4-7', 6],
      ['claude-opus-4-8', 2],
      ['claude-opus-5', 2],
    ]);
    for (const { names, tiers, input, output } of fast) {
      const name = `anthropic/${names[0]?.replace(/-(\d)-(\d)$/, '-$1.$2')}-fast`;
      expect(rateOf('openrouter', name)).toMatchObject({
        input: input * (tiers?.fast ?? 0),
        output: output * (tiers?.fast ?? 0),
      });
    }
  });

  test('has what is sold by the second, by the container and for images apart', () => {
    const named = (provider: string, name: string) =>
      rows.find((row) => row.provider === provider && row.names.includes(name));
    // 0.36 USD an hour, and 0.111 with ten seconds at least.
    expect(named('openai', 'whisper-1')).toMatchObject({ input: 0, output: 0, perAudioSecond: 100_000_000 });
    expect(named('openai', 'whisper-1')).not.toHaveProperty('codeSession');
    expect(named('groq', 'whisper-large-v3')).toMatchObject({ perAudioSecond: 30_833_334, minAudioSeconds: 10 });
    expect(named('openai', 'gpt-5')).toMatchObject({ codeSession: 30_000_000_000 });
    expect(named('openai', 'gpt-image-1.5')).toMatchObject({ imageInput: 8_000_000, imageOutput: 32_000_000 });
    expect(named('google', 'gemini-2.5-flash-image')).toMatchObject({ output: 2_500_000, imageOutput: 30_000_000 });
  });

  test('takes the dearest hour of a price that changes with the hour', () => {
    const flash = rows.find(({ provider, names }) => provider === 'deepseek' && names.includes('deepseek-v4-flash'));
    expect(flash).toMatchObject({ input: 440_000, output: 1_320_000 });
  });

  test('takes the price in force, not one that begins later', () => {
    const flash = rows.find(({ names }) => names.includes('gemini-3.8-flash'));
    expect(flash).toMatchObject({ input: 750_000, output: 3_750_000 });
  });
});

test('every correction in the overlay has its source, its day and its reason', () => {
  const { corrections } = JSON.parse(read('scripts/price-overlay.json')) as { corrections: Record<string, unknown>[] };
  expect(corrections.length).toBeGreaterThan(0);
  for (const correction of corrections) {
    expect(correction).toMatchObject({
      why: expect.any(String),
      source: expect.any(String),
      date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
    });
  }
});
