import { APPLY_FUNCTIONS } from './postgres-apply.js';
import { FUNCTION_SETTINGS, FUNCTIONS } from './postgres-functions.js';

/** The version of the tables and functions; the store keeps those with the highest one. */
export const SCHEMA_VERSION = 1;

/** All accounts of one ledger are set up under this lock. */
const LOCK_ID = 7_241_530_877;

/** What each version adds; a version that was released is never changed. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE tg_accounts (
    account text COLLATE "C" PRIMARY KEY,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    cap bigint CHECK (cap >= 0)
  ) WITH (fillfactor = 50);
  CREATE TABLE tg_windows (
    account text COLLATE "C" NOT NULL,
    span text COLLATE "C" NOT NULL,
    counts_until_ms bigint NOT NULL,
    spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
    presumed bigint NOT NULL DEFAULT 0 CHECK (presumed >= 0),
    overrun bigint NOT NULL DEFAULT 0 CHECK (overrun >= 0),
    above bigint NOT NULL DEFAULT 0 CHECK (above >= 0),
    PRIMARY KEY (account, span)
  ) WITH (fillfactor = 50);
  CREATE INDEX tg_windows_until ON tg_windows (counts_until_ms);
  CREATE TABLE tg_marks (
    account text COLLATE "C" NOT NULL,
    span text COLLATE "C" NOT NULL,
    mark text COLLATE "C" NOT NULL,
    counts_until_ms bigint NOT NULL,
    PRIMARY KEY (account, span, mark)
  );
  CREATE INDEX tg_marks_until ON tg_marks (counts_until_ms);
  CREATE TABLE tg_holds (
    id text COLLATE "C" PRIMARY KEY,
    state text NOT NULL,
    lease_ms bigint NOT NULL,
    final_ms bigint,
    items jsonb NOT NULL,
    actual jsonb
  );
  CREATE INDEX tg_holds_lease ON tg_holds (lease_ms) WHERE state = 'held';
  CREATE INDEX tg_holds_final ON tg_holds (final_ms) WHERE state <> 'held';
  CREATE TABLE tg_adjustments (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time_ms bigint NOT NULL,
    key text NOT NULL,
    unit text NOT NULL,
    change bigint NOT NULL,
    reason text NOT NULL
  );`,
];

/** Asks for the version that is set up; fails with one of `MISSING_CODES` where nothing is. */
export function versionQuery(schema: string): string {
  return `SELECT version::text AS answer FROM "${schema}".tg_version`;
}

/** What the store answers where the schema, its tables or its functions are not there. */
export const MISSING_CODES: readonly string[] = Object.freeze(['3F000', '42P01', '42883']);

/** Sets the schema up, in one transaction and one at a time. Does nothing where it is set up by this or a later version. */
export function migration(schema: string): string {
  const steps = MIGRATIONS.map((text, index) => `IF v < ${index + 1} THEN ${text} END IF;`);
  const functions = [...FUNCTIONS, ...APPLY_FUNCTIONS].map((text) => createFunction(schema, text));
  return `DO $tg$
DECLARE v int;
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK_ID});
  IF to_regnamespace('"${schema}"') IS NULL THEN CREATE SCHEMA "${schema}"; END IF;
  PERFORM set_config('search_path', 'pg_catalog, "${schema}"', true);
  PERFORM set_config('check_function_bodies', 'off', true);
  IF to_regclass('"${schema}".tg_version') IS NULL THEN
    CREATE TABLE "${schema}".tg_version (version int NOT NULL);
    INSERT INTO "${schema}".tg_version VALUES (0);
  END IF;
  SELECT version INTO v FROM "${schema}".tg_version;
  IF v >= ${SCHEMA_VERSION} THEN RETURN; END IF;
  ${steps
    .join('\n')
    .replaceAll(/CREATE TABLE tg_/g, `CREATE TABLE "${schema}".tg_`)
    .replaceAll(/ ON tg_/g, ` ON "${schema}".tg_`)}
  ${functions.join('\n')}
  UPDATE "${schema}".tg_version SET version = ${SCHEMA_VERSION};
END $tg$`;
}

/** The statement that has a batch applied. */
export function applyQuery(schema: string): string {
  return `SELECT "${schema}".tg_apply($1::text::jsonb)::text AS answer`;
}

/** The entry alone says where names are looked up and how: what it calls inherits that. */
function createFunction(schema: string, text: string): string {
  const isEntry = text.includes('FUNCTION tg_apply(');
  const settings = `SET search_path = pg_catalog, "${schema}", pg_temp ${FUNCTION_SETTINGS} SET lock_timeout = '5s'`;
  const named = text
    .replace('FUNCTION tg_', `FUNCTION "${schema}".tg_`)
    .replace(/tg_holds%ROWTYPE/g, `"${schema}".tg_holds%ROWTYPE`);
  return `CREATE OR REPLACE ${isEntry ? named.replace(' LANGUAGE plpgsql AS', ` LANGUAGE plpgsql ${settings} AS`) : named};`;
}
