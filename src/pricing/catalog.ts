import { CATALOG_AS_OF, CATALOG_ROWS, CATALOG_SOURCE } from './catalog-data.js';
import type { Price } from './price.js';

/** The bundled table, indexed by provider and name. */
export interface Catalog {
  readonly asOf: string;
  /** The row of exactly this name at this provider. */
  at(provider: string, model: string): Price | undefined;
  /** The first row of exactly this name; makers of models come before those who resell them. */
  anywhere(model: string): Price | undefined;
  hasProvider(provider: string): boolean;
}

type Row = Omit<Price, 'model' | 'source' | 'asOf'> & { readonly names: readonly [string, ...string[]] };

/** Opens the bundled table. It is read at the first look-up, so a program that prices nothing pays nothing. */
export function openCatalog(): Catalog {
  let providers: Map<string, Map<string, Price>> | undefined;
  const index = () => {
    providers ??= readRows();
    return providers;
  };
  return {
    asOf: CATALOG_AS_OF,
    at: (provider, model) => index().get(provider)?.get(model),
    anywhere(model) {
      for (const rows of index().values()) {
        const price = rows.get(model);
        if (price) return price;
      }
      return undefined;
    },
    hasProvider: (provider) => index().has(provider),
  };
}

function readRows(): Map<string, Map<string, Price>> {
  const providers = new Map<string, Map<string, Price>>();
  for (const line of CATALOG_ROWS.trimEnd().split('\n')) {
    const { names, ...figures } = JSON.parse(line) as Row;
    const price: Price = Object.freeze({ ...figures, model: names[0], source: CATALOG_SOURCE, asOf: CATALOG_AS_OF });
    const rows = providers.get(price.provider) ?? new Map<string, Price>();
    providers.set(price.provider, rows);
    for (const name of names) rows.set(name, price);
  }
  return providers;
}
