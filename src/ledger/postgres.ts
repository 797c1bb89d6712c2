import { type Clock, systemClock } from '../clock.js';
import { ConfigError, LedgerUnavailableError } from '../errors.js';
import { isAmount } from '../money.js';
import { withDeadline } from './deadline.js';
import type { Amounts, Ask, Balance, Claim, Finding, Ledger, Limit, ReserveResult, SettleResult } from './ledger.js';
import { PostgresBatches, type Saying } from './postgres-batch.js';
import { findingsOf, SETTINGS_QUERY } from './postgres-check.js';
import { type PostgresClient, type Query, queryThrough } from './postgres-client.js';
import {
  type Asked,
  balancesOf,
  readActual,
  readReserve,
  readSettle,
  shortName,
  storableText,
  type WireAnswer,
  type WireItem,
  wireItem,
} from './postgres-wire.js';
import { isStoreId, isStoreKey, readRequest, type StoreItem } from './request.js';

export type { PgClient, PgPool, PostgresClient, PostgresJs } from './postgres-client.js';

export interface PostgresLedgerOptions {
  /** The schema of its tables and functions, made where it is missing. Default `tokenguard`. */
  readonly schema?: string;
  /** How long a hold may stay open before it is charged, in milliseconds. Default 15 minutes. */
  readonly leaseMs?: number;
  /** How long the store may take to answer a reserve, in milliseconds; four times that where money is booked. Default 250. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
  /** Moves the clock of the store. For tests only. */
  readonly storeOffsetMs?: () => number;
}

interface Remembered extends Asked {
  readonly items: readonly Limit[];
}

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_DEADLINE_MS = 250;
const BOOKING_PATIENCE = 4;
const SETUP_MS = 10_000;
const MAX_TRIES = 3;
const MAX_REMEMBERED = 10_000;
const MAX_EXPIRE_ROUNDS = 1000;
const SCHEMA = /^[a-z_][a-z0-9_]{0,40}$/;
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });

/**
 * Keeps accounts in PostgreSQL (12 or later): a cap holds for all processes that share the schema, and survives them.
 *
 * Amounts are whole numbers of the unit of their limit: nano-dollars, tokens, calls. Every limit needs a `key`. The first
 * operation, or `check()`, sets the schema up; the role of the client must be allowed to. Give a client of its own, or a
 * pool: in a transaction of yours, what is booked would be yours to roll back. It stays open; the ledger opens nothing.
 * Make a `sql` function with `fetch_types: false`: else a session that ends while it starts is a rejection inside
 * that package that nobody can catch.
 *
 * @throws ConfigError for a client, a schema or a duration that cannot be used. Its methods reject with
 * LedgerUnavailableError where the store fails or does not answer in time.
 *
 * @example
 * const ledger = postgresLedger(new Pool({ connectionString: process.env.DATABASE_URL }));
 * const limit = { key: 'team', unit: 'usd', cap: 5_000_000_000 } as const;
 * await ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true, choice: 0, … }
 * await ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 }); // { outcome: 'settled', … }
 */
export function postgresLedger(client: PostgresClient, options: PostgresLedgerOptions = {}): Ledger {
  const { schema = 'tokenguard', leaseMs = DEFAULT_LEASE_MS, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  const { clock = systemClock, storeOffsetMs = () => 0 } = options;
  requireCount('leaseMs', leaseMs);
  requireCount('deadlineMs', deadlineMs);
  if (typeof schema !== 'string' || !SCHEMA.test(schema)) {
    const remedy = 'give up to 41 small letters, digits and underscores, no digit first';
    throw new ConfigError({ option: 'schema', value: schema, remedy });
  }
  if (typeof clock?.schedule !== 'function') {
    throw new ConfigError({ option: 'clock', value: clock, remedy: 'give a Clock, or leave it out' });
  }
  const query = queryThrough(client);
  const batches = new PostgresBatches({ query, schema, clock, storeOffsetMs });
  return new PostgresLedger(batches, query, clock, leaseMs, deadlineMs);
}

class PostgresLedger implements Ledger {
  readonly #batches: PostgresBatches;
  readonly #query: Query;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #deadlineMs: number;
  readonly #bookingMs: number;
  /** What was asked for the holds of this process, so that their settles can be answered with balances. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(batches: PostgresBatches, query: Query, clock: Clock, leaseMs: number, deadlineMs: number) {
    this.#batches = batches;
    this.#query = query;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#deadlineMs = deadlineMs;
    this.#bookingMs = deadlineMs * BOOKING_PATIENCE;
  }

  async reserve(id: string, claims: readonly Claim[], fallbacks?: readonly (readonly Ask[])[]): Promise<ReserveResult> {
    const request = readRequest(id, claims, fallbacks);
    if (request === undefined) return { granted: false, reason: 'invalid' };
    const limits = claims.map(({ limit }) => limit);
    const items = request.items.map(limitOf);
    const choices = Array.from({ length: 1 + (fallbacks?.length ?? 0) }, (_, choice) => choice);
    const asksOf = (choice: number) => request.items.map(({ asks }) => asks[choice] as Ask);
    const { answer, nowMs } = await this.#ask((sentMs, leftMs) => {
      const n = choices.map((choice) => asksOf(choice).map(({ amount }) => amount));
      const d = choices.map((choice) => asksOf(choice).map(({ admit }) => admit));
      const late = Math.ceil(sentMs + leftMs);
      return { t: 'reserve', id, items: itemsAt(items, sentMs), n, d, lease: this.#leaseMs, late };
    }, this.#deadlineMs);
    const asked = { limits, itemOf: request.itemOf, items };
    const result = readReserve(answer, asked, nowMs);
    if (result === undefined) throw new LedgerUnavailableError('its store gave an answer that is none');
    if (result.granted) this.#remember(id, asked);
    return result;
  }

  async settle(id: string, actual: Amounts | undefined): Promise<SettleResult> {
    if (!isStoreId(id)) return { outcome: 'unknown', overrun: NOTHING };
    const asked = this.#remembered.get(id);
    const valid = readActual(actual) ?? null;
    const { answer, nowMs } = await this.#ask(
      (sentMs) => ({ t: 'settle', id, actual: valid, items: itemsAt(asked?.items ?? [], sentMs) }),
      this.#bookingMs,
    );
    const result = readSettle(answer, asked, nowMs);
    if (valid !== null) this.#remembered.delete(id);
    return result;
  }

  async release(id: string): Promise<void> {
    if (!isStoreId(id)) return;
    await this.#ask(() => ({ t: 'release', id }), this.#bookingMs);
  }

  async expire(): Promise<readonly string[]> {
    const expired: string[] = [];
    for (let round = 0; round < MAX_EXPIRE_ROUNDS; round += 1) {
      await this.#ask(() => ({ t: 'expire' }), this.#bookingMs);
      const more = this.#batches.takeExpired();
      if (more.length === 0) break;
      expired.push(...more);
    }
    return expired;
  }

  async balances(limits: readonly Limit[]): Promise<readonly Balance[]> {
    limits.forEach(requireKey);
    if (limits.length === 0) return [];
    const asked = { limits, itemOf: limits.map((_, index) => index) };
    const { answer, nowMs } = await this.#ask(
      (sentMs) => ({ t: 'balances', items: itemsAt(limits, sentMs) }),
      this.#deadlineMs,
    );
    return balancesOf(answer.s ?? [], asked, nowMs);
  }

  async adjust(limit: Limit, change: number, reason: string): Promise<Balance> {
    requireKey(limit);
    if (!Number.isSafeInteger(change)) {
      const remedy = 'give a whole number of the unit of the limit';
      throw new ConfigError({ option: 'change', value: change, remedy });
    }
    const text = storableText(String(reason));
    const { answer, nowMs } = await this.#ask(
      (sentMs) => ({ t: 'adjust', items: itemsAt([limit], sentMs), change, reason: text }),
      this.#bookingMs,
    );
    return balancesOf(answer.s ?? [], { limits: [limit], itemOf: [0] }, nowMs)[0] as Balance;
  }

  async mark(limit: Limit, mark: string): Promise<boolean> {
    requireKey(limit);
    const name = shortName(String(mark));
    const { answer } = await this.#ask(
      (sentMs) => ({ t: 'mark', items: itemsAt([limit], sentMs), mark: name }),
      this.#bookingMs,
    );
    return answer.first === true;
  }

  async check(): Promise<readonly Finding[]> {
    const waitMs = Math.max(SETUP_MS, this.#bookingMs);
    await withDeadline(this.#batches.setUp(waitMs), waitMs, this.#clock);
    const { answer, abandon } = this.#query(SETTINGS_QUERY);
    const settings = await withDeadline(answer, waitMs, this.#clock).catch((error: unknown) => {
      abandon();
      throw error;
    });
    return findingsOf(settings, this.#batches.offsetMs ?? 0);
  }

  /** The answer, and the moment whose windows it is about; again where the window or the hour was taken wrongly. */
  async #ask(say: Saying, deadlineMs: number): Promise<{ answer: WireAnswer; nowMs: number }> {
    const startedMs = this.#clock.monotonicMs();
    for (let tries = 1; ; tries += 1) {
      let nowMs = 0;
      const leftMs = deadlineMs - (this.#clock.monotonicMs() - startedMs);
      const answer = await this.#batches.ask(
        (sentMs, remainingMs) => {
          nowMs = sentMs;
          return say(sentMs, remainingMs);
        },
        Math.max(1, leftMs),
      );
      if (answer.r !== 'stale' && (answer.r !== 'too-late' || tries === MAX_TRIES)) return { answer, nowMs };
      if (tries === MAX_TRIES) throw new LedgerUnavailableError('its clock and this machine do not agree');
    }
  }

  #remember(id: string, asked: Remembered): void {
    this.#remembered.set(id, asked);
    if (this.#remembered.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}

function itemsAt(limits: readonly Limit[], nowMs: number): WireItem[] {
  return limits.map((limit) => wireItem(limit, nowMs));
}

function limitOf({ key, unit, cap, window }: StoreItem): Limit {
  return window === undefined ? { key, unit, cap } : { key, unit, cap, window };
}

function requireKey(limit: Limit): void {
  if (isStoreKey(limit.key)) return;
  const remedy = 'give a key: a store that is shared knows accounts by their keys alone';
  throw new ConfigError({ option: 'limit.key', value: limit.key, remedy });
}

function requireCount(option: string, value: number): void {
  if (isAmount(value) && value > 0) return;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
