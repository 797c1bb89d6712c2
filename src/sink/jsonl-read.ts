import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '../errors.js';
import { filePath } from './file-path.js';
import { closeAll, linesOf, openNewestFirst } from './jsonl-files.js';
import { recordFromJson } from './record-json.js';
import type { SpendRecord } from './sink.js';
import type { TimeRange } from './source.js';

/**
 * Reads the records of a JSON Lines file and of those it was moved to (`file.1`, `file.2`, …), oldest first, each id
 * once with its latest word. A line that a crash cut short is skipped. The records in `range` are held in memory.
 *
 * @param file A path or a `file:` URL.
 * @throws ConfigError when the file is missing, when a line is no record, and when a newer version wrote it.
 *
 * @example
 * const report = await reportFrom({ readRecords: (range) => readJsonlRecords('./spend.jsonl', range) });
 */
export async function* readJsonlRecords(
  file: string,
  range: TimeRange = {},
): AsyncGenerator<SpendRecord, void, undefined> {
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = range;
  const handles = await openNewestFirst(filePath(file));
  if (handles.length === 0) {
    throw new ConfigError({ option: 'file', value: file, remedy: 'there is no such file; give the path of one' });
  }
  const byId = new Map<string, SpendRecord>();
  try {
    for (const handle of handles.toReversed()) {
      for await (const line of linesOf(handle)) {
        const record = readLine(line, file);
        if (record === undefined) continue;
        // The latest word may lie outside of the range, and then the earlier one does not count either.
        if (record.timeMs >= sinceMs && record.timeMs < untilMs) byId.set(record.id, record);
        else byId.delete(record.id);
      }
    }
  } finally {
    await closeAll(handles);
  }
  yield* [...byId.values()].sort((left, right) => left.timeMs - right.timeMs);
}

/** Whether `file` is named or begins like JSON Lines. */
export function looksLikeJsonl(file: string): boolean {
  if (/\.(jsonl|ndjson)(\.\d+)?$/i.test(file)) return true;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(filePath(file), 'r');
    const first = Buffer.alloc(1);
    return readSync(descriptor, first, 0, 1, 0) === 1 && first.toString() === '{';
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The record of a line; `undefined` for an empty line, and for one that a crash cut short. */
function readLine(line: string, file: string): SpendRecord | undefined {
  // A file system that lost power may leave zeros where the end of a file was about to be.
  const text = line.replaceAll('\0', '').trim();
  if (text === '') return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    if (text.startsWith('{')) return undefined;
    throw damaged(file, text, 'the line itself');
  }
  try {
    return recordFromJson(json);
  } catch (error) {
    throw damaged(file, text, (error as Error).message);
  }
}

function damaged(file: string, line: string, field: string): ConfigError {
  return new ConfigError({
    option: `record in ${file}, ${field}`,
    value: line,
    remedy:
      field === 'schemaVersion'
        ? 'a newer version of tokenguard wrote it; update to read it'
        : 'restore the file, or delete this line',
  });
}
