import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import pg from 'pg';
import postgres from 'postgres';
import type { PostgresClient } from '../../src/ledger/postgres.js';

export const POSTGRES_URL = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

export interface OpenClient {
  readonly client: PostgresClient;
  close(): Promise<void>;
}

/** Whether the store answers; a test that needs it says so in its name. */
export async function isReachable(): Promise<boolean> {
  const { hostname, port } = new URL(POSTGRES_URL);
  return new Promise((resolve) => {
    const socket = connect(Number(port || 5432), hostname);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

export const CLIENTS: Readonly<Record<string, (url?: string) => Promise<OpenClient>>> = {
  async 'pg Pool'(url = POSTGRES_URL) {
    const client = new pg.Pool({ connectionString: url, max: 4 });
    return { client, close: () => client.end() };
  },
  async 'pg Client'(url = POSTGRES_URL) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return { client, close: () => client.end() };
  },
  async postgres(url = POSTGRES_URL) {
    // With `fetch_types`, a session that ends while it starts is an unhandled rejection inside the driver.
    const client = postgres(url, { max: 4, fetch_types: false, onnotice: () => {} });
    return { client, close: () => client.end({ timeout: 1 }) };
  },
};

export function newSchema(): string {
  return `tg_test_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
}

/** Runs a statement on a connection of its own. */
export async function run(text: string, values: unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

export async function dropSchema(schema: string): Promise<void> {
  await run(`SET client_min_messages = error; DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
}
