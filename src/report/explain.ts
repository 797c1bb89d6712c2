import { formatPicoUsd, formatUsd } from '../money.js';
import type { CostBasis, SpendRecord } from '../sink/sink.js';
import { alignCells } from './format.js';
import { displayWidth, printable } from './width.js';

/** One line of a call's bill. */
export interface ExplainedItem {
  /** What was billed: `input`, `cache_read`, `image_output`, `web_search`, `image`, …; `reported` or `presumed` for a whole call. */
  readonly kind: SpendRecord['items'][number]['kind'];
  /** How many of `unit`. */
  readonly quantity: number;
  readonly unit: 'token' | 'search' | 'session' | 'image' | 'second' | 'call';
  /** US dollars for a million tokens, or for one of another unit, as an exact decimal; absent where no rate was used. */
  readonly rateUsd?: string;
  /** US dollars as an exact decimal. */
  readonly costUsd: string;
}

/** How the cost of one call came about. Frozen. As text it is a readable table. */
export interface CostExplanation {
  readonly id: string;
  readonly provider: string;
  /** The model that answered where that is known, else the one that was sent. */
  readonly model: string;
  readonly basis: CostBasis;
  readonly items: readonly ExplainedItem[];
  /** What was booked: the sum of the items, rounded up to a nano-dollar, or the hold where that was less. */
  readonly costUsd: string;
  readonly priceSource?: string;
  readonly priceAsOf?: string;
  readonly serviceTier?: string;
  toString(): string;
}

/**
 * Takes the cost of one call apart, line by line.
 *
 * @example
 * addSink({ name: 'log', write: (records) => records.forEach((record) => console.log(`${explain(record)}`)) });
 */
export function explain(record: SpendRecord): CostExplanation {
  const { id, provider, basis, priceSource, priceAsOf, serviceTier } = record;
  const facts: Omit<CostExplanation, 'toString'> = {
    id,
    provider,
    model: record.servedModel ?? record.model,
    basis,
    items: Object.freeze(record.items.map(explainItem)),
    costUsd: formatUsd(record.costNanoUsd),
    ...(priceSource !== undefined && { priceSource }),
    ...(priceAsOf !== undefined && { priceAsOf }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
  // Not enumerable, so that the parts compare, spread and print as plain data.
  const explanation = Object.defineProperty(facts, 'toString', { value: () => toTable(facts) });
  return Object.freeze(explanation as CostExplanation);
}

/** What is not counted in tokens. */
const UNITS: Readonly<Partial<Record<ExplainedItem['kind'], ExplainedItem['unit']>>> = {
  web_search: 'search',
  file_search: 'search',
  code_session: 'session',
  image: 'image',
  audio_duration: 'second',
  request: 'call',
  reported: 'call',
  presumed: 'call',
};

function explainItem(item: SpendRecord['items'][number]): ExplainedItem {
  const { kind, quantity, ratePicoUsd, costPicoUsd } = item;
  const unit = UNITS[kind] ?? 'token';
  // A rate may be a fraction of a pico-dollar too small for a number once it is multiplied; a BigInt holds it.
  const scale = unit === 'token' ? 1_000_000n : 1n;
  return Object.freeze({
    kind,
    quantity,
    unit,
    ...(ratePicoUsd !== undefined && { rateUsd: formatPicoUsd(BigInt(ratePicoUsd) * scale) }),
    costUsd: formatPicoUsd(costPicoUsd),
  });
}

const BASIS_TEXT: Readonly<Record<CostBasis, string>> = {
  reported: 'the provider reported this cost',
  priced: 'usage the provider told, at list prices',
  estimated: 'usage was counted here, because the provider told none',
  presumed: 'the outcome is unknown, so what was held is charged',
  unpriced: 'the model has no price, so the call counts as $0; prices.register gives it one',
};

function toTable(facts: Omit<CostExplanation, 'toString'>): string {
  const { items, basis, costUsd, priceSource, priceAsOf, serviceTier } = facts;
  const rows = items.map(({ kind, quantity, unit, rateUsd, costUsd: itemUsd }) => [
    kind,
    quantity.toLocaleString('en-US'),
    rateUsd === undefined ? '' : `$${rateUsd} ${unit === 'token' ? '/ 1M' : 'each'}`,
    `$${itemUsd}`,
  ]);
  const lines = alignCells([['item', 'quantity', 'rate', 'cost'], ...rows, ['total', '', '', `$${costUsd}`]], 1);
  const rule = '─'.repeat(Math.max(...lines.map(displayWidth)));
  const source = priceSource && `prices: ${priceSource}${priceAsOf === undefined ? '' : `, as of ${priceAsOf}`}`;
  const notes = [BASIS_TEXT[basis], source, serviceTier && `service tier: ${serviceTier}`].filter(Boolean);
  return [
    printable(`${facts.model} (${facts.provider})`),
    lines[0],
    rule,
    ...lines.slice(1, -1),
    ...(rows.length > 0 ? [rule] : []),
    lines.at(-1),
    printable(notes.join('; ')),
  ].join('\n');
}
