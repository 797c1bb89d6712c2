import { closeSync, openSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.js';
import { openSqlite, type SqlConnection, type SqlRow, type SqlStatement, type SqlValue } from '../sqlite-driver.js';
import { migrateLedger } from './sqlite-schema.js';

/** Whether what was granted survives a loss of power (`full`), or only the end of the process (`normal`). */
export type Durability = 'full' | 'normal';

// SQLite waits on the event loop's own thread, so each wait inside it is short; the rest is waited for outside.
const BLOCKING_WAIT_MS = 5;

/** @throws ConfigError where it names no file on disk. */
export function ledgerPath(path: string): string {
  if (typeof path !== 'string' || path === '' || path === ':memory:' || path.includes('\0')) {
    throw new ConfigError({ option: 'path', value: path, remedy: 'give the path of a file on disk' });
  }
  if (/^file:\/\//i.test(path)) return fileURLToPath(path);
  return resolve(path.replace(/^file:/i, ''));
}

/** The ledger's file while it is open, and its statements, each prepared once. */
export class LedgerFile {
  readonly connection: SqlConnection;
  readonly #path: string;
  readonly #opened: Stats;
  readonly #statements = new Map<string, SqlStatement>();

  /** @throws whatever SQLite says, and ConfigError for a file that is no ledger, or where no driver can be loaded. */
  constructor(path: string, durability: Durability) {
    createPrivately(path);
    this.#path = path;
    this.#opened = statSync(path);
    this.connection = openSqlite(path);
    try {
      this.connection.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`);
      migrateLedger(this.connection, path);
      this.connection.exec('PRAGMA journal_mode = WAL');
      this.connection.exec(`PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
    } catch (error) {
      this.connection.close();
      throw error;
    }
  }

  all(sql: string, values: readonly SqlValue[] = []): SqlRow[] {
    return this.#prepare(sql).all(values);
  }

  run(sql: string, values: readonly SqlValue[]): void {
    this.#prepare(sql).run(values);
  }

  /** The mode of the file; `undefined` where the path leads to another file than the one that is open, or to none. */
  mode(): number | undefined {
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    if (stats === undefined || stats.ino !== this.#opened.ino || stats.dev !== this.#opened.dev) return undefined;
    return stats.mode & 0o777;
  }

  close(): void {
    this.#statements.clear();
    this.connection.close();
  }

  #prepare(sql: string): SqlStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

// SQLite gives its log files the mode of the database, so the first to make the database decides for all three.
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
