import { ConfigError } from '../errors.js';
import type { SqlConnection } from '../sqlite-driver.js';

// Written once and never edited, so that a file of any age takes the same way. Each entry brings a file from the version
// of its index to the next; the number of entries is the newest version.
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS spend_records (
     id TEXT PRIMARY KEY NOT NULL,
     schema_version INTEGER NOT NULL,
     time_ms INTEGER NOT NULL,
     provider TEXT NOT NULL,
     operation TEXT NOT NULL,
     model TEXT NOT NULL,
     requested_model TEXT,
     served_model TEXT,
     input_tokens INTEGER,
     output_tokens INTEGER,
     cache_read_input_tokens INTEGER,
     cache_write_input_tokens INTEGER,
     cache_write_1h_input_tokens INTEGER,
     audio_input_tokens INTEGER,
     reasoning_output_tokens INTEGER,
     audio_output_tokens INTEGER,
     web_search_requests INTEGER,
     cost_nano_usd INTEGER NOT NULL,
     cost_usd TEXT NOT NULL,
     basis TEXT NOT NULL,
     outcome TEXT NOT NULL,
     stream INTEGER NOT NULL,
     duration_ms REAL NOT NULL,
     time_to_first_token_ms REAL,
     hold_nano_usd INTEGER NOT NULL,
     ceiling_tokens INTEGER,
     ceiling_injected INTEGER,
     service_tier TEXT,
     price_source TEXT,
     price_as_of TEXT,
     tags TEXT NOT NULL,
     budgets TEXT NOT NULL,
     items TEXT NOT NULL
   );
   CREATE INDEX IF NOT EXISTS spend_records_by_time ON spend_records (time_ms, id);`,
  'ALTER TABLE spend_records ADD COLUMN file_search_requests INTEGER',
  `ALTER TABLE spend_records ADD COLUMN image_input_tokens INTEGER;
   ALTER TABLE spend_records ADD COLUMN image_output_tokens INTEGER;
   ALTER TABLE spend_records ADD COLUMN accepted_prediction_output_tokens INTEGER;
   ALTER TABLE spend_records ADD COLUMN rejected_prediction_output_tokens INTEGER;
   ALTER TABLE spend_records ADD COLUMN code_sessions INTEGER;
   ALTER TABLE spend_records ADD COLUMN images INTEGER;
   ALTER TABLE spend_records ADD COLUMN audio_seconds INTEGER;`,
];

/** The version of the tables this package writes, kept in the file as `PRAGMA user_version`. */
export const SQLITE_SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the tables of an open file to this version, all or nothing. Two processes may do so at once.
 *
 * @throws ConfigError when a newer version wrote the file.
 */
export function migrate(connection: SqlConnection, file: string): void {
  if (schemaVersion(connection, file) === SQLITE_SCHEMA_VERSION) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Read again under the write lock: another process may just have migrated.
    for (const migration of MIGRATIONS.slice(schemaVersion(connection, file))) connection.exec(migration);
    connection.exec(`PRAGMA user_version = ${SQLITE_SCHEMA_VERSION}`);
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/**
 * Returns the version of the tables in an open file; 0 for one without.
 *
 * @throws ConfigError when a newer version wrote the file.
 */
export function schemaVersion(connection: SqlConnection, file: string): number {
  const version = Number(connection.prepare('PRAGMA user_version').all([])[0]?.user_version);
  if (version >= 0 && version <= SQLITE_SCHEMA_VERSION) return version;
  throw new ConfigError({
    option: 'file',
    value: file,
    remedy: `the file has version ${version} and this tokenguard knows versions up to ${SQLITE_SCHEMA_VERSION}: update tokenguard, or use another file`,
  });
}

/** Ends a failed transaction; an error of its own would only hide the first one. */
export function rollBack(connection: SqlConnection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself, for example when the disk is full.
  }
}
