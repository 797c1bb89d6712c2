import { closeSync, openSync } from 'node:fs';
import { type Clock, systemClock } from '../clock.js';
import { isBusy, openSqlite, type SqlConnection, type SqlStatement } from '../sqlite-driver.js';
import { filePath } from './file-path.js';
import type { Sink, SpendRecord } from './sink.js';
import type { RecordSource, TimeRange } from './source.js';
import { readSqliteRecords } from './sqlite-read.js';
import { COLUMNS, recordToValues } from './sqlite-row.js';
import { migrate, rollBack } from './sqlite-schema.js';

/** Where a SQLite sink writes. */
export interface SqliteSinkOptions {
  /** A path or a `file:` URL. A new file can be read by its owner only. */
  readonly file: string;
  /** The sink's identity; `sqlite` and the path unless given. */
  readonly name?: string;
  /** How long a write may wait for another process that writes, in milliseconds; 5000 unless given. */
  readonly busyTimeoutMs?: number;
  readonly clock?: Clock;
}

/** A sink that keeps records in a SQLite file, and reads them back. */
export interface SqliteSink extends Sink, RecordSource {
  /** The absolute path. */
  readonly file: string;
  /** Opens the file now rather than at the first write, so that what is wrong with it shows at start. */
  open(): void;
  readRecords(range?: TimeRange): Iterable<SpendRecord>;
}

interface OpenFile {
  readonly connection: SqlConnection;
  readonly insert: SqlStatement;
}

// SQLite waits on the event loop's own thread, so each wait inside it is short; the rest is waited for outside.
const BLOCKING_WAIT_MS = 5;
const RETRY_DELAY_MS = 25;

/**
 * Keeps records in a SQLite file: write-ahead log, one transaction for each batch, one row for each record in the table
 * `spend_records`. Other processes may write to the same file and report from it meanwhile. The file is opened at the
 * first write; a file of an older version is brought up to date.
 *
 * @throws ConfigError for a `file` that is no path; when it opens, for a file that a newer version wrote, and when
 * neither `node:sqlite` nor the package `libsql` is there.
 *
 * @example
 * configure({ sinks: [sqliteSink({ file: './spend.db' })] });
 */
export function sqliteSink(options: SqliteSinkOptions): SqliteSink {
  const file = filePath(options.file);
  const { clock = systemClock, busyTimeoutMs = 5000 } = options;
  let opened: OpenFile | undefined;

  function open(): OpenFile {
    opened ??= openForWriting(file);
    return opened;
  }

  return {
    name: options.name ?? `sqlite ${file}`,
    file,
    open: () => void open(),
    async write(records) {
      const deadlineMs = clock.monotonicMs() + busyTimeoutMs;
      for (;;) {
        try {
          insertAll(open(), records);
          return;
        } catch (error) {
          if (!isBusy(error) || clock.monotonicMs() >= deadlineMs) throw error;
        }
        await new Promise<void>((wake) => {
          clock.schedule(wake, RETRY_DELAY_MS);
        });
      }
    },
    async shutdown() {
      const closing = opened;
      opened = undefined;
      if (closing !== undefined) closeFile(closing);
    },
    readRecords: (range = {}) => readSqliteRecords(file, range),
  };
}

function openForWriting(file: string): OpenFile {
  createPrivately(file);
  const connection = openSqlite(file);
  try {
    connection.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`);
    connection.exec('PRAGMA journal_mode = WAL');
    connection.exec('PRAGMA synchronous = NORMAL');
    migrate(connection, file);
    const names = COLUMNS.map(({ name }) => name);
    const insert = connection.prepare(
      `INSERT OR REPLACE INTO spend_records (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    );
    return { connection, insert };
  } catch (error) {
    connection.close();
    throw error;
  }
}

// SQLite gives its log files the mode of the database, so the first to make the database decides for all three.
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function insertAll({ connection, insert }: OpenFile, records: readonly SpendRecord[]): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    for (const record of records) insert.run(recordToValues(record));
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

function closeFile({ connection }: OpenFile): void {
  try {
    connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
  } catch {
    // Another process still reads; it, or the next to open the file, moves the log over.
  }
  connection.close();
}
