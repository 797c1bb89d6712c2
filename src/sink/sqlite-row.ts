import { ConfigError } from '../errors.js';
import { formatUsd, isAmount } from '../money.js';
import type { SqlRow, SqlValue } from '../sqlite-driver.js';
import type { Usage } from '../usage/usage.js';
import { bigintAsText, readCostItem } from './record-json.js';
import type { SpendRecord } from './sink.js';

interface Column {
  readonly name: string;
  value(record: SpendRecord): SqlValue;
}

const USAGE_COLUMNS: readonly (readonly [name: string, field: keyof Usage])[] = [
  ['input_tokens', 'inputTokens'],
  ['output_tokens', 'outputTokens'],
  ['cache_read_input_tokens', 'cacheReadInputTokens'],
  ['cache_write_input_tokens', 'cacheWriteInputTokens'],
  ['cache_write_1h_input_tokens', 'cacheWrite1hInputTokens'],
  ['audio_input_tokens', 'audioInputTokens'],
  ['reasoning_output_tokens', 'reasoningOutputTokens'],
  ['audio_output_tokens', 'audioOutputTokens'],
  ['web_search_requests', 'webSearchRequests'],
  ['file_search_requests', 'fileSearchRequests'],
  ['image_input_tokens', 'imageInputTokens'],
  ['image_output_tokens', 'imageOutputTokens'],
  ['accepted_prediction_output_tokens', 'acceptedPredictionOutputTokens'],
  ['rejected_prediction_output_tokens', 'rejectedPredictionOutputTokens'],
  ['code_sessions', 'codeSessions'],
  ['images', 'images'],
  ['audio_seconds', 'audioSeconds'],
];

/** How each column of `spend_records` is filled. */
export const COLUMNS: readonly Column[] = [
  { name: 'id', value: (record) => sqlText(record.id) },
  { name: 'schema_version', value: (record) => sqlNumber(record.schemaVersion) },
  { name: 'time_ms', value: (record) => sqlNumber(record.timeMs) },
  { name: 'provider', value: (record) => sqlText(record.provider) },
  { name: 'operation', value: (record) => sqlText(record.operation) },
  { name: 'model', value: (record) => sqlText(record.model) },
  { name: 'requested_model', value: (record) => sqlText(record.requestedModel) },
  { name: 'served_model', value: (record) => sqlText(record.servedModel) },
  ...USAGE_COLUMNS.map(([name, field]) => ({
    name,
    value: (record: SpendRecord) => sqlNumber(record.usage?.[field]),
  })),
  { name: 'cost_nano_usd', value: (record) => sqlNumber(record.costNanoUsd) },
  { name: 'cost_usd', value: (record) => formatUsd(record.costNanoUsd) },
  { name: 'basis', value: (record) => sqlText(record.basis) },
  { name: 'outcome', value: (record) => sqlText(record.outcome) },
  { name: 'stream', value: (record) => sqlFlag(record.stream) },
  { name: 'duration_ms', value: (record) => sqlNumber(record.durationMs) },
  { name: 'time_to_first_token_ms', value: (record) => sqlNumber(record.timeToFirstTokenMs) },
  { name: 'hold_nano_usd', value: (record) => sqlNumber(record.holdNanoUsd) },
  { name: 'ceiling_tokens', value: (record) => sqlNumber(record.ceilingTokens) },
  { name: 'ceiling_injected', value: (record) => sqlFlag(record.ceilingInjected) },
  { name: 'service_tier', value: (record) => sqlText(record.serviceTier) },
  { name: 'price_source', value: (record) => sqlText(record.priceSource) },
  { name: 'price_as_of', value: (record) => sqlText(record.priceAsOf) },
  { name: 'tags', value: (record) => JSON.stringify(record.tags) },
  { name: 'budgets', value: (record) => JSON.stringify(record.budgets) },
  { name: 'items', value: (record) => JSON.stringify(record.items, bigintAsText) },
];

/** The values of one record, in the order of `COLUMNS`. */
export function recordToValues(record: SpendRecord): SqlValue[] {
  return COLUMNS.map((column) => column.value(record));
}

/**
 * Makes the record that a row was written from.
 *
 * @throws ConfigError naming the row when it holds what no record does: a damaged file, or another program's.
 */
export function rowToRecord(row: SqlRow): SpendRecord {
  try {
    return Object.freeze({
      id: readText(row, 'id'),
      schemaVersion: readNumber(row, 'schema_version'),
      timeMs: readNumber(row, 'time_ms'),
      provider: readText(row, 'provider'),
      operation: readText(row, 'operation'),
      model: readText(row, 'model'),
      ...optional('requestedModel', row.requested_model, () => readText(row, 'requested_model')),
      ...optional('servedModel', row.served_model, () => readText(row, 'served_model')),
      ...optional('usage', row.input_tokens, () => readUsage(row)),
      costNanoUsd: readAmount(row, 'cost_nano_usd'),
      basis: readText(row, 'basis') as SpendRecord['basis'],
      items: readJson(row, 'items').map(readCostItem),
      ...optional('priceSource', row.price_source, () => readText(row, 'price_source')),
      ...optional('priceAsOf', row.price_as_of, () => readText(row, 'price_as_of')),
      ...optional('serviceTier', row.service_tier, () => readText(row, 'service_tier')),
      tags: readTags(row),
      budgets: readJson(row, 'budgets') as SpendRecord['budgets'],
      holdNanoUsd: readAmount(row, 'hold_nano_usd'),
      outcome: readText(row, 'outcome') as SpendRecord['outcome'],
      stream: readNumber(row, 'stream') === 1,
      durationMs: readNumber(row, 'duration_ms'),
      ...optional('timeToFirstTokenMs', row.time_to_first_token_ms, () => readNumber(row, 'time_to_first_token_ms')),
      ...optional('ceilingTokens', row.ceiling_tokens, () => readAmount(row, 'ceiling_tokens')),
      ...optional('ceilingInjected', row.ceiling_injected, () => readNumber(row, 'ceiling_injected') === 1),
    });
  } catch (error) {
    throw new ConfigError({
      option: `record in a SQLite file, column ${error instanceof SyntaxError ? 'tags, budgets or items' : String((error as Error).message)}`,
      value: row.id,
      remedy: 'restore the file, or delete this row',
    });
  }
}

function sqlNumber(value: unknown): SqlValue {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function sqlFlag(value: unknown): SqlValue {
  return value === undefined ? null : value ? 1 : 0;
}

// SQLite's C interface ends text at NUL, and UTF-8 has no halves of surrogate pairs: both are kept as escapes. Text
// inside JSON needs no such care, for JSON escapes them itself.
const NOT_STORABLE = /[\0\p{Surrogate}]/gu;

function sqlText(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  return String(value).replace(
    NOT_STORABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function optional<K extends string, V>(key: K, stored: unknown, read: () => V): { [Name in K]?: V } {
  return stored === null || stored === undefined ? {} : ({ [key]: read() } as { [Name in K]?: V });
}

function readText(row: SqlRow, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw new TypeError(name);
  return value;
}

function readNumber(row: SqlRow, name: string): number {
  const value = row[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(name);
  return value;
}

function readAmount(row: SqlRow, name: string): number {
  const value = row[name];
  if (!isAmount(value)) throw new TypeError(name);
  return value;
}

function readJson(row: SqlRow, name: string): readonly unknown[] {
  const value: unknown = JSON.parse(readText(row, name));
  if (!Array.isArray(value)) throw new TypeError(name);
  return value;
}

function readTags(row: SqlRow): SpendRecord['tags'] {
  const tags: unknown = JSON.parse(readText(row, 'tags'));
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw new TypeError('tags');
  return Object.freeze(tags as SpendRecord['tags']);
}

function readUsage(row: SqlRow): Usage {
  // A file that is only read is not migrated, so one of an older version lacks the columns that came later.
  const counts = USAGE_COLUMNS.filter(([name]) => (row[name] ?? null) !== null).map(([name, field]) => [
    field,
    readAmount(row, name),
  ]);
  return Object.freeze({ inputTokens: 0, outputTokens: 0, ...Object.fromEntries(counts) } as Usage);
}
