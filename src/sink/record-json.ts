import { isAmount } from '../money.js';
import type { CostItem } from '../pricing/price.js';
import { type Usage, validUsage } from '../usage/usage.js';
import { RECORD_SCHEMA_VERSION, type SpendRecord } from './sink.js';

/** Writes a bigint as a decimal string where JSON has no number for it: a replacer for `JSON.stringify`. */
export function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Reads a line of cost as `bigintAsText` wrote it. */
export function readCostItem(item: unknown): CostItem {
  const { costPicoUsd, ...rest } = item as CostItem;
  const cost: unknown = costPicoUsd;
  return Object.freeze({ ...rest, costPicoUsd: typeof cost === 'string' ? BigInt(cost) : costPicoUsd });
}

// These two end a line for some readers, though not for JSON.
const LINE_SEPARATORS = /[\u2028\u2029]/g;

/** One record as JSON without a line break in it. */
export function recordToJson(record: SpendRecord): string {
  return JSON.stringify(record, bigintAsText).replace(LINE_SEPARATORS, (character) =>
    character === '\u2028' ? '\\u2028' : '\\u2029',
  );
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
// Beyond this many milliseconds from the epoch there are no dates.
const isTime: Check = (value) => Number.isFinite(value) && Math.abs(value as number) <= 8.64e15;

/** What each field must be. */
const REQUIRED: Readonly<Partial<Record<keyof SpendRecord, Check>>> = {
  id: isText,
  schemaVersion: (value) => isAmount(value) && value <= RECORD_SCHEMA_VERSION,
  timeMs: isTime,
  provider: isText,
  operation: isText,
  model: isText,
  costNanoUsd: isAmount,
  basis: isText,
  items: (value) => Array.isArray(value) && value.every(isObject),
  tags: (value) =>
    isObject(value) && Object.values(value as object).every((tag) => tag !== null && typeof tag !== 'object'),
  budgets: (value) => Array.isArray(value) && value.every(isObject),
  holdNanoUsd: isAmount,
  outcome: isText,
  stream: isFlag,
  durationMs: Number.isFinite,
};

const OPTIONAL: typeof REQUIRED = {
  requestedModel: isText,
  servedModel: isText,
  usage: (value) => isObject(value) && validUsage(value as Usage) !== undefined,
  priceSource: isText,
  priceAsOf: isText,
  serviceTier: isText,
  timeToFirstTokenMs: Number.isFinite,
  ceilingTokens: isAmount,
  ceilingInjected: isFlag,
};

/**
 * Makes the record that `recordToJson` wrote, from the parsed JSON. Fields it does not know are left out.
 *
 * @throws TypeError whose message is the name of the first field that no record has like this.
 */
export function recordFromJson(json: unknown): SpendRecord {
  if (!isObject(json)) throw new TypeError('the line itself');
  const source = json as Readonly<Record<string, unknown>>;
  const entries: (readonly [string, unknown])[] = [];
  for (const [fields, isRequired] of [[REQUIRED, true] as const, [OPTIONAL, false] as const]) {
    for (const [field, check] of Object.entries(fields)) {
      const value = Object.hasOwn(source, field) ? source[field] : undefined;
      if (value === undefined && !isRequired) continue;
      if (!check(value)) throw new TypeError(field);
      entries.push([field, value]);
    }
  }
  const record = Object.fromEntries(entries) as unknown as SpendRecord;
  return Object.freeze({
    ...record,
    items: Object.freeze(record.items.map(readItemOf)),
    tags: Object.freeze(record.tags),
    ...(record.usage && { usage: Object.freeze(record.usage) }),
  });
}

function readItemOf(item: unknown): CostItem {
  const { costPicoUsd } = item as { readonly costPicoUsd?: unknown };
  const isCost = isAmount(costPicoUsd) || (typeof costPicoUsd === 'string' && /^\d+$/.test(costPicoUsd));
  if (!isCost) throw new TypeError('items');
  return readCostItem(item);
}
