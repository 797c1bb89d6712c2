import type { Finding } from './ledger.js';

/** What the store says about its set-up, as JSON in one column. */
export const SETTINGS_QUERY = `SELECT jsonb_build_object('version', current_setting('server_version_num')::int,
  'commit', current_setting('synchronous_commit'), 'fsync', current_setting('fsync'))::text AS answer`;

const LEAST_VERSION = 120_000;
const FAR_MS = 1000;

/** What an operator should know of a store. */
export function findingsOf(settings: string, offsetMs: number): readonly Finding[] {
  const { version, commit, fsync } = JSON.parse(settings) as { version: number; commit: string; fsync: string };
  return [
    version >= LEAST_VERSION
      ? { level: 'ok', topic: 'version', message: `PostgreSQL ${Math.floor(version / 10_000)}` }
      : {
          level: 'error',
          topic: 'version',
          message: `PostgreSQL ${Math.floor(version / 10_000)} is older than what the ledger was made for`,
          remedy: 'use PostgreSQL 12 or later',
        },
    commit === 'off'
      ? {
          level: 'warning',
          topic: 'synchronous_commit',
          message: 'what was booked in the last moments before a crash of the store is lost, and can be spent again',
          remedy: 'set synchronous_commit to on for the role or the database of the ledger',
        }
      : { level: 'ok', topic: 'synchronous_commit', message: commit },
    fsync === 'off'
      ? {
          level: 'error',
          topic: 'fsync',
          message: 'a crash of the machine may destroy the ledger',
          remedy: 'set fsync to on',
        }
      : { level: 'ok', topic: 'fsync', message: fsync },
    Math.abs(offsetMs) > FAR_MS
      ? {
          level: 'warning',
          topic: 'clock',
          message: `the clock of the store is ${offsetMs} ms from the one of this machine; the store's decides`,
          remedy: 'set both by the same time server',
        }
      : { level: 'ok', topic: 'clock', message: `within ${FAR_MS} ms of this machine` },
  ];
}
