import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import * as nodeRedis from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limit } from '../../src/ledger/ledger.js';
import { type RedisClient, redisLedger } from '../../src/ledger/redis.js';
import { canStartServer, cli, createCluster, freePort, kill, startServer, until } from './redis-server.js';

const name = canStartServer
  ? 'redisLedger on a cluster of three'
  : 'redisLedger on a cluster (skipped: no redis-server)';

describe.skipIf(!canStartServer)(name, () => {
  const nodes: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-cluster-'));
  let ports: number[] = [];

  beforeAll(async () => {
    ports = await Promise.all([freePort(), freePort(), freePort()]);
    for (const port of ports)
      nodes.push(startServer(port, mkdtempSync(join(folder, 'node-')), ['--cluster-enabled', 'yes']));
    await until(() => ports.every((port) => cli(port, 'ping').includes('PONG')));
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    createCluster(addresses);
    await until(() => ports.every((port) => cli(port, 'cluster', 'info').includes('cluster_state:ok')));
  });

  afterAll(async () => {
    await Promise.all(nodes.map(kill));
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps each ledger on one node, over ioredis', async () => {
    const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
    await useLedgers(client, 'ioredis');
    await client.quit();
  });

  it('keeps each ledger on one node, over redis', async () => {
    const client = nodeRedis.createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
    await client.connect();
    await useLedgers(client, 'redis');
    await client.close();
  });
});

/** Prefixes that lie on different nodes: a key that was not declared, or lay elsewhere, would be an error. */
async function useLedgers(client: RedisClient, name: string): Promise<void> {
  for (let index = 0; index < 8; index += 1) {
    let offsetMs = 0;
    const options = { prefix: `${name}.${index}`, deadlineMs: 5000, leaseMs: 1000, storeOffsetMs: () => offsetMs };
    const [ledger, other] = [redisLedger(client, options), redisLedger(client, options)];
    const limits: Limit[] = ['x', 'y', 'z'].map((key) => ({ unit: 'usd', cap: 100, key }));
    const claims = limits.map((limit) => ({ limit, amount: 30, admit: 'fit' as const }));
    for (const id of ['a', 'b', 'c']) expect(await ledger.reserve(id, claims)).toMatchObject({ granted: true });
    expect(await other.reserve('d', claims)).toMatchObject({ granted: false, denied: [0, 1, 2] });
    expect(await other.settle('a', { usd: 20, tokens: 0, calls: 1 })).toMatchObject({ outcome: 'settled' });
    await other.release('b');
    offsetMs = 1000;
    expect(await other.expire()).toEqual(['c']);
    expect(await ledger.mark(limits[0] as Limit, 'half')).toBe(true);
    await ledger.adjust(limits[0] as Limit, -20, 'test');
    expect(await ledger.balances(limits)).toMatchObject([{ spent: 30 }, { spent: 50 }, { spent: 50, held: 0 }]);
    expect((await ledger.check?.())?.length).toBe(5);
  }
}
