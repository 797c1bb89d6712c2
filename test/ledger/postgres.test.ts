import { execFile } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, LedgerUnavailableError } from '../../src/errors.js';
import type { Limit } from '../../src/ledger/ledger.js';
import { type PostgresClient, postgresLedger } from '../../src/ledger/postgres.js';
import { CLIENTS, dropSchema, isReachable, newSchema, POSTGRES_URL, run } from './postgres-fixture.js';

const isUp = await isReachable();
const suite = isUp ? describe : describe.skip;
const limit = (cap: number, key = 'shared'): Limit => ({ unit: 'usd', cap, key });
const claim = (of: Limit, amount: number) => ({ limit: of, amount, admit: 'fit' }) as const;
const INJECTIONS = ["'; DROP TABLE tg_holds; --", '$f$; SELECT 1; $f$', '\\', '"', 'a\0b', '\ud800', '%s', '{}'];

let schema: string;
beforeEach(() => {
  schema = newSchema();
});
afterEach(async () => {
  if (isUp) await dropSchema(schema);
});

describe('postgresLedger', () => {
  test.each([undefined, null, {}, () => {}, 'postgres://'])('refuses %s as a client', (client) => {
    expect(() => postgresLedger(client as unknown as PostgresClient)).toThrow(ConfigError);
  });

  test.each(['', 'A', '1a', 'a"b', "a'; --", 'a'.repeat(42)])('refuses %j as a schema', (name) => {
    const client = Object.assign(() => {}, { unsafe: async () => [] });
    expect(() => postgresLedger(client as unknown as PostgresClient, { schema: name })).toThrow(ConfigError);
  });
});

suite.each(Object.entries(CLIENTS))(`postgresLedger over %s (needs ${POSTGRES_URL})`, (name, open) => {
  test('takes hostile text for data, or refuses it as data', async () => {
    const { client, close } = await open();
    const ledger = postgresLedger(client, { schema, deadlineMs: 5000 });
    for (const text of INJECTIONS) {
      expect(await ledger.reserve(text, [claim(limit(10), 1)])).toEqual({ granted: false, reason: 'invalid' });
      expect(await ledger.mark(limit(10), text)).toBe(true);
      expect(await ledger.mark(limit(10), text)).toBe(false);
      await ledger.adjust(limit(10), 1, text);
    }
    expect((await ledger.balances([limit(10)]))[0]?.spent).toBe(INJECTIONS.length);
    const journal = await run(`SELECT reason FROM "${schema}".tg_adjustments ORDER BY number`);
    expect(journal.map(({ reason }) => reason).slice(0, 4)).toEqual(INJECTIONS.slice(0, 4));
    await close();
  });

  test('grants four processes exactly the cap', { timeout: 90_000 }, async () => {
    const worker = join(import.meta.dirname, 'postgres-worker.ts');
    const args = ['--import', 'tsx', worker, schema, name, '100'];
    const runs = await Promise.all(Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args)));
    expect(runs.map(({ stdout }) => Number(stdout)).reduce((sum, granted) => sum + granted)).toBe(100);
    const [account] = await run(`SELECT held::int AS held FROM "${schema}".tg_accounts`);
    expect(account?.held).toBe(100);
  });
});

suite.each(Object.entries(CLIENTS).filter(([name]) => name !== 'pg Client'))(
  // A Client is one session for good, and connected before the ledger sees it.
  `postgresLedger over %s in an outage (needs ${POSTGRES_URL})`,
  (name, open) => {
    test('rejects at the deadline where the store is a black hole', async () => {
      const sockets = new Set<Socket>();
      const hole = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.resume();
      });
      await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
      const { port } = hole.address() as { port: number };
      const { client, close } = await open(`postgres://postgres@127.0.0.1:${port}/test`);
      const ledger = postgresLedger(client, { schema, deadlineMs: 100 });
      const startedMs = performance.now();
      await expect(ledger.reserve('a', [claim(limit(10), 1)])).rejects.toThrow(LedgerUnavailableError);
      expect(performance.now() - startedMs).toBeLessThan(2000);
      for (const socket of sockets) socket.destroy();
      await close();
      hole.close();
    });

    test('rejects with its own error, never overspends, and recovers', async () => {
      const url = new URL(POSTGRES_URL);
      url.searchParams.set('application_name', schema);
      const { client, close } = await open(url.href);
      const ledger = postgresLedger(client, { schema, deadlineMs: 5000 });
      await ledger.check?.();
      const errors: unknown[] = [];
      let granted = 0;
      let isOver = false;
      const spend = async (worker: number) => {
        for (let call = 0; !isOver; call += 1) {
          try {
            const { granted: isGranted } = await ledger.reserve(`${worker}.${call}`, [claim(limit(1_000_000), 1)]);
            if (isGranted) granted += 1;
          } catch (error) {
            errors.push(error);
          }
        }
      };
      const workers = Array.from({ length: 16 }, (_, index) => spend(index));
      let ended = 0;
      for (let round = 0; round < 20; round += 1) {
        const rows = await run(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
          [schema],
        );
        ended += rows.length;
      }
      isOver = true;
      await Promise.all(workers);
      expect(ended, name).toBeGreaterThan(0);
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(LedgerUnavailableError.isInstance(error)).toBe(true);
      const [balance] = await recovered(async () => ledger.balances([limit(1_000_000)]));
      // What was granted but could not be told is held as well; what was told is never missing.
      expect(balance?.held).toBeGreaterThanOrEqual(granted);
      expect(balance?.held).toBeLessThanOrEqual(granted + errors.length);
      const last = await ledger.reserve('last', [claim(limit(1_000_000), 1_000_000 - (balance?.held ?? 0))]);
      expect(last.granted).toBe(true);
      expect((await ledger.reserve('beyond', [claim(limit(1_000_000), 1)])).granted).toBe(false);
      await close();
    });
  },
);

/** The first answer after an outage: each connection of a pool may have to find out on its own that it has ended. */
async function recovered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 10 || !LedgerUnavailableError.isInstance(error)) throw error;
    }
  }
}
