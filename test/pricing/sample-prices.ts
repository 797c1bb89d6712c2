import { overlayOf } from '../../src/pricing/bundled-overlay.js';
import { openCatalog } from '../../src/pricing/catalog.js';
import { checkGenaiData } from '../../src/pricing/genai-data.js';
import { convertGenaiPrices } from '../../src/pricing/genai-prices.js';
import { writeRows } from '../../src/pricing/price-row.js';
import { Prices } from '../../src/pricing/prices.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

/** The day on which the clock of these tests stands. */
export const TODAY = '2026-11-24';

type Model = Record<string, unknown>;

/** Data as genai-prices publishes it, of five models, as plain objects that a test may spoil. */
export function sampleData(): { id: string; models: Model[] }[] {
  const model = (id: string, prices: unknown, others: Model = {}) => ({ id, match: { equals: id }, prices, ...others });
  return [
    {
      id: 'openai',
      models: [
        model('gpt-4o', { input_mtok: 2.5, output_mtok: 10, cache_read_mtok: 1.25 }, { context_window: 128_000 }),
        model('gpt-4o-mini', { input_mtok: 0.15, output_mtok: 0.6 }),
        model('text-embedding-3-small', { input_mtok: 0.02 }),
      ],
    },
    {
      id: 'google',
      models: [
        model('gemini-2.5-pro', {
          input_mtok: { base: 1.25, tiers: [{ start: 200_000, price: 2.5 }] },
          output_mtok: { base: 10, tiers: [{ start: 200_000, price: 15 }] },
        }),
        model('gemini-2.5-flash', { input_mtok: 0.3, output_mtok: 2.5 }),
      ],
    },
  ];
}

/** Prices whose table in force is made of `sampleData`, as of a day two months ago. */
export function samplePrices() {
  const overlay = overlayOf(openCatalog());
  const data = checkGenaiData(sampleData(), 'sample');
  const rows = convertGenaiPrices(data, { day: TODAY, source: 'sample', overlay });
  const table = { source: 'sample', asOf: '2026-09-23', rows: writeRows(rows) };
  const clock = createFakeClock({ nowMs: Date.parse(`${TODAY}T12:00:00Z`) });
  return { prices: new Prices(openCatalog(table), clock), clock, models: rows.length };
}

/** A `fetch` that answers with a text, or with the JSON of a value. */
export function answering(body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return async () => new Response(text, { headers });
}
