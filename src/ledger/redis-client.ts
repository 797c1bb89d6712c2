import { createHash } from 'node:crypto';
import { ConfigError } from '../errors.js';
import type { RedisScript } from './redis-scripts.js';

/** A client that can run a script and nothing else: those that speak HTTP, or a function of your own. */
export interface RedisEvalClient {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
}

/** What is used of ioredis and iovalkey, and of their clusters. */
export interface IoRedisClient {
  defineCommand(name: string, definition: { lua: string }): unknown;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** What is used of node-redis (the package `redis`), and of its cluster. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export type RedisClient = IoRedisClient | NodeRedisClient | RedisEvalClient;

/** Runs a script in the store; the answer is what the script returned, read as JSON. */
export type RunScript = (script: RedisScript, keys: string[], args: string[]) => Promise<unknown>;

interface Emitter {
  on(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
}

type Evaluate = (script: string, keys: string[], args: string[]) => Promise<unknown>;

/**
 * Reads a client by its shape. A script travels as its hash once the store knows it.
 *
 * @throws ConfigError for anything that is none of these clients.
 */
export function adaptClient(client: RedisClient): RunScript {
  if (typeof client !== 'object' || client === null || typeof client.eval !== 'function') {
    throw new ConfigError({
      option: 'client',
      value: client,
      remedy: 'give a client of ioredis, iovalkey or redis, or { eval(script, keys, args) }',
    });
  }
  keepQuiet(client);
  if (isIoRedis(client)) {
    return cached(
      async (sha, keys, args) => client.evalsha(sha, keys.length, ...keys, ...args),
      async (lua, keys, args) => client.eval(lua, keys.length, ...keys, ...args),
    );
  }
  if (isNodeRedis(client)) {
    return cached(
      async (sha, keys, args) => client.evalSha(sha, { keys, arguments: args }),
      async (lua, keys, args) => client.eval(lua, { keys, arguments: args }),
    );
  }
  return async ({ lua }, keys, args) => readReply(await client.eval(lua, keys, args));
}

function cached(evaluateSha: Evaluate, evaluate: Evaluate): RunScript {
  const hashes = new Map<string, string>();
  return async ({ name, lua }, keys, args) => {
    let hash = hashes.get(name);
    if (hash === undefined) {
      hash = createHash('sha1').update(lua).digest('hex');
      hashes.set(name, hash);
    }
    try {
      return readReply(await evaluateSha(hash, keys, args));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return readReply(await evaluate(lua, keys, args));
    }
  };
}

/** A connection error that nobody listens to ends the process; whoever listens already is left alone. */
function keepQuiet(client: RedisClient): void {
  const { on, listenerCount } = client as Partial<Emitter>;
  if (typeof on !== 'function' || typeof listenerCount !== 'function') return;
  if (listenerCount.call(client, 'error') === 0) on.call(client, 'error', () => undefined);
}

function isIoRedis(client: RedisClient): client is IoRedisClient {
  const { defineCommand, evalsha } = client as Partial<IoRedisClient>;
  return typeof defineCommand === 'function' && typeof evalsha === 'function';
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  return typeof (client as Partial<NodeRedisClient>).evalSha === 'function';
}

function isUnknownScript(error: unknown): boolean {
  const message = (error as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' && message.startsWith('NOSCRIPT');
}

/** Clients over HTTP may have read the JSON already. */
function readReply(reply: unknown): unknown {
  if (typeof reply === 'string') return JSON.parse(reply);
  if (reply instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(reply));
  return reply;
}
