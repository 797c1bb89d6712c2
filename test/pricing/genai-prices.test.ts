import { REMOTE_DATA_JSON_URL, waitForUpdate } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { overlayOf } from '../../src/pricing/bundled-overlay.js';
import { openCatalog } from '../../src/pricing/catalog.js';
import { checkGenaiData, type NameRule } from '../../src/pricing/genai-data.js';
import { ratesOn } from '../../src/pricing/genai-figures.js';
import { modelNamed } from '../../src/pricing/genai-names.js';
import { convertGenaiPrices } from '../../src/pricing/genai-prices.js';
import type { PriceRow } from '../../src/pricing/price-row.js';
import { DEFAULT_PRICES_URL } from '../../src/pricing/refresh.js';

test('the default source is the one genai-prices names', () => {
  expect(DEFAULT_PRICES_URL).toBe(REMOTE_DATA_JSON_URL);
});

test('the data the bundled table was made of gives the same price for every name when it is fetched', async () => {
  const bundled = openCatalog();
  const data = checkGenaiData(JSON.parse(JSON.stringify(await waitForUpdate())), 'data');
  const day = '2026-11-24';
  const rows = convertGenaiPrices(data, { day, source: bundled.table.source, overlay: overlayOf(bundled) });
  const LIMITS = ['contextTokens', 'maxOutputTokens', 'hidesReasoning'] as const;
  const byName = (table: readonly PriceRow[]) =>
    new Map(table.flatMap(({ names, ...row }) => names.map((name) => [`${row.provider} ${name}`, row])));
  const fetched = byName(rows);
  expect([...fetched.keys()].sort()).toEqual([...byName(bundled.rows()).keys()].sort());
  for (const [name, row] of byName(bundled.rows())) {
    // A fetched row may know more of a model's limits: more names of its maker lead to them. It never knows others.
    const own = Object.fromEntries(LIMITS.map((limit) => [limit, row[limit] ?? fetched.get(name)?.[limit]]));
    expect({ name, ...fetched.get(name) }).toEqual({ name, ...row, ...own });
  }
});

describe('a name', () => {
  const model = (id: string, match: NameRule) => ({ id, match, prices: {} });
  const named = (name: string, ...rules: NameRule[]) =>
    modelNamed(
      name,
      rules.map((rule, index) => model(`${index}`, rule)),
    )?.id;

  test('is led to the first model whose rule holds', () => {
    expect(named('gpt-4o-2024', { equals: 'gpt-4o' }, { starts_with: 'gpt-4o' }, { contains: 'gpt' })).toBe('1');
    expect(named('x', { and: [{ equals: 'x' }, { ends_with: 'y' }] }, { or: [{ equals: 'y' }, { equals: 'x' }] })).toBe(
      '1',
    );
    expect(named('gpt-6-2026-01-01', { regex: '^gpt-6-\\d{4}-\\d{2}-\\d{2}$' })).toBe('0');
    expect(named('a-tts', { regex: '^(?!.*-[tT][tT][sS](?:$|-))' }, { equals: 'a-tts' })).toBe('1');
    expect(named('z', { equals: 'y' })).toBeUndefined();
  });

  test.each(['^(a+)+$', '(a|a){30}b', 'a*a*b', 'a?a?a?b', '(a)\\1', '(', 'a{1,9}', '(?:a|b|c|d|e)'])(
    'is led nowhere past a pattern that may take long: %s',
    (regex) => {
      expect(named('aaaa', { regex }, { equals: 'aaaa' })).toBeUndefined();
    },
  );
});

describe('a price of genai-prices', () => {
  const rates = (prices: object, id = 'm') =>
    ratesOn('2026-11-24', 'openai', { id, match: { equals: id }, prices: prices as never });

  test('is that of the day', () => {
    const begins = (day: string, input: number) => ({ constraint: { start_date: day }, prices: { input_mtok: input } });
    expect(rates([{ prices: { input_mtok: 1 } }, begins('2026-11-24', 2), begins('2026-11-25', 3)])?.input).toBe(
      2_000_000,
    );
  });

  test('is never lower above a threshold', () => {
    const tiers = [{ start: 1000, price: 0 }];
    const found = rates({ input_mtok: { base: 3, tiers }, output_mtok: 4 });
    expect(found?.longContext).toEqual([{ aboveInputTokens: 1000, input: 3_000_000, output: 4_000_000 }]);
  });

  test('is for a second of audio where it is listed for an hour', () => {
    expect(rates({ audio_hours: 0.36, input_audio_hours: 0.36 })).toEqual({
      ...{ input: 0, output: 0, perAudioSecond: 100_000_000 },
    });
    expect(rates({ input_mtok: 1, audio_hours: 0.111 })).toMatchObject({
      input: 1_000_000,
      perAudioSecond: 30_833_334,
    });
  });

  test('tells images from text; what was cached of a model that makes images is not told apart', () => {
    const figures = {
      input_mtok: 5,
      cache_read_mtok: 1,
      input_image_mtok: 8,
      output_image_mtok: 32,
      cache_image_read_mtok: 2,
    };
    const images = { input: 5_000_000, imageInput: 8_000_000, imageOutput: 32_000_000 };
    expect(rates(figures)).toMatchObject({ ...images, cacheRead: 1_000_000 });
    expect(rates(figures, 'gpt-image-9')).toMatchObject({ ...images, cacheRead: 2_000_000 });
  });

  test('is none where a model is billed by something that is not metered', () => {
    expect(rates({ input_mtok: 1, output_video_mtok: 10 })).toBeUndefined();
    expect(rates({ audio_hours: 3, input_text_messages_kcount: 4 })).toBeUndefined();
    expect(rates({})).toBeUndefined();
  });
});
