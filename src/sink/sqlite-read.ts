import { existsSync } from 'node:fs';
import { ConfigError } from '../errors.js';
import { isNotSqlite, openSqlite, type SqlConnection, type SqlRow, type SqlValue } from '../sqlite-driver.js';
import { filePath } from './file-path.js';
import type { SpendRecord } from './sink.js';
import type { TimeRange } from './source.js';
import { rowToRecord } from './sqlite-row.js';
import { schemaVersion } from './sqlite-schema.js';

const PAGE_ROWS = 1000;
const BUSY_TIMEOUT_MS = 5000;

/**
 * Reads the records of a SQLite file, oldest first, as they are when the reading starts, also while other processes
 * write to it. Reads only. The file stays open until the iteration ends or is left.
 *
 * @param file A path or a `file:` URL.
 * @throws ConfigError when the file is missing, is not SQLite, holds no spend records, is damaged, or was written by a
 * newer version; when no SQLite driver is there.
 *
 * @example
 * const report = createReport(readSqliteRecords('./spend.db'), { groupBy: ['feature'] });
 */
export function* readSqliteRecords(file: string, range: TimeRange = {}): Generator<SpendRecord, void, undefined> {
  const path = filePath(file);
  if (!existsSync(path)) {
    throw new ConfigError({ option: 'file', value: file, remedy: 'there is no such file; give the path of one' });
  }
  const connection = openSqlite(path);
  try {
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    connection.exec('PRAGMA query_only = 1');
    // One read transaction for all pages: what is written meanwhile neither shifts nor repeats a row.
    connection.exec('BEGIN');
    if (!holdsRecords(connection, file)) return;
    yield* readPages(connection, range);
  } catch (error) {
    if (!isNotSqlite(error)) throw error;
    throw new ConfigError({
      option: 'file',
      value: file,
      remedy: 'it is not a SQLite file; give one that a sink wrote',
    });
  } finally {
    connection.close();
  }
}

/** Whether the file has our table; an empty one, which a sink has just made, has none yet. */
function holdsRecords(connection: SqlConnection, file: string): boolean {
  schemaVersion(connection, file);
  const tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all([]);
  if (tables.some(({ name }) => name === 'spend_records')) return true;
  if (tables.length === 0) return false;
  throw new ConfigError({
    option: 'file',
    value: file,
    remedy: 'it is a SQLite file without the table spend_records; give one that a sink wrote',
  });
}

function* readPages(connection: SqlConnection, range: TimeRange): Generator<SpendRecord, void, undefined> {
  const until: SqlValue[] = range.untilMs === undefined ? [] : [range.untilMs];
  const page = connection.prepare(
    `SELECT * FROM spend_records WHERE (time_ms, id) > (?, ?)${until.length > 0 ? ' AND time_ms < ?' : ''} ORDER BY time_ms, id LIMIT ${PAGE_ROWS}`,
  );
  // No id is empty, so a pair with the empty text stands before all records of its millisecond.
  let after: SqlValue[] = [range.sinceMs ?? Number.MIN_SAFE_INTEGER, ''];
  for (;;) {
    const rows: SqlRow[] = page.all([...after, ...until]);
    for (const row of rows) yield rowToRecord(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = [last.time_ms as number, last.id as string];
  }
}
