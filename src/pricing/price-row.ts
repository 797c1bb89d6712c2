import type { Price } from './price.js';

/** A row of a price table as it is written: a price and every name it holds for. Names are in lower case. */
export interface PriceRow extends Omit<Price, 'model' | 'source' | 'asOf'> {
  readonly names: readonly [string, ...string[]];
  /** Absent: the source of the table. */
  readonly source?: string;
  /** Absent: the day of the table. */
  readonly asOf?: string;
}

/** The rates of a row, each in pico-dollars per token. */
export const RATE_COLUMNS = [
  ...(['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h'] as const),
  ...(['audioInput', 'audioOutput', 'imageInput', 'imageOutput'] as const),
] as const;

/** The fees of a row, each in pico-dollars apiece. */
export const FEE_COLUMNS = [
  ...(['webSearch', 'fileSearch', 'codeSession'] as const),
  ...(['request', 'perImage', 'perAudioSecond'] as const),
] as const;

/** The counts of a row, in tokens or seconds. */
export const COUNT_COLUMNS = [
  ...(['maxOutputTokens', 'contextTokens'] as const),
  ...(['minAudioSeconds', 'maxAudioSeconds'] as const),
] as const;

/** Everything a row may have, in the order in which it is written. */
export const ROW_COLUMNS = [
  ...(['provider', 'names'] as const),
  ...RATE_COLUMNS,
  ...(['longContext', 'tiers'] as const),
  ...FEE_COLUMNS,
  ...COUNT_COLUMNS,
  ...(['hidesReasoning', 'source', 'asOf'] as const),
] as const;

/** Whether a row has no figure above 0 for what its model does. */
export function isFree(row: Pick<Price, 'input' | 'output' | 'perImage' | 'perAudioSecond'>): boolean {
  return row.input + row.output + (row.perImage ?? 0) + (row.perAudioSecond ?? 0) === 0;
}

/** Rows as text: one a line, as JSON, each line with its end. */
export function writeRows(rows: readonly PriceRow[]): string {
  return rows.map((row) => `${JSON.stringify(orderColumns(row))}\n`).join('');
}

function orderColumns(row: PriceRow): Partial<PriceRow> {
  return Object.fromEntries(ROW_COLUMNS.flatMap((key) => (row[key] === undefined ? [] : [[key, row[key]]])));
}
