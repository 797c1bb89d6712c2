import { ConfigError } from '../errors.js';

interface Answer {
  readonly rows: readonly unknown[];
}

/** The part of a `Client` of the package `pg` that is used. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<Answer>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  listenerCount(event: 'error'): number;
}

interface PgPoolClient {
  query(text: string, values?: unknown[]): Promise<Answer>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  release(destroy?: boolean): void;
}

/** The part of a `Pool` of the package `pg` that is used. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  listenerCount(event: 'error'): number;
  readonly totalCount: number;
}

/** The part of a `sql` function of the package `postgres` that is used. */
export interface PostgresJs {
  unsafe(text: string, values?: string[]): PromiseLike<readonly unknown[]>;
}

/** A client of the user's, of either package. */
export type PostgresClient = PgClient | PgPool | PostgresJs;

/** A question that is under way. */
export interface Pending {
  /** The column `answer` of the first row, or '' where there is none. */
  readonly answer: Promise<string>;
  /** Gives the question up: its connection is closed where the client allows that. */
  abandon(): void;
}

/** Asks the store, whichever package the user's client is from. */
export type Query = (text: string, value?: string) => Pending;

/**
 * How to ask through `client`.
 *
 * @throws ConfigError where it is no client of `pg` or `postgres`.
 */
export function queryThrough(client: PostgresClient): Query {
  if (isPostgresJs(client)) return (text, value) => askPostgresJs(client, text, value);
  if (isPool(client)) {
    surviveErrors(client);
    return (text, value) => askPool(client, text, value);
  }
  if (isClient(client)) {
    surviveErrors(client);
    return (text, value) => ({ answer: client.query(text, valuesOf(value)).then(readRows), abandon: () => {} });
  }
  throw new ConfigError({
    option: 'client',
    value: client,
    remedy: 'give a Pool or a Client of the package pg, or the sql function of the package postgres',
  });
}

function askPostgresJs(sql: PostgresJs, text: string, value: string | undefined): Pending {
  const ask = async () => readAnswer(await sql.unsafe(text, valuesOf(value)));
  return { answer: ask(), abandon: () => {} };
}

function askPool(pool: PgPool, text: string, value: string | undefined): Pending {
  let isAbandoned = false;
  let destroy: (() => void) | undefined;
  const ask = async () => {
    const client = await pool.connect();
    let isReleased = false;
    const release = (isBroken: boolean) => {
      if (isReleased) return;
      isReleased = true;
      client.release(isBroken);
      // What a destroyed connection still says has nobody else to hear it.
      if (!isBroken) client.removeListener('error', ignore);
    };
    client.on('error', ignore);
    destroy = () => release(true);
    if (isAbandoned) {
      release(false);
      return '';
    }
    try {
      const answer = readRows(await client.query(text, valuesOf(value)));
      release(false);
      return answer;
    } catch (error) {
      // A refusal of the store leaves the connection usable; the pool finds out itself about one that ended.
      release(isConnectionError(error));
      throw error;
    }
  };
  return {
    answer: ask(),
    abandon: () => {
      isAbandoned = true;
      destroy?.();
    },
  };
}

/** An idle connection that breaks is an event of the pool, and one that nobody listens to would end the process. */
function surviveErrors(client: PgClient | PgPool): void {
  if (client.listenerCount('error') === 0) client.on('error', ignore);
}

function ignore(): void {}

function isConnectionError(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P)/.test(code);
}

/** The code of a driver's error: an SQLSTATE, or what the system says. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function valuesOf(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : [value];
}

function readRows(result: Answer): string {
  return readAnswer(result.rows ?? []);
}

function readAnswer(rows: readonly unknown[]): string {
  const answer = (rows[0] as { readonly answer?: unknown } | undefined)?.answer;
  return typeof answer === 'string' ? answer : '';
}

function isPostgresJs(client: PostgresClient): client is PostgresJs {
  return typeof client === 'function' && typeof (client as { readonly unsafe?: unknown }).unsafe === 'function';
}

function isPool(client: PostgresClient): client is PgPool {
  if (typeof client !== 'object' || client === null) return false;
  const { connect, totalCount } = client as Partial<PgPool>;
  return typeof connect === 'function' && typeof totalCount === 'number' && hasEvents(client);
}

function isClient(client: PostgresClient): client is PgClient {
  if (typeof client !== 'object' || client === null) return false;
  return typeof (client as Partial<PgClient>).query === 'function' && hasEvents(client);
}

function hasEvents(client: object): boolean {
  const { on, listenerCount } = client as Partial<PgClient>;
  return typeof on === 'function' && typeof listenerCount === 'function';
}
