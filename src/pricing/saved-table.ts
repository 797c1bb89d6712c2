import { createHash } from 'node:crypto';
import type { Catalog } from './catalog.js';
import { checkCount, checkObject, checkText, type Place, parseSafely, refuse } from './check-figures.js';
import { checkRow } from './check-row.js';
import { checkTable } from './check-table.js';
import { writeRows } from './price-row.js';
import { isDay, lastPossibleDay, type PriceTable } from './price-table.js';

const FORMAT = 'tokenguard-prices';
const VERSION = 1;
const MAX_ROWS = 50_000;

/**
 * A table as the text of a file: a header line with format, version, source, day, number of rows and a digest of the
 * rest; then one row a line, as JSON, with rates and fees in pico-dollars.
 */
export function writeTable({ source, asOf, rows }: PriceTable): string {
  const models = rows.split('\n').length - 1;
  const header = { format: FORMAT, version: VERSION, source, asOf, models, digest: digestOf(rows) };
  return `${JSON.stringify(header)}\n${rows}`;
}

/**
 * Reads what `writeTable` wrote, all of it, and compares it with the table in force.
 *
 * @throws ConfigError naming the line and the figure that cannot be true, or what else is wrong.
 */
export function readTable(text: string, inForce: Catalog, table: Place, nowMs: number): PriceTable {
  const [first = '', ...lines] = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  const lastDay = lastPossibleDay(nowMs);
  const header = readHeader(first, `${table}: line 1`, lastDay);
  if (lines.length > MAX_ROWS) return refuse(table, lines.length, `it may have ${MAX_ROWS} models at most`);
  const placeOf = (index: number): Place => `${table}: line ${index + 2}`;
  const rows = lines.map((line, index) => checkRow(parseSafely(line, placeOf(index)), placeOf(index), lastDay));
  checkTable(rows, inForce, table, placeOf);
  if (lines.length !== header.models) {
    return refuse(`${table}: number of lines`, lines.length, `its header says ${header.models}; save it again`);
  }
  if (header.digest !== digestOf(lines.map((line) => `${line}\n`).join(''))) {
    return refuse(`${table}: digest`, header.digest, 'it was changed after it was saved; save it again');
  }
  return { source: header.source, asOf: header.asOf, rows: writeRows(rows) };
}

interface Header extends Omit<PriceTable, 'rows'> {
  readonly models: number;
  readonly digest: unknown;
}

function readHeader(line: string, place: Place, lastDay: string): Header {
  const { format, version, source, asOf, models, digest } = checkObject(parseSafely(line, place), place);
  if (format !== FORMAT) return refuse(`${place}: format`, format, `it has to be '${FORMAT}'`);
  if (version !== VERSION) return refuse(`${place}: version`, version, `this version reads version ${VERSION}`);
  // A day still to come would keep old prices from being called old.
  if (!isDay(asOf) || asOf > lastDay) {
    return refuse(`${place}: asOf`, asOf, 'it has to be a day that has come, YYYY-MM-DD');
  }
  return {
    source: checkText(source, `${place}: source`),
    asOf,
    models: checkCount(models, `${place}: models`),
    digest,
  };
}

function digestOf(rows: string): string {
  return `sha256-${createHash('sha256').update(rows).digest('hex')}`;
}
