import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.js';

/** What was accepted for one name. */
export interface BaselineEntry {
  /** US dollars as an exact decimal. */
  readonly costUsd: string;
  readonly calls: number;
}

/**
 * Reads a baseline file; a file that is not there has no entries.
 *
 * @throws ConfigError for a file that is no baseline.
 */
export function readBaseline(file: string): Map<string, BaselineEntry> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const entries = Object.entries(parseObject(text, file));
  for (const [name, entry] of entries) {
    if (!isEntry(entry)) throw damaged(file, `the entry '${name}'`);
  }
  return new Map(entries as [string, BaselineEntry][]);
}

/** Writes a baseline file, sorted by name, so that it changes only where a cost does. */
export function writeBaseline(file: string, entries: ReadonlyMap<string, BaselineEntry>): void {
  // By code unit and not by locale: the order must be the same on every machine.
  const sorted = [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
  const text = `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`;
  mkdirSync(dirname(file), { recursive: true });
  // Moved into place, so that nobody reads half a file. The process id keeps two writers apart.
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

function parseObject(text: string, file: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(file, 'the file');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw damaged(file, 'the file');
  return json;
}

function isEntry(entry: unknown): entry is BaselineEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { costUsd, calls } = entry as Partial<BaselineEntry>;
  return typeof costUsd === 'string' && /^\d+(\.\d{1,9})?$/.test(costUsd) && Number.isSafeInteger(calls);
}

function damaged(file: string, what: string): ConfigError {
  const remedy = `${what} is not as costBaseline writes it; restore it, or delete the file and run with UPDATE_COST_BASELINE=1`;
  return new ConfigError({ option: 'cost baseline', value: file, remedy });
}
