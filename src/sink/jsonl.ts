import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { filePath } from './file-path.js';
import { rotatedPath } from './jsonl-files.js';
import { readJsonlRecords } from './jsonl-read.js';
import { checkedCount, refuseUnknownOptions } from './options.js';
import { recordToJson } from './record-json.js';
import type { Sink, SpendRecord } from './sink.js';
import type { RecordSource, TimeRange } from './source.js';

/** Where a JSON Lines sink writes, and how much it keeps. */
export interface JsonlSinkOptions {
  /** A path or a `file:` URL. A new file can be read by its owner only. */
  readonly file: string;
  /**
   * The size in bytes at which the file is moved to `file.1`, `file.1` to `file.2` and so on. A single longer record is
   * still kept whole. Unless given, the file grows without end.
   */
  readonly maxBytes?: number;
  /** How many moved files are kept; the oldest beyond them is deleted. 10 unless given; needs `maxBytes`. */
  readonly maxFiles?: number;
  /** The sink's identity; `jsonl` and the path unless given. */
  readonly name?: string;
}

/** A sink that keeps records as lines of JSON, and reads them back. */
export interface JsonlSink extends Sink, RecordSource {
  /** The absolute path. */
  readonly file: string;
  /** Resolves when all that was given to `write` is in the file. */
  flush(): Promise<void>;
  readRecords(range?: TimeRange): AsyncIterable<SpendRecord>;
}

interface Rotation {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const MAX_BYTES = 2 ** 40;
const MAX_FILES = 1000;
const LINE_FEED = 10;

/**
 * Keeps records in a text file, one JSON object a line, appended; money as integers of nano-dollars, amounts too large
 * for a JSON number as decimal strings. Reads back what it and earlier processes wrote, moved files included.
 *
 * One process at a time may write to a file: give each its own, or use `sqliteSink`, which many can share.
 *
 * @throws ConfigError for an option that is unknown or cannot be used.
 *
 * @example
 * configure({ sinks: [jsonlSink({ file: './spend.jsonl', maxBytes: 100_000_000, maxFiles: 20 })] });
 */
export function jsonlSink(options: JsonlSinkOptions): JsonlSink {
  refuseUnknownOptions('jsonlSink', options, ['file', 'maxBytes', 'maxFiles', 'name']);
  const file = filePath(options.file);
  const rotation: Rotation = {
    maxBytes: options.maxBytes === undefined ? MAX_BYTES : checkedCount('maxBytes', options.maxBytes, 1, MAX_BYTES),
    maxFiles: checkedCount('maxFiles', options.maxFiles ?? 10, 0, MAX_FILES),
  };
  // Writes take turns, because each may move the file away from under the next.
  let lastWrite: Promise<void> = Promise.resolve();

  return {
    name: options.name ?? `jsonl ${file}`,
    file,
    write(records) {
      const write = lastWrite.then(() => appendAll(file, records, rotation));
      lastWrite = write.catch(() => {});
      return write;
    },
    flush: () => lastWrite,
    readRecords: (range = {}) => readJsonlRecords(file, range),
  };
}

async function appendAll(file: string, records: readonly SpendRecord[], rotation: Rotation): Promise<void> {
  const lines = records.map((record) => `${recordToJson(record)}\n`);
  let next = 0;
  while (next < lines.length) {
    const end = await appendSome(file, lines, next, rotation.maxBytes);
    if (end < lines.length) await rotate(file, rotation.maxFiles);
    next = end;
  }
}

/** Appends lines from `start` on while they fit, and returns the first that does not. An empty file takes at least one. */
async function appendSome(file: string, lines: readonly string[], start: number, maxBytes: number): Promise<number> {
  // Opened for each batch: whoever moves or deletes the file meanwhile gets a new one rather than writes into nothing.
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    // A line that a crash cut short is ended here, so that it does not swallow the next.
    const head = (await endsInsideLine(handle, size)) ? '\n' : '';
    let bytes = size + head.length;
    let end = start;
    for (const line of lines.slice(start)) {
      const length = Buffer.byteLength(line);
      if (bytes + length > maxBytes && bytes > 0) break;
      bytes += length;
      end += 1;
    }
    if (end > start) await handle.appendFile(head + lines.slice(start, end).join(''));
    return end;
  } finally {
    await handle.close();
  }
}

async function endsInsideLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_FEED;
}

/** Moves every file one number up; the one that would be beyond `maxFiles` goes. */
async function rotate(file: string, maxFiles: number): Promise<void> {
  await rm(rotatedPath(file, maxFiles), { force: true });
  for (let number = maxFiles; number > 0; number -= 1) {
    try {
      await rename(rotatedPath(file, number - 1), rotatedPath(file, number));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
