import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { ConfigError, LedgerUnavailableError } from '../../src/errors.js';
import type { Claim, Ledger, Limit } from '../../src/ledger/ledger.js';
import { type RedisClient, type RedisLedgerOptions, redisLedger } from '../../src/ledger/redis.js';
import { CLIENTS, isReachable, newPrefix, REDIS_URL, removeKeys } from './redis-fixture.js';

const isUp = await isReachable();
const name = isUp ? 'redisLedger' : `redisLedger (skipped: no store at ${REDIS_URL})`;
const limit: Limit = { unit: 'usd', cap: 100, key: 'team/a' };
const claims = (amount: number, of: Limit = limit): Claim[] => [{ limit: of, amount, admit: 'fit' }];
const cost = (usd: number) => ({ usd, tokens: 0, calls: 1 });
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Opened {
  readonly ledger: Ledger;
  readonly redis: Redis;
  readonly prefix: string;
  open(options?: RedisLedgerOptions, client?: RedisClient): Ledger;
}

function setUp(options: RedisLedgerOptions = {}): Opened {
  const redis = new Redis(REDIS_URL);
  const prefix = newPrefix();
  cleanups.push(async () => {
    await removeKeys(redis, prefix);
    await redis.quit();
  });
  const open = (more: RedisLedgerOptions = {}, client: RedisClient = redis) =>
    redisLedger(client, { prefix, deadlineMs: 5000, ...more });
  return { ledger: open(options), redis, prefix, open };
}

describe.skipIf(!isUp)(name, () => {
  it.each(Object.keys(CLIENTS))('goes on after the store forgot its scripts, over %s', async (client) => {
    const { redis, open } = setUp();
    const opened = await (CLIENTS[client] as (typeof CLIENTS)[string])();
    cleanups.push(opened.close);
    const ledger = open({}, opened.client);

    expect(await ledger.reserve('a', claims(60))).toMatchObject({ granted: true });
    await redis.script('FLUSH');
    expect(await ledger.reserve('b', claims(60))).toMatchObject({ granted: false, reason: 'exceeded', denied: [0] });
    await redis.script('FLUSH');
    expect(await ledger.settle('a', cost(50))).toMatchObject({
      outcome: 'settled',
      balances: [{ spent: 50, held: 0 }],
    });
  });

  it('holds nothing where one of the accounts is something else', async () => {
    const { ledger, redis, prefix } = setUp();
    const other: Limit = { unit: 'usd', cap: 100, key: 'squatted' };
    await redis.set(`{${prefix}}:account:usd:squatted`, 'something else');

    const both = [...claims(10), ...claims(10, other)];
    await expect(ledger.reserve('a', both)).rejects.toThrow(LedgerUnavailableError);
    expect(await ledger.balances([limit])).toMatchObject([{ held: 0, spent: 0 }]);
    expect(await redis.exists(`{${prefix}}:hold:a`)).toBe(0);
    expect(await redis.zcard(`{${prefix}}:leases`)).toBe(0);
  });

  it.each(['leases', 'hold:a', 'generation'])('holds nothing where its %s is something else', async (key) => {
    const { ledger, redis, prefix } = setUp();
    await redis.rpush(`{${prefix}}:${key}`, 'something else');

    await expect(ledger.reserve('a', claims(10))).rejects.toThrow(LedgerUnavailableError);
    expect(await redis.exists(`{${prefix}}:account:usd:team/a`)).toBe(0);
  });

  it.each(['}{other}:account:x', 'a b', 'a\r\nFLUSHALL', 'a\0', '{x}', 'ü', '', 'x'.repeat(5000), '\ud800'])(
    'takes neither the id nor the key %.20j',
    async (hostile) => {
      const { ledger, redis, prefix } = setUp();
      const squatter: Limit = { ...limit, key: hostile };

      expect(await ledger.reserve(hostile, claims(1))).toEqual({ granted: false, reason: 'invalid' });
      expect(await ledger.reserve('a', claims(1, squatter))).toEqual({ granted: false, reason: 'invalid' });
      await expect(ledger.balances([squatter])).rejects.toThrow(ConfigError);
      expect(await ledger.settle(hostile, cost(1))).toMatchObject({ outcome: 'unknown' });
      expect(await redis.keys(`{${prefix}}*`)).toEqual([]);
    },
  );

  it('puts back what it knows into a store that lost everything, and says so once', async () => {
    const changes: unknown[] = [];
    const { ledger, redis, prefix, open } = setUp({ onGeneration: (change) => changes.push(change) });
    await ledger.reserve('open', claims(30));
    await ledger.reserve('settled', claims(20));
    await ledger.reserve('released', claims(10));
    await ledger.settle('settled', cost(15));
    await ledger.release('released');
    await removeKeys(redis, prefix);

    const answers = await Promise.all(['x', 'y', 'z'].map((id) => ledger.reserve(id, claims(56))));

    expect(answers.every(({ granted }) => !granted)).toBe(true);
    expect(await open().balances([limit])).toMatchObject([{ spent: 15, held: 30 }]);
    expect(changes).toEqual([{ restored: 3 }]);
    expect(await ledger.settle('open', cost(30))).toMatchObject({ outcome: 'settled' });
    expect(await open().balances([limit])).toMatchObject([{ spent: 45, held: 0 }]);
  });

  it('adds nothing to a store that lost nothing but its generation', async () => {
    const { ledger, redis, prefix } = setUp();
    await ledger.reserve('open', claims(30));
    await ledger.reserve('settled', claims(20));
    await ledger.settle('settled', cost(15));
    await redis.set(`{${prefix}}:generation`, 'another');

    expect(await ledger.balances([limit])).toMatchObject([{ spent: 15, held: 30 }]);
  });

  it('settles, releases and charges what another process holds', async () => {
    let offsetMs = 0;
    const options = { leaseMs: 1000, storeOffsetMs: () => offsetMs };
    const { ledger, open } = setUp(options);
    const other = open(options);
    for (const id of ['a', 'b', 'c']) await ledger.reserve(id, claims(10));

    expect(await other.settle('a', cost(4))).toMatchObject({ outcome: 'settled' });
    await other.release('b');
    offsetMs += 1000;
    expect(await other.expire()).toEqual(['c']);
    expect(await other.balances([limit])).toMatchObject([{ spent: 14, held: 0, presumed: 10 }]);
    expect(await ledger.settle('c', cost(3))).toMatchObject({ outcome: 'late' });
  });

  it('refuses what reaches the store after its time', async () => {
    const { redis, open } = setUp();
    let sent = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const slow = {
      async eval(script: string, keys: string[], args: string[]) {
        await wait;
        return redis.eval(script, keys.length, ...keys, ...args);
      },
    };
    const ledger = open({ deadlineMs: 30 }, slow);

    await expect(ledger.reserve('ghost', claims(10))).rejects.toThrow(LedgerUnavailableError);
    sent();
    expect(await open().balances([limit])).toMatchObject([{ held: 0 }]);
  });

  it('agrees with a client whose clock is days off', async () => {
    for (const days of [-3, 3]) {
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + days * 86_400_000 };
      const { open } = setUp();
      expect(await open({ clock }).reserve('a', claims(10))).toMatchObject({ granted: true });
    }
  });

  it('keeps accounts that count for ever, and lets all others go', async () => {
    const { ledger, redis, prefix } = setUp();
    const at = (nowMs: number) => {
      const startMs = nowMs - (nowMs % 3_600_000);
      const endMs = startMs + 3_600_000;
      return { id: `h${startMs}`, startMs, endMs, earlierIds: [], countsUntilMs: endMs, resetsAtMs: endMs };
    };
    const hourly: Limit = { unit: 'usd', cap: 10, key: 'hourly', window: { signature: 'hour', at } };
    await ledger.reserve('a', [...claims(1), ...claims(1, hourly)]);
    await ledger.settle('a', cost(1));

    expect(await redis.pttl(`{${prefix}}:account:usd:team/a`)).toBe(-1);
    expect(await redis.pttl(`{${prefix}}:account:usd:hourly`)).toBeGreaterThan(86_400_000);
    expect(await redis.pttl(`{${prefix}}:hold:a`)).toBeGreaterThan(599_000);
    expect(await redis.zcard(`{${prefix}}:leases`)).toBe(0);
  });

  it('journals a correction with its reason', async () => {
    const { ledger, redis, prefix } = setUp();
    expect(await ledger.adjust(limit, 7, 'a bill')).toMatchObject({ spent: 7 });

    const [entry = ''] = await redis.lrange(`{${prefix}}:journal`, 0, -1);
    expect(JSON.parse(entry)).toMatchObject({ key: 'team/a', unit: 'usd', change: '7', reason: 'a bill' });
  });

  it('says how the store is set up', async () => {
    const findings = await setUp().ledger.check?.();
    expect(findings?.map(({ topic }) => topic)).toEqual([
      'version',
      'maxmemory-policy',
      'persistence',
      'replicas',
      'clock',
    ]);
  });

  it('is exact at the largest amount', async () => {
    const { ledger } = setUp();
    const huge: Limit = { unit: 'usd', cap: Number.MAX_SAFE_INTEGER, key: 'huge' };
    await ledger.reserve('a', claims(Number.MAX_SAFE_INTEGER - 1, huge));
    await ledger.settle('a', cost(Number.MAX_SAFE_INTEGER - 1));

    expect(await ledger.reserve('b', claims(2, huge))).toMatchObject({ granted: false, reason: 'exceeded' });
    expect(await ledger.balances([huge])).toMatchObject([{ spent: Number.MAX_SAFE_INTEGER - 1, remaining: 1 }]);
  });
});

describe('redisLedger without a store', () => {
  it('gives up at its deadline on a store that never answers', async () => {
    const server: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false, retryStrategy: () => null });
    cleanups.push(async () => {
      client.disconnect();
      server.close();
    });
    const ledger = redisLedger(client, { deadlineMs: 40 });
    const startMs = performance.now();

    await expect(ledger.reserve('a', claims(1))).rejects.toThrow(/did not answer within 40 ms/);
    expect(performance.now() - startMs).toBeLessThan(2000);
    await expect(ledger.settle('a', cost(1))).rejects.toThrow(LedgerUnavailableError);
  });

  it('hides what the driver says', async () => {
    const client = { eval: () => Promise.reject(new Error('redis://user:secret@host')) };
    const ledger = redisLedger(client);
    const error: unknown = await Promise.resolve(ledger.reserve('a', claims(1))).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(LedgerUnavailableError);
    expect(String(error)).not.toContain('secret');
  });

  it('listens for errors only where nobody does', () => {
    const client = new Redis({ lazyConnect: true });
    redisLedger(client);
    redisLedger(client);
    expect(client.listenerCount('error')).toBe(1);
  });

  it.each([
    ['prefix', 'a}b'],
    ['prefix', ''],
    ['prefix', 'x'.repeat(61)],
    ['leaseMs', 0],
    ['deadlineMs', Number.NaN],
    ['clock', {}],
    ['onGeneration', 'x'],
  ])('refuses the option %s %j', (option, value) => {
    expect(() => redisLedger({ eval: async () => '' }, { [option]: value })).toThrow(ConfigError);
  });

  it.each([undefined, null, {}, 'redis://localhost'])('refuses the client %j', (client) => {
    expect(() => redisLedger(client as unknown as RedisClient)).toThrow(ConfigError);
  });
});
