import { ConfigError } from '../errors.js';
import type { SqlConnection } from '../sqlite-driver.js';

const AMOUNT = 'INTEGER NOT NULL DEFAULT 0';
const MAX = Number.MAX_SAFE_INTEGER;

// Written once and never edited, so that a file of any age takes the same way. Each entry brings a file from the version
// of its index to the next; the number of entries is the newest version.
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE ledger_meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO ledger_meta VALUES ('now_ms', 0);
   CREATE TABLE ledger_accounts (
     name TEXT PRIMARY KEY NOT NULL,
     held ${AMOUNT} CHECK (held BETWEEN 0 AND ${MAX}),
     cap INTEGER CHECK (cap BETWEEN 0 AND ${MAX}),
     forget_ms INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX ledger_accounts_by_forget ON ledger_accounts (forget_ms);
   CREATE TABLE ledger_windows (
     account TEXT NOT NULL,
     id TEXT NOT NULL,
     spent ${AMOUNT} CHECK (spent BETWEEN 0 AND ${MAX}),
     presumed ${AMOUNT},
     overrun ${AMOUNT},
     spent_above ${AMOUNT},
     forget_ms INTEGER NOT NULL,
     PRIMARY KEY (account, id)
   ) WITHOUT ROWID;
   CREATE INDEX ledger_windows_by_forget ON ledger_windows (forget_ms);
   CREATE TABLE ledger_marks (
     account TEXT NOT NULL,
     window TEXT NOT NULL,
     mark TEXT NOT NULL,
     forget_ms INTEGER NOT NULL,
     PRIMARY KEY (account, window, mark)
   ) WITHOUT ROWID;
   CREATE INDEX ledger_marks_by_forget ON ledger_marks (forget_ms);
   CREATE TABLE ledger_holds (
     id TEXT PRIMARY KEY NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('held', 'settled', 'presumed', 'released', 'void')),
     lease_ends_ms INTEGER NOT NULL,
     forget_ms INTEGER,
     items TEXT NOT NULL,
     usd INTEGER CHECK (usd BETWEEN 0 AND ${MAX}),
     tokens INTEGER CHECK (tokens BETWEEN 0 AND ${MAX}),
     calls INTEGER CHECK (calls BETWEEN 0 AND ${MAX})
   );
   CREATE INDEX ledger_holds_by_lease ON ledger_holds (lease_ends_ms) WHERE state = 'held';
   CREATE INDEX ledger_holds_by_forget ON ledger_holds (forget_ms) WHERE forget_ms IS NOT NULL;
   CREATE TABLE ledger_adjustments (
     id INTEGER PRIMARY KEY,
     time_ms INTEGER NOT NULL,
     unit TEXT NOT NULL,
     key TEXT NOT NULL,
     window TEXT NOT NULL,
     change INTEGER NOT NULL,
     reason TEXT NOT NULL
   );`,
];

const VERSION = MIGRATIONS.length;

/**
 * Brings the tables of an open file to this version, all or nothing. Several processes may do so at once.
 *
 * @throws ConfigError where a newer version wrote the file, or something else did.
 */
export function migrateLedger(connection: SqlConnection, file: string): void {
  if (versionOf(connection, file) === VERSION) {
    requireOwnTables(connection, file);
    return;
  }
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Read again under the write lock: another process may just have migrated.
    const version = versionOf(connection, file);
    if (version > 0) requireOwnTables(connection, file);
    for (const migration of MIGRATIONS.slice(version)) connection.exec(migration);
    connection.exec(`PRAGMA user_version = ${VERSION}`);
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Ends a failed transaction; an error of its own would only hide the first one. */
export function rollBack(connection: SqlConnection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself, for example when the disk is full.
  }
}

function versionOf(connection: SqlConnection, file: string): number {
  const version = Number(connection.prepare('PRAGMA user_version').all([])[0]?.user_version);
  if (version >= 0 && version <= VERSION) return version;
  throw otherFile(file, `the file has version ${version} and this ledger knows versions up to ${VERSION}`);
}

/** The sink counts its versions in the same place, so the number alone does not say whose file it is. */
function requireOwnTables(connection: SqlConnection, file: string): void {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'ledger_meta'";
  if (connection.prepare(sql).all([]).length === 0) throw otherFile(file, 'the file is in use for something else');
}

function otherFile(file: string, what: string): ConfigError {
  return new ConfigError({ option: 'path', value: file, remedy: `${what}: give the ledger a file of its own` });
}
