import type { GenaiModel, GenaiProvider } from './genai-data.js';
import { ratesOn } from './genai-figures.js';
import { exactNames, modelNamed } from './genai-names.js';
import { addFees, correctRows, type DraftRow, splitByLimits } from './genai-overlay.js';
import type { PriceOverlay } from './price-overlay.js';
import type { PriceRow } from './price-row.js';
import { PROVIDER_KINDS } from './provider-kinds.js';

const CLOUD_DECORATION = /@|^(?:us|us-gov|eu|apac|jp|au|ca|in)\./;

/** How data of genai-prices becomes a price table. */
export interface Conversion {
  /** Prices that a date puts in force are taken as of this day, `YYYY-MM-DD`. */
  readonly day: string;
  /** Where the data comes from, for rows that are partly of another source. */
  readonly source: string;
  readonly overlay: PriceOverlay;
}

/**
 * The rows of a price table from data of genai-prices: those of providers the table knows, sorted by name. The bundled
 * table is made by the same rules as a fetched one, so that no price changes for another reason than its own.
 */
export function convertGenaiPrices(data: readonly GenaiProvider[], conversion: Conversion): readonly PriceRow[] {
  return [...PROVIDER_KINDS.keys()].flatMap((provider) => {
    const models = data.find(({ id }) => id === provider)?.models ?? [];
    const rows = rowsOf(provider, models, conversion);
    return rows.sort((left, right) => (left.names[0] < right.names[0] ? -1 : 1));
  });
}

function rowsOf(provider: string, models: readonly GenaiModel[], { day, source, overlay }: Conversion): PriceRow[] {
  const rowByModel = new Map<GenaiModel, DraftRow>();
  for (const model of models) {
    const rates = ratesOn(day, provider, model);
    if (rates) rowByModel.set(model, { ...rates, provider, names: [...exactNames(provider, model)] });
  }
  const rows = correctRows(provider, [...rowByModel.values()], overlay.corrections, source);
  const taken = new Set<string>();
  for (const row of rows) {
    row.names = row.names.filter((name) => !taken.has(name));
    for (const name of row.names) taken.add(name);
  }
  addKnownNames(overlay.namesOf(provider), models, (model) => rowByModel.get(model), rows, taken);
  return rows
    .filter((row) => row.names.length > 0)
    .map((row) => addFees(row, overlay))
    .flatMap((row) => splitByLimits(row, overlay))
    .filter((row): row is DraftRow & PriceRow => row.names.length > 0);
}

/**
 * Names that other lists have and that genai-prices leads to a row by a rule wider than equality, such as
 * `gemini-2.0-flash-001`: both sources know them, so they are no guess.
 */
function addKnownNames(
  names: readonly string[],
  models: readonly GenaiModel[],
  rowOf: (model: GenaiModel) => DraftRow | undefined,
  rows: readonly DraftRow[],
  taken: Set<string>,
): void {
  for (const name of names) {
    const lower = name.toLowerCase();
    if (taken.has(lower) || CLOUD_DECORATION.test(name)) continue;
    const model = modelNamed(name, models);
    const row = model && rowOf(model);
    if (!row || !rows.includes(row)) continue;
    row.names.push(lower);
    taken.add(lower);
  }
}
