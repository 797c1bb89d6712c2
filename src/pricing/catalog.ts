import { CATALOG_AS_OF, CATALOG_PROVIDERS, CATALOG_ROWS, CATALOG_SOURCE } from './catalog-data.js';
import type { Price } from './price.js';

/**
 * What a provider is to the models it serves: a maker's price is the price of the model, a reseller charges what the
 * maker does, a host sets a price of its own for a model that others serve too.
 */
export type ProviderKind = 'maker' | 'reseller' | 'host';

/** The bundled table, indexed by provider and name. Names are in lower case. */
export interface Catalog {
  readonly asOf: string;
  /** The row of exactly this name at this provider. */
  at(provider: string, name: string): Price | undefined;
  /** Every row of exactly this name, makers first. */
  everywhere(name: string): readonly Price[];
  kindOf(provider: string): ProviderKind | undefined;
}

type Row = Omit<Price, 'model' | 'source' | 'asOf'> & {
  readonly names: readonly [string, ...string[]];
  readonly source?: string;
  readonly asOf?: string;
};

/** Opens the bundled table. It is read at the first look-up, so a program that prices nothing pays nothing. */
export function openCatalog(): Catalog {
  const kinds = new Map(Object.entries(CATALOG_PROVIDERS));
  let rowsByName: Map<string, readonly Price[]> | undefined;
  const everywhere = (name: string): readonly Price[] => {
    rowsByName ??= readRows(CATALOG_ROWS);
    return rowsByName.get(name) ?? [];
  };
  return {
    asOf: CATALOG_AS_OF,
    at: (provider, name) => everywhere(name).find((price) => price.provider === provider),
    everywhere,
    kindOf: (provider) => kinds.get(provider),
  };
}

function readRows(text: string): Map<string, readonly Price[]> {
  const rowsByName = new Map<string, Price[]>();
  for (const line of text.trimEnd().split('\n')) {
    const { names, ...figures } = JSON.parse(line) as Row;
    const price: Price = Object.freeze({ source: CATALOG_SOURCE, asOf: CATALOG_AS_OF, ...figures, model: names[0] });
    for (const name of names) {
      const rows = rowsByName.get(name);
      if (rows) rows.push(price);
      else rowsByName.set(name, [price]);
    }
  }
  return rowsByName;
}
