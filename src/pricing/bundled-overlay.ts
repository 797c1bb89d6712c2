import type { Catalog } from './catalog.js';
import { CATALOG_RULES } from './catalog-data.js';
import type { PriceOverlay } from './price-overlay.js';

/**
 * What the bundled table knows besides what genai-prices says: limits, service tiers, fees, other names. A fetched row
 * of the same name takes it over where it has none of its own.
 */
export function overlayOf(bundled: Catalog): PriceOverlay {
  const names = new Map<string, string[]>();
  for (const row of bundled.rows()) {
    const own = names.get(row.provider);
    if (own) own.push(...row.names);
    else names.set(row.provider, [...row.names]);
  }
  return {
    ...CATALOG_RULES,
    namesOf: (provider) => names.get(provider) ?? [],
    find: (provider, name) => bundled.at(provider, name),
  };
}
