import { createRequire } from 'node:module';
import { ConfigError } from './errors.js';

/** What may be bound to a parameter. A native driver ends the process over anything else, a boolean included. */
export type SqlValue = string | number | null;
/** One row by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement, prepared once. */
export interface SqlStatement {
  run(values: readonly SqlValue[]): void;
  all(values: readonly SqlValue[]): SqlRow[];
}

/** An open SQLite file. Every method throws the driver's error when SQLite says no. */
export interface SqlConnection {
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  close(): void;
}

/** Loads a module by name, or throws as `require` does. */
export type ModuleLoader = (name: string) => unknown;

interface DriverStatement {
  run(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

interface DriverDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): DriverStatement;
  close(): unknown;
}

type DatabaseClass = new (path: string) => DriverDatabase;

/**
 * Opens the SQLite file at an absolute `path`, with the `node:sqlite` of this Node or else the package `libsql`.
 * The file is made when it is missing.
 *
 * @throws ConfigError when this Node has no SQLite and `libsql` cannot be loaded.
 */
export function openSqlite(path: string, loadModule: ModuleLoader = createRequire(import.meta.url)): SqlConnection {
  const Database = loadDriver(loadModule);
  const database = new Database(path);
  return {
    exec: (sql) => void database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (values) => void statement.run(...values),
        all: (values) => statement.all(...values) as SqlRow[],
      };
    },
    close: () => void database.close(),
  };
}

/** Whether SQLite refused because another connection is writing; the same statement may work a moment later. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  // The low byte of SQLite's result code is its kind; 5 is SQLITE_BUSY.
  return (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) || (Number(errcode) & 0xff) === 5;
}

/** Whether the file is something other than a SQLite database. */
export function isNotSqlite(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  return code === 'SQLITE_NOTADB' || Number(errcode) === 26;
}

function loadDriver(loadModule: ModuleLoader): DatabaseClass {
  try {
    return (loadModule('node:sqlite') as { readonly DatabaseSync: DatabaseClass }).DatabaseSync;
  } catch {
    // Node before 22.13 has none, or hides it behind a flag.
  }
  try {
    return loadModule('libsql') as DatabaseClass;
  } catch (error) {
    throw new ConfigError({
      option: 'SQLite driver',
      value: error instanceof Error ? error.message.split('\n')[0] : error,
      remedy: 'run `npm install libsql`, or use Node 22.13 or newer, which has SQLite built in',
    });
  }
}
