import { describe, expect, test } from 'vitest';
import { answering, sampleData, samplePrices } from './sample-prices.js';

type Data = ReturnType<typeof sampleData>;
type Figures = Record<string, unknown>;

/** The figures of gpt-4o. */
const gpt4o = (data: Data) => data[0]?.models[0]?.prices as Figures;
const spoil =
  (figure: unknown, name = 'input_mtok') =>
  (data: Data) => {
    gpt4o(data)[name] = figure;
  };

const POISONS: readonly (readonly [what: string, poison: (data: Data) => unknown, complaint: RegExp])[] = [
  ['a negative rate', spoil(-1), /openai gpt-4o: input_mtok: -1/],
  ['a rate that is text', spoil('2.5'), /openai gpt-4o: input_mtok: '2\.5'/],
  ['a rate that is the text NaN', spoil('NaN'), /openai gpt-4o: input_mtok: 'NaN'/],
  ['a rate that is null', spoil(null), /openai gpt-4o: input_mtok: null/],
  ['an absurd rate', spoil(1e9), /openai gpt-4o: input_mtok: 1000000000.*10000 US dollars/],
  ['an absurd rate of an unknown kind', spoil(1e9, 'output_smell_mtok'), /output_smell_mtok/],
  ['an absurd fee', spoil(1e9, 'web_searches_kcount'), /web_searches_kcount/],
  ['a known rate that is 0', spoil(0), /input of openai gpt-4o: 0.*The table in force says 2500000/],
  ['a rate in another unit', spoil(0.0025), /input of openai gpt-4o: 2500\. .*factor of 100/],
  ['a rate a thousand times as high', spoil(2500), /input of openai gpt-4o: 2500000000/],
  ['a cached rate that is 0', spoil(0, 'cache_read_mtok'), /cacheRead of openai gpt-4o/],
  ['a tier without a price', spoil({ base: 2.5, tiers: [{ start: 9 }] }), /input_mtok: price of a tier: undefined/],
  ['a tier below nothing', spoil({ base: 2.5, tiers: [{ start: -9, price: 5 }] }), /input_mtok: start of a tier: -9/],
  ['a figure without a base', spoil({ tiers: [] }), /input_mtok: base: undefined/],
  ['a model without prices', (data) => delete data[0]?.models[0]?.prices, /openai gpt-4o: prices: undefined/],
  ['a model without a rule', (data) => delete data[0]?.models[0]?.match, /openai gpt-4o: match: undefined/],
  ['a model without a name', (data) => delete data[0]?.models[0]?.id, /id of a model: undefined/],
  ['a day that does not exist', (data) => dated(data, '2026-02-30'), /start_date: '2026-02-30'/],
  [
    'a context below nothing',
    (data) => Object.assign(data[0]?.models[0] ?? {}, { context_window: -1 }),
    /context_window/,
  ],
  ['a rule without an end', (data) => Object.assign(data[0]?.models[0] ?? {}, { match: deepRule(100) }), /no rule/],
  [
    'far fewer models',
    (data) => data.splice(0, 2, { id: 'openai', models: [] }),
    /number of models: \d+\. The table in force has \d+/,
  ],
  ['no models', (data) => data.splice(0), /list of providers/],
];

function dated(data: Data, day: string): void {
  Object.assign(data[0]?.models[0] ?? {}, { prices: [{ constraint: { start_date: day }, prices: { input_mtok: 1 } }] });
}

function deepRule(depth: number): unknown {
  return depth === 0 ? { equals: 'x' } : { or: [deepRule(depth - 1)] };
}

describe('a fetched table with', () => {
  test.each(POISONS)('%s is refused whole, and the old one stays', async (_, poison, complaint) => {
    const { prices, models } = samplePrices();
    const data = sampleData();
    // What is good in it must not come through either.
    (data[0]?.models[1]?.prices as Figures).input_mtok = 0.1;
    poison(data);
    const outcome = await prices.refresh({ fetch: answering(data) });
    expect(outcome).toMatchObject({ refreshed: false, asOf: '2026-09-23', models });
    expect(outcome.reason).toMatch(complaint);
    expect(prices.lookup('gpt-4o')).toMatchObject({ input: 2.5, source: 'sample' });
    expect(prices.lookup('gpt-4o-mini')?.input).toBe(0.15);
  });

  test.each([
    [
      'a number no double can hold',
      '[{"id":"openai","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":1e999}}]}]',
    ],
    [
      '__proto__ among its rates',
      '[{"id":"openai","models":[{"id":"m","match":{"equals":"m"},"prices":{"__proto__":{"x":1}}}]}]',
    ],
    ['__proto__ in other letters', '[{"\\u005f_proto__":{"x":1}}]'],
    ['constructor as a model', '[{"id":"openai","models":[],"constructor":{"prototype":{"x":1}}}]'],
    ['NaN', '[NaN]'],
    ['half of its text', JSON.stringify(sampleData()).slice(0, 200)],
    ['a web page instead', '<!doctype html><title>Sign in</title>'],
    ['nothing in it', ''],
    ['null', 'null'],
    ['an error instead', '{"message":"Not Found"}'],
  ])('%s is refused', async (_, text) => {
    const { prices } = samplePrices();
    const outcome = await prices.refresh({ fetch: answering(text) });
    expect(outcome.refreshed).toBe(false);
    expect(outcome.reason).toContain('Invalid price table at https://raw.githubusercontent.com/pydantic/genai-prices/');
    expect(prices.lookup('gpt-4o')).toMatchObject({ input: 2.5, source: 'sample' });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('a provider that lost most of its models is refused', async () => {
    const { prices } = samplePrices();
    const many = sampleData();
    for (let index = 0; index < 20; index += 1) {
      const id = `model-${index}`;
      many[1]?.models.push({ id, match: { equals: id }, prices: { input_mtok: 1, output_mtok: 1 } });
      many[0]?.models.push({ id, match: { equals: id }, prices: { input_mtok: 1, output_mtok: 1 } });
    }
    expect(await prices.refresh({ fetch: answering(many) })).toMatchObject({ refreshed: true });
    many[1]?.models.splice(1);
    expect((await prices.refresh({ fetch: answering(many) })).reason).toMatch(/number of models of google: 1/);
  });
});

test('a new model that is said to cost nothing has no price, and is no reason to refuse the rest', async () => {
  const { prices } = samplePrices();
  const data = sampleData();
  data[0]?.models.push({ id: 'gift', match: { equals: 'gift' }, prices: { input_mtok: 0, output_mtok: 0 } });
  expect(await prices.refresh({ fetch: answering(data) })).toMatchObject({ refreshed: true });
  expect(prices.lookup('gift')).toBeUndefined();
});
