import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import Valkey from 'iovalkey';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/ledger/redis.js';

export const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

export interface OpenClient {
  readonly client: RedisClient;
  close(): Promise<void>;
}

/** Whether the store answers; a test that needs it says so in its name. */
export async function isReachable(): Promise<boolean> {
  const { hostname, port } = new URL(REDIS_URL);
  return new Promise((resolve) => {
    const socket = connect(Number(port || 6379), hostname);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

export const CLIENTS: Readonly<Record<string, () => Promise<OpenClient>>> = {
  async ioredis() {
    const client = new Redis(REDIS_URL);
    return { client, close: async () => void (await client.quit()) };
  },
  async iovalkey() {
    const client = new Valkey.default(REDIS_URL);
    return { client, close: async () => void (await client.quit()) };
  },
  async redis() {
    const client = createClient({ url: REDIS_URL });
    await client.connect();
    return { client, close: async () => void (await client.close()) };
  },
  async eval() {
    const redis = new Redis(REDIS_URL);
    const client = {
      eval: (script: string, keys: string[], args: string[]) => redis.eval(script, keys.length, ...keys, ...args),
    };
    return { client, close: async () => void (await redis.quit()) };
  },
};

export function newPrefix(): string {
  return `test:${randomUUID()}`;
}

/** Removes all that a test left behind. */
export async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  const keys = await redis.keys(`{${prefix}}:*`);
  if (keys.length > 0) await redis.del(keys);
}
