import type { Clock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { overlayOf } from './bundled-overlay.js';
import { type Catalog, openCatalog } from './catalog.js';
import { checkObject, type Place, parseSafely, refuse } from './check-figures.js';
import { checkRow } from './check-row.js';
import { checkTable, isGivenAway } from './check-table.js';
import { type FetchedText, type FetchLike, fetchText } from './fetch-text.js';
import { checkGenaiData } from './genai-data.js';
import { convertGenaiPrices } from './genai-prices.js';
import { writeRows } from './price-row.js';
import { dayOf, lastPossibleDay, type PriceTable } from './price-table.js';
import { readTable } from './saved-table.js';

/** Where genai-prices publishes its newest data, as its own package names it. */
export const DEFAULT_PRICES_URL =
  'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json';

const DEFAULT_DEADLINE_MS = 10_000;
const MAX_DEADLINE_MS = 600_000;

/** How `prices.refresh` fetches a newer price table. */
export interface RefreshOptions {
  /** Data of genai-prices, or a file that `prices.save` wrote. Default: what genai-prices publishes. */
  readonly url?: string | URL;
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike;
  readonly signal?: AbortSignal;
  /** The most it may take, in milliseconds, from 1 to 600 000. Default 10 000. */
  readonly deadlineMs?: number;
  /** Throw where no newer table could be had, instead of telling so. Default `false`. */
  readonly strict?: boolean;
}

/** What came of `prices.refresh`. */
export interface RefreshOutcome {
  /** Whether the table in force is now the fetched one. */
  readonly refreshed: boolean;
  /** The day of the table in force, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** The number of rows in the table in force. */
  readonly models: number;
  /** Why the table stayed; absent where it did not. */
  readonly reason?: string;
}

const OPTIONS: readonly string[] = ['url', 'fetch', 'signal', 'deadlineMs', 'strict'];

/** The place a price table is in force at. */
export interface TableHolder {
  inForce(): Catalog;
  put(table: PriceTable): void;
}

/**
 * Fetches a price table, checks all of it against the table in force, and puts it in its place.
 *
 * @throws ConfigError saying why there is none: an option, the network, or the figure that cannot be true.
 */
export async function refreshTable(options: RefreshOptions, holder: TableHolder, clock: Clock): Promise<void> {
  const { url, fetch, signal, deadlineMs } = readOptions(options);
  const place = `price table at ${url.origin}${url.pathname}`;
  try {
    const fetched = await fetchText(url.href, place, { fetch, clock, deadlineMs, signal });
    // From here on nothing waits: of two refreshes at once, the older table never replaces the newer one.
    holder.put(readFetched(fetched, url, holder.inForce(), place, clock.nowMs()));
  } catch (error) {
    if (ConfigError.isInstance(error)) throw error;
    refuse(place, error instanceof Error ? error.name : 'error', 'it cannot be read; the prices in force stay');
  }
}

function readFetched(fetched: FetchedText, url: URL, inForce: Catalog, place: Place, nowMs: number): PriceTable {
  const table = fetched.text.trimStart().startsWith('[')
    ? readGenaiTable(fetched, url, inForce, place, nowMs)
    : readTable(fetched.text, inForce, place, nowMs);
  if (table.asOf < inForce.asOf) {
    return refuse(`${place}: asOf`, table.asOf, `the table in force is newer, of ${inForce.asOf}`);
  }
  return table;
}

function readGenaiTable(fetched: FetchedText, url: URL, inForce: Catalog, place: Place, nowMs: number): PriceTable {
  const source = `genai-prices, from ${url.host}`;
  const overlay = overlayOf(openCatalog());
  const data = checkGenaiData(parseSafely(fetched.text, place), place);
  const converted = convertGenaiPrices(data, { day: dayOf(nowMs), source, overlay });
  // Nobody calls these free: a price is missing. Where one is known, that is a reason to doubt the rest.
  const rows = converted.filter((row) => !isGivenAway(row) || row.names.some((name) => inForce.at(row.provider, name)));
  for (const row of rows) checkRow(row, place, lastPossibleDay(nowMs));
  checkTable(rows, inForce, place);
  return { source, asOf: dayWritten(fetched, nowMs), rows: writeRows(rows) };
}

/** The day its server says it was written or else sent; today at the latest, and where the server says nothing. */
function dayWritten({ lastModified, date }: FetchedText, nowMs: number): string {
  const ms = Date.parse(lastModified ?? date ?? '');
  return dayOf(Number.isNaN(ms) ? nowMs : Math.min(ms, nowMs));
}

function readOptions(options: RefreshOptions) {
  for (const key of Object.keys(checkObject(options, 'options of prices.refresh'))) {
    if (!OPTIONS.includes(key)) refuse(`option of prices.refresh: ${key}`, key, `use one of: ${OPTIONS.join(', ')}`);
  }
  const { url = DEFAULT_PRICES_URL, fetch = globalThis.fetch, signal, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  if (typeof fetch !== 'function') return refuse('option of prices.refresh: fetch', fetch, 'give a function');
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    return refuse('option of prices.refresh: signal', signal, 'give an AbortSignal');
  }
  if (typeof deadlineMs !== 'number' || !(deadlineMs >= 1 && deadlineMs <= MAX_DEADLINE_MS)) {
    const remedy = `give milliseconds from 1 to ${MAX_DEADLINE_MS}`;
    return refuse('option of prices.refresh: deadlineMs', deadlineMs, remedy);
  }
  return { url: readURL(url), fetch, signal, deadlineMs };
}

function readURL(url: unknown): URL {
  const option = 'option of prices.refresh: url';
  const remedy = 'give an http: or https: address without a user name or password';
  // What is wrong with an address may be a secret in it.
  if (!URL.canParse(String(url))) return refuse(option, 'no address', remedy);
  const read = new URL(String(url));
  if (!/^https?:$/.test(read.protocol) || read.username !== '' || read.password !== '') {
    return refuse(option, `${read.protocol}//${read.host}`, remedy);
  }
  return read;
}
