import type { Catalog } from './catalog.js';
import type { Reading } from './match.js';
import type { Price, PriceMatch } from './price.js';
import { isFree } from './price-row.js';
import { canonicalProvider } from './provider-names.js';

/**
 * The row the table has for a model that was asked of `provider`, by the first of its readings that leads to one.
 *
 * The provider's own row comes first. A host that sets its own prices has no other: what another host asks for the same
 * model says nothing of it. Any other provider, and a proxy that nobody knows, is taken to charge what the model's maker
 * does, and the reason says so. A model that no maker sells (open weights, at several hosts) costs what the dearest host
 * asks, so that a budget still holds.
 */
export function findInCatalog(
  catalog: Catalog,
  readings: readonly Reading[],
  provider: string | undefined,
): PriceMatch | undefined {
  const asked = provider === undefined ? undefined : (canonicalProvider(provider) ?? provider);
  const kind = asked === undefined ? undefined : catalog.kindOf(asked);
  if (asked !== undefined && kind !== undefined) {
    for (const reading of readings) {
      if (reading.provider !== undefined && reading.provider !== asked) continue;
      const price = catalog.at(asked, reading.name);
      if (price) return found(price, reading, '');
    }
  }
  if (kind === 'host') return undefined;
  const elsewhere = provider === undefined ? '' : `${provider} has no row of its own`;
  return findNamed(catalog, readings, kind, elsewhere) ?? findAnywhere(catalog, readings, kind, elsewhere);
}

/** By the provider that the name itself points at. */
function findNamed(
  catalog: Catalog,
  readings: readonly Reading[],
  kind: 'maker' | 'reseller' | undefined,
  elsewhere: string,
): PriceMatch | undefined {
  for (const reading of readings) {
    if (reading.provider === undefined) continue;
    if (kind === 'reseller' && catalog.kindOf(reading.provider) !== 'maker') continue;
    const price = catalog.at(reading.provider, reading.name);
    if (price) return found(price, reading, elsewhere && `${elsewhere}, so the rate is that of ${price.provider}`);
  }
  return undefined;
}

function findAnywhere(
  catalog: Catalog,
  readings: readonly Reading[],
  kind: 'maker' | 'reseller' | undefined,
  elsewhere: string,
): PriceMatch | undefined {
  const because = elsewhere && `${elsewhere}, so `;
  // A name that says which host serves it means no other.
  const open = readings.filter(({ provider }) => provider === undefined || catalog.kindOf(provider) !== 'host');
  for (const reading of open) {
    const price = catalog.everywhere(reading.name).find((row) => catalog.kindOf(row.provider) === 'maker');
    if (!price) continue;
    const isElsewhere = because !== '' || (reading.provider !== undefined && reading.provider !== price.provider);
    return found(price, reading, isElsewhere ? `${because}the rate is that of ${price.provider}` : '');
  }
  if (kind === 'reseller') return undefined;
  for (const reading of open) {
    // What one host gives away is no reason to take it for free at another.
    const rows = catalog.everywhere(reading.name).filter((row) => !isFree(row));
    if (rows.length === 0) continue;
    const dearest = rows.reduce((most, row) => (dearness(row) > dearness(most) ? row : most));
    const note =
      rows.length === 1
        ? `the rate is that of ${dearest.provider}`
        : `the rate is that of ${dearest.provider}, the dearest of ${rows.length} that serve it`;
    return found(dearest, reading, `${because}${note}`);
  }
  return undefined;
}

/** Rows of one model are sold in one unit, so their figures compare. */
function dearness({ input, output, perImage = 0, perAudioSecond = 0 }: Price): number {
  return input + output + perImage + perAudioSecond;
}

function found(price: Price, { via, why }: Reading, note: string): PriceMatch {
  return { price, via, reason: note ? `${why}; ${note}` : why };
}
