import { type Clock, systemClock } from '../clock.js';
import { ConfigError, LedgerUnavailableError } from '../errors.js';
import { isAmount } from '../money.js';
import { createIdSource } from '../random.js';
import type {
  Amounts,
  Ask,
  Balance,
  Claim,
  Finding,
  Ledger,
  Limit,
  ReserveResult,
  SettleOutcome,
  SettleResult,
  WindowSpan,
} from './ledger.js';
import { findingsOf } from './redis-check.js';
import { adaptClient, type RedisClient } from './redis-client.js';
import { type KnownHold, RedisHolds } from './redis-holds.js';
import { type RedisKeys, redisKeys, requireLimit, spanBody, spanOf } from './redis-keys.js';
import { RedisReaper } from './redis-reaper.js';
import { balancesOf, heldItems, reserveQuestion } from './redis-reserve.js';
import { RedisResolver } from './redis-resolver.js';
import { SCRIPTS } from './redis-scripts.js';
import { type Question, RedisStore } from './redis-store.js';
import { balanceFrom, isStoreId, readRequest, type StoreState } from './request.js';

export type { IoRedisClient, NodeRedisClient, RedisClient, RedisEvalClient } from './redis-client.js';

export interface RedisLedgerOptions {
  /** What all keys of the ledger begin with, in braces. Two ledgers with one prefix are one. Default `tokenguard`. */
  readonly prefix?: string;
  /** How long a hold may stay open before it is charged, in milliseconds. Default 15 minutes. */
  readonly leaseMs?: number;
  /** How long the store may take to answer a reserve, in milliseconds; what books money has four times as long. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
  /** The store lost data, by a restart or a failover: how many attempts of this process were put back into it. */
  readonly onGeneration?: (change: { readonly restored: number }) => void;
  /** For tests: moves the time of the store. */
  readonly storeOffsetMs?: () => number;
}

const DEFAULT_LEASE_MS = 900_000;
const DEFAULT_DEADLINE_MS = 250;
const BOOKING_PATIENCE = 4;
const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });

/**
 * Keeps accounts in Redis or Valkey, 6.2 or later: a cap holds for all processes that use the same prefix.
 *
 * `client` is one of ioredis, iovalkey or redis (a cluster as well), or `{ eval(script, keys, args) }` for a store
 * behind HTTP. It stays yours: the ledger never closes it. Amounts are whole numbers of the unit of their limit. Each
 * method is one script in the store, whose clock decides windows and leases. A limit needs a key.
 *
 * The store has to keep what it is told: `check()` says whether it does. After a failover each process puts its own
 * open holds back, and what it settled in the last ten seconds.
 *
 * @throws ConfigError for a client or an option that cannot be used. The methods reject with LedgerUnavailableError
 * where the store does not answer in time or answers with an error, and with ConfigError for a limit without a key.
 *
 * @example
 * const client = new Redis(process.env.REDIS_URL); // ioredis
 * const ledger = redisLedger(client, { prefix: 'shop' });
 * const limit = { key: 'team-a', unit: 'usd', cap: 5_000_000_000 } as const; // 5 dollars
 * await ledger.reserve('attempt-1', [{ limit, amount: 100_000_000, admit: 'fit' }]); // { granted: true, … }
 * await ledger.settle('attempt-1', { usd: 80_000_000, tokens: 900, calls: 1 }); // { outcome: 'settled', … }
 */
export function redisLedger(client: RedisClient, options: RedisLedgerOptions = {}): Ledger {
  const { prefix = 'tokenguard', leaseMs = DEFAULT_LEASE_MS, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  const { clock = systemClock, onGeneration, storeOffsetMs = () => 0 } = options;
  requireCount('leaseMs', leaseMs);
  requireCount('deadlineMs', deadlineMs);
  if (typeof clock?.monotonicMs !== 'function') {
    throw new ConfigError({ option: 'clock', value: clock, remedy: 'give a Clock, or leave it out' });
  }
  for (const [option, value] of Object.entries({ onGeneration, storeOffsetMs })) {
    if (value === undefined || typeof value === 'function') continue;
    throw new ConfigError({ option, value, remedy: 'give a function, or leave it out' });
  }
  const keys = redisKeys(prefix);
  const holds = new RedisHolds(clock, leaseMs);
  const bookingMs = deadlineMs * BOOKING_PATIENCE;
  const store: RedisStore = new RedisStore({
    run: adaptClient(client),
    generationKey: keys.generation,
    clock,
    leaseMs,
    storeOffsetMs,
    heal: async (ask) => {
      const known = holds.all();
      await new RedisResolver(ask, keys, bookingMs).restore(known);
      notify(onGeneration, known.length);
    },
  });
  return new RedisLedger(store, keys, holds, deadlineMs, bookingMs);
}

class RedisLedger implements Ledger {
  readonly #store: RedisStore;
  readonly #keys: RedisKeys;
  readonly #holds: RedisHolds;
  readonly #deadlineMs: number;
  readonly #bookingMs: number;
  readonly #resolver: RedisResolver;
  readonly #reaper: RedisReaper;
  readonly #nextId = createIdSource();

  constructor(store: RedisStore, keys: RedisKeys, holds: RedisHolds, deadlineMs: number, bookingMs: number) {
    this.#store = store;
    this.#keys = keys;
    this.#holds = holds;
    this.#deadlineMs = deadlineMs;
    this.#bookingMs = bookingMs;
    this.#resolver = new RedisResolver((question) => store.ask(question), keys, bookingMs);
    this.#reaper = new RedisReaper((id) => this.#resolver.resolve('expire', id, holds.get(id)));
  }

  async reserve(
    id: string,
    claims: readonly Claim[],
    fallbacks: readonly (readonly Ask[])[] = [],
  ): Promise<ReserveResult> {
    const request = readRequest(id, claims, fallbacks);
    if (request === undefined) return { granted: false, reason: 'invalid' };
    const limits = claims.map(({ limit }) => limit);
    let spans: readonly WindowSpan[] = [];
    const question = reserveQuestion(this.#keys, id, request, this.#deadlineMs, (now) => {
      spans = now;
    });
    let reply = await this.#store.ask(question);
    // What an expired hold occupies of another window is free once it is charged there.
    if (reply.status === 'exceeded' && (await this.#reaper.reap(reply.due))) reply = await this.#store.ask(question);
    this.#reaper.start(reply.due);
    const { status, choice } = reply;
    switch (status) {
      case 'granted': {
        const items = heldItems(request.items, choice, spans);
        this.#holds.add({ id, items, itemOf: request.itemOf, limits });
        return { granted: true, choice, balances: balancesOf(reply, limits, request.itemOf, spans) };
      }
      case 'exceeded': {
        const denied = request.itemOf.flatMap((item, claim) => (reply.denied.includes(item) ? [claim] : []));
        return {
          granted: false,
          reason: 'exceeded',
          denied,
          balances: balancesOf(reply, limits, request.itemOf, spans),
        };
      }
      case 'mismatch':
      case 'finished':
      case 'invalid':
        return { granted: false, reason: status };
      case 'too-late':
        return { granted: false, reason: 'late' };
      default:
        throw new LedgerUnavailableError('its store gave an answer that is none');
    }
  }

  async settle(id: string, actual: Amounts | undefined): Promise<SettleResult> {
    if (!isStoreId(id)) return { outcome: 'unknown', overrun: NOTHING };
    const known = this.#holds.get(id);
    const { reply, spans } = await this.#resolver.resolve('settle', id, known, actual);
    if (reply.overrun !== undefined || reply.status === 'duplicate') {
      if (known?.end?.kind !== 'settled') this.#holds.end(id, { kind: 'settled', actual: pickAmounts(actual) });
    }
    const outcome = reply.status as SettleOutcome;
    const overrun = reply.overrun ?? NOTHING;
    if (known === undefined || reply.states === undefined) return { outcome, overrun };
    return { outcome, overrun, balances: balancesOf(reply, known.limits, known.itemOf, spans, known.items) };
  }

  async release(id: string): Promise<void> {
    if (!isStoreId(id)) return;
    const { reply } = await this.#resolver.resolve('release', id, this.#holds.get(id));
    if (reply.status === 'released') this.#holds.end(id, { kind: 'released' });
  }

  async expire(): Promise<readonly string[]> {
    for (;;) {
      const { due } = await this.#store.ask({
        script: SCRIPTS.due,
        keys: [this.#keys.leases],
        body: () => ({}),
        deadlineMs: this.#bookingMs,
      });
      if (due.length === 0) return this.#reaper.takeCharged();
      await this.#reaper.reapAll(due);
    }
  }

  async balances(limits: readonly Limit[]): Promise<readonly Balance[]> {
    const names = limits.map((limit) => requireLimit(limit).name);
    if (names.length === 0) return [];
    await this.#reaper.idle();
    const { reply, spans } = await this.#look(limits, { script: SCRIPTS.look, keys: names.map(this.#keys.account) });
    return limits.map((limit, index) =>
      balanceFrom(reply.states?.[index] as StoreState, limit.cap, spans[index] as WindowSpan),
    );
  }

  async adjust(limit: Limit, change: number, reason: string): Promise<Balance> {
    const { name } = requireLimit(limit);
    if (!Number.isSafeInteger(change)) {
      const remedy = 'give a whole number of the unit of the limit';
      throw new ConfigError({ option: 'change', value: change, remedy });
    }
    const keys = [this.#keys.journal, this.#keys.once(this.#nextId()), this.#keys.account(name)];
    const { reply, spans } = await this.#look([limit], {
      script: SCRIPTS.adjust,
      keys,
      deadlineMs: this.#bookingMs,
      extra: { change, reason: String(reason) },
    });
    return balanceFrom(reply.states?.[0] as StoreState, limit.cap, spans[0] as WindowSpan);
  }

  async mark(limit: Limit, mark: string): Promise<boolean> {
    const { name } = requireLimit(limit);
    // Two marks that differ only in halves of characters are two marks: as JSON, those are escaped.
    const args = [JSON.stringify(String(mark))];
    const keys = (spans: readonly WindowSpan[]) => [this.#keys.marks(name, (spans[0] as WindowSpan).id)];
    const { reply } = await this.#look([limit], { script: SCRIPTS.mark, keys, args });
    return reply.isFirst;
  }

  async check(): Promise<readonly Finding[]> {
    const reply = await this.#store.ask({
      script: SCRIPTS.inspect,
      keys: [],
      body: () => ({}),
      deadlineMs: this.#bookingMs,
    });
    return findingsOf(reply, this.#store.offsetMs);
  }

  /** Waits for what is under way; the client stays open. */
  async close(): Promise<void> {
    await this.#reaper.idle();
  }

  async #look(limits: readonly Limit[], question: LookQuestion) {
    let spans: readonly WindowSpan[] = [];
    const { script, keys, args = [], deadlineMs = this.#deadlineMs, extra = {} } = question;
    const reply = await this.#store.ask({
      script,
      keys: (nowMs) => {
        spans = limits.map(({ window }) => spanOf(window, nowMs));
        return typeof keys === 'function' ? keys(spans) : keys;
      },
      args,
      body: () => ({
        ...extra,
        items: limits.map(({ key, unit }, index) => ({ key, unit, span: spanBody(spans[index] as WindowSpan) })),
      }),
      deadlineMs,
    });
    if (reply.status === 'invalid') throw new LedgerUnavailableError('its store refused an amount');
    return { reply, spans };
  }
}

interface LookQuestion {
  readonly script: Question['script'];
  readonly keys: readonly string[] | ((spans: readonly WindowSpan[]) => readonly string[]);
  readonly args?: readonly string[];
  readonly deadlineMs?: number;
  readonly extra?: object;
}

function notify(onGeneration: RedisLedgerOptions['onGeneration'], restored: number): void {
  try {
    onGeneration?.({ restored });
  } catch {
    // Whoever watches never breaks what is watched.
  }
}

function pickAmounts(actual: Amounts | undefined): KnownAmounts {
  return actual == null ? undefined : { usd: actual.usd, tokens: actual.tokens, calls: actual.calls };
}

type KnownAmounts = Extract<KnownHold['end'], { readonly kind: 'settled' }>['actual'];

function requireCount(option: string, value: number): void {
  if (isAmount(value) && value > 0) return;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
