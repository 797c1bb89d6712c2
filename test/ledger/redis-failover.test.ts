import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { LedgerUnavailableError } from '../../src/errors.js';
import type { Limit } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis.js';
import { canStartServer, cli, freePort, kill, startServer, until } from './redis-server.js';

const name = canStartServer ? 'a store that comes back' : 'a store that comes back (skipped: no redis-server)';
const limit: Limit = { unit: 'usd', cap: 100, key: 'a' };
const claims = (amount: number) => [{ limit, amount, admit: 'fit' as const }];
const cost = (usd: number) => ({ usd, tokens: 0, calls: 1 });

describe.skipIf(!canStartServer)(name, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-failover-'));
  let server: ChildProcess | undefined;
  let client: Redis | undefined;

  afterEach(async () => {
    client?.disconnect();
    if (server !== undefined) await kill(server);
    rmSync(folder, { recursive: true, force: true });
  });

  it('with its generation, but without the last writes, gets them again from who made them', async () => {
    const port = await freePort();
    const start = async () => {
      server = startServer(port, folder);
      await until(() => cli(port, 'ping').includes('PONG'));
      return server;
    };
    const first = await start();
    client = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    const restored: number[] = [];
    const onGeneration = (change: { readonly restored: number }) => restored.push(change.restored);
    let passedMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs };
    const ledger = redisLedger(client, { deadlineMs: 3000, clock, onGeneration });
    const hasty = redisLedger(client, { deadlineMs: 30 });
    await ledger.reserve('saved', claims(10));
    cli(port, 'save');
    await ledger.reserve('lost', claims(30));
    await ledger.settle('saved', cost(5));
    await kill(first);

    await expect(hasty.reserve('ghost', claims(50))).rejects.toThrow(LedgerUnavailableError);
    await start();
    // A second after the last look, the store is asked again who it is.
    passedMs = 1000;

    expect(await ledger.reserve('too-much', claims(66))).toMatchObject({ granted: false, reason: 'exceeded' });
    expect(await ledger.balances([limit])).toMatchObject([{ spent: 5, held: 30 }]);
    expect(restored).toEqual([2]);
    expect(await ledger.settle('lost', cost(30))).toMatchObject({ outcome: 'settled' });
  });
});
