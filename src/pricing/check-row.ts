import {
  checkCount,
  checkObject,
  checkPico,
  checkText,
  MAX_FEE_PICO_USD,
  MAX_RATE_PICO_USD,
  type Place,
  refuse,
} from './check-figures.js';
import { MAX_NAME_LENGTH } from './match.js';
import { COUNT_COLUMNS, FEE_COLUMNS, type PriceRow, RATE_COLUMNS, ROW_COLUMNS } from './price-row.js';
import { isDay } from './price-table.js';
import { PROVIDER_KINDS } from './provider-kinds.js';

const MAX_NAMES = 1000;
const MAX_THRESHOLDS = 16;
const TIERS: readonly string[] = ['flex', 'priority', 'batch', 'fast'];
const MIN_RATIO = 0.01;
const MAX_RATIO = 10;

/**
 * Reads one row of a price table that may come from anywhere. A row of a day after `lastDay` is refused, because nobody
 * would ever be told that it is old.
 *
 * @throws ConfigError naming the place, the model and the figure that is missing, unknown or cannot be true.
 */
export function checkRow(value: unknown, table: Place, lastDay: string): PriceRow {
  const row = checkObject(value, table);
  const { provider, names } = row;
  if (typeof provider !== 'string' || !PROVIDER_KINDS.has(provider)) {
    return refuse(`${table}: provider`, provider, `use one of: ${[...PROVIDER_KINDS.keys()].join(', ')}`);
  }
  const model = checkNames(names, `${table}: names of a model of ${provider}`);
  const place = (column: string): Place => `${table}: ${column} of ${provider} ${model}`;
  checkKeys(row, ROW_COLUMNS, place);
  checkRates(row, place);
  for (const fee of FEE_COLUMNS) if (row[fee] !== undefined) checkPico(row[fee], place(fee), MAX_FEE_PICO_USD);
  for (const count of COUNT_COLUMNS) if (row[count] !== undefined) checkCount(row[count], place(count));
  if (row.longContext !== undefined) checkLongContext(row, place);
  if (row.tiers !== undefined) checkTiers(row.tiers, place);
  if (row.hidesReasoning !== undefined && typeof row.hidesReasoning !== 'boolean') {
    return refuse(place('hidesReasoning'), row.hidesReasoning, 'it has to be true or false');
  }
  if (row.source !== undefined) checkText(row.source, place('source'));
  if (row.asOf !== undefined && (!isDay(row.asOf) || row.asOf > lastDay)) {
    return refuse(place('asOf'), row.asOf, 'it has to be a day that has come, YYYY-MM-DD');
  }
  return row as unknown as PriceRow;
}

/** The first of the names, which stands for all. */
function checkNames(value: unknown, place: Place): string {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_NAMES) {
    return refuse(place, value, `it has to be a list of 1 to ${MAX_NAMES} names`);
  }
  for (const name of value as readonly unknown[]) {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH || name !== name.toLowerCase()) {
      return refuse(place, name, `a name has 1 to ${MAX_NAME_LENGTH} characters in lower case`);
    }
  }
  return value[0] as string;
}

function checkKeys(value: object, known: readonly string[], place: (column: string) => Place): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) refuse(place(key), key, `use one of: ${known.join(', ')}`);
  }
}

function checkRates(rates: Readonly<Record<string, unknown>>, place: (column: string) => Place): void {
  for (const rate of RATE_COLUMNS) {
    const isRequired = rate === 'input' || rate === 'output';
    if (isRequired || rates[rate] !== undefined) checkPico(rates[rate], place(rate), MAX_RATE_PICO_USD);
  }
}

function checkLongContext(row: Readonly<Record<string, unknown>>, place: (column: string) => Place): void {
  const { longContext } = row;
  if (!Array.isArray(longContext) || longContext.length === 0 || longContext.length > MAX_THRESHOLDS) {
    refuse(place('longContext'), longContext, `it has to be a list of 1 to ${MAX_THRESHOLDS} thresholds`);
  }
  let below = 0;
  for (const value of longContext as readonly unknown[]) {
    const long = checkObject(value, place('longContext'));
    const inLong = (column: string): Place => place(`longContext ${column}`);
    checkKeys(long, ['aboveInputTokens', ...RATE_COLUMNS], inLong);
    const above = checkCount(long.aboveInputTokens, inLong('aboveInputTokens'));
    if (above <= below) refuse(inLong('aboveInputTokens'), above, 'thresholds have to ascend');
    below = above;
    checkRates(long, inLong);
    for (const rate of ['input', 'output'] as const) {
      if ((long[rate] as number) < (row[rate] as number)) {
        refuse(inLong(rate), long[rate], 'a long request costs at least what a short one does');
      }
    }
  }
}

function checkTiers(value: unknown, place: (column: string) => Place): void {
  const tiers = checkObject(value, place('tiers'));
  checkKeys(tiers, TIERS, (tier) => place(`tiers ${tier}`));
  for (const [tier, ratio] of Object.entries(tiers)) {
    if (typeof ratio !== 'number' || !(ratio >= MIN_RATIO) || ratio > MAX_RATIO) {
      refuse(place(`tiers ${tier}`), ratio, `it has to be a number from ${MIN_RATIO} to ${MAX_RATIO}`);
    }
  }
}
