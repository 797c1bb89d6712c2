import { formatUsd } from '../money.js';
import type { ReportRow, ReportTotal } from './aggregate.js';
import { displayWidth, printable, truncate } from './width.js';

const MAX_CELL_WIDTH = 60;
const GAP = '  ';
// A formatter made once: making one takes far longer than using it.
const GROUPED = new Intl.NumberFormat('en-US');

interface Column {
  readonly title: string;
  readonly isRight: boolean;
  cell(row: ReportTotal): string;
}

/** What a table shows. */
export interface TableContent {
  /** The group keys, in the order of their columns. */
  readonly keys: readonly string[];
  readonly rows: readonly ReportRow[];
  readonly total: ReportTotal;
  /** How many records may be missing. */
  readonly dropped: number;
}

/**
 * Lays rows out as text: a header, a line for each row and a line of totals, columns aligned also where characters
 * are two columns wide. Ends with a line break.
 */
export function formatTable(content: TableContent): string {
  const { keys, rows, total, dropped } = content;
  const columns = figureColumns(rows, total);
  const groups = keys.length > 0 ? keys : ['all calls'];
  const header = [...groups.map(cellText), ...columns.map((column) => column.title)];
  const body = rows.map((row) => [
    ...(keys.length > 0 ? keys.map((key) => groupText(row.tags[key])) : ['']),
    ...columns.map((column) => column.cell(row)),
  ]);
  const footer = [
    ...groups.map((_key, index) => (index === 0 ? 'total' : '')),
    ...columns.map((column) => column.cell(total)),
  ];
  const shown = keys.length > 0 ? body : [];
  const lines = alignCells([header, ...shown, footer], groups.length);
  const rule = '─'.repeat(largest(lines, displayWidth));
  const table = [lines[0], rule, ...lines.slice(1, -1), ...(shown.length > 0 ? [rule] : []), lines.at(-1)];
  const note = dropped > 0 ? [`${dropped} older records were dropped and may be missing here.`] : [];
  return `${[...table, ...note].join('\n')}\n`;
}

function figureColumns(rows: readonly ReportRow[], total: ReportTotal): Column[] {
  const decimals = costDecimals(rows.length > 0 ? rows : [total]);
  const always: Column[] = [
    { title: 'calls', isRight: true, cell: (row) => countText(row.calls) },
    { title: 'input', isRight: true, cell: (row) => countText(row.inputTokens) },
    { title: 'output', isRight: true, cell: (row) => countText(row.outputTokens) },
  ];
  const whereSome = (['unpricedCalls', 'presumedCalls', 'estimatedCalls'] as const)
    .filter((field) => total[field] > 0)
    .map((field) => ({
      title: field.slice(0, -'Calls'.length),
      isRight: true,
      cell: (row: ReportTotal) => countText(row[field]),
    }));
  return [...always, ...whereSome, { title: 'cost', isRight: true, cell: (row) => costText(row.costUsd, decimals) }];
}

/** Pads cells so that columns align; the first `leftColumns` to the left, the others to the right. */
export function alignCells(cells: readonly (readonly string[])[], leftColumns: number): string[] {
  const widths = (cells[0] ?? []).map((_cell, index) => largest(cells, (row) => displayWidth(row[index] ?? '')));
  return cells.map((row) =>
    row
      .map((cell, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - displayWidth(cell));
        return index < leftColumns ? cell + padding : padding + cell;
      })
      .join(GAP)
      .trimEnd(),
  );
}

function groupText(value: string | null | undefined): string {
  return value === null || value === undefined ? '–' : cellText(value);
}

function cellText(text: string): string {
  return truncate(printable(text.slice(0, MAX_CELL_WIDTH * 16)), MAX_CELL_WIDTH);
}

function countText(count: number): string {
  return GROUPED.format(count);
}

const MIN_DECIMALS = 2;
const MAX_DECIMALS = 6;
const NANO_DECIMALS = 9;

/** Enough decimals for two digits of the smallest cost, between cents and micro-dollars, the same in every row. */
function costDecimals(rows: readonly ReportTotal[]): number {
  const needed = largest(rows, ({ costUsd }) => {
    const leadingZeros = /^0\.(0*)[1-9]/.exec(costUsd)?.[1]?.length;
    return leadingZeros === undefined ? MIN_DECIMALS : leadingZeros + 2;
  });
  return Math.min(MAX_DECIMALS, needed);
}

// Spreading a long array into Math.max overflows the stack.
function largest<T>(values: readonly T[], measure: (value: T) => number): number {
  return values.reduce((most, value) => Math.max(most, measure(value)), 0);
}

/** Rounds an exact decimal half up without leaving integers. */
function costText(costUsd: string, decimals: number): string {
  const [whole = '0', fraction = ''] = costUsd.split('.');
  const unit = 10n ** BigInt(NANO_DECIMALS - decimals);
  const nano = BigInt(whole + fraction.padEnd(NANO_DECIMALS, '0'));
  const rounded = ((nano + unit / 2n) / unit) * unit;
  if (rounded === 0n && nano > 0n) return `<$${formatUsd(unit)}`;
  const [dollars = '0', shownFraction = ''] = formatUsd(rounded).split('.');
  return `$${GROUPED.format(BigInt(dollars))}.${shownFraction.padEnd(decimals, '0')}`;
}

const CSV_FIGURES = [
  'calls',
  'costUsd',
  'tokens',
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'cachedInputTokens',
  'unpricedCalls',
  'presumedCalls',
  'estimatedCalls',
] as const satisfies readonly (keyof ReportTotal)[];

/**
 * Writes rows as RFC 4180 CSV: a header, then a line for each row, lines ended by CRLF. Costs are exact decimals.
 * A missing tag is an empty field, an empty one is `""`.
 */
export function formatCsv(content: { readonly keys: readonly string[]; readonly rows: readonly ReportRow[] }): string {
  const { keys, rows } = content;
  const header = [...keys.map(csvText), ...CSV_FIGURES];
  const lines = rows.map((row) => [
    ...keys.map((key) => csvText(row.tags[key] ?? null)),
    ...CSV_FIGURES.map((field) => String(row[field])),
  ]);
  return [header, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function csvText(text: string | null): string {
  if (text === null) return '';
  // A spreadsheet runs text that starts like a formula; after an apostrophe it is text.
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
  return harmless === '' || /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
