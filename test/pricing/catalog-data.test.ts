import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the committed price table is what its script makes of the installed sources', async () => {
  const script = '../../scripts/build-prices.mjs';
  const { buildCatalog, renderCatalog } = (await import(script)) as {
    buildCatalog(): Promise<unknown>;
    renderCatalog(catalog: unknown): string;
  };
  const committed = readFileSync(new URL('../../src/pricing/catalog-data.ts', import.meta.url), 'utf8');
  expect(renderCatalog(await buildCatalog())).toBe(committed);
});
