import { LedgerUnavailableError } from '../errors.js';
import { isAmount } from '../money.js';
import type { Amounts, WindowSpan } from './ledger.js';
import type { HeldItem, KnownHold } from './redis-holds.js';
import { type RedisKeys, spanBody, spanOf } from './redis-keys.js';
import type { RedisReply } from './redis-reply.js';
import { SCRIPTS } from './redis-scripts.js';
import type { Question } from './redis-store.js';

/** `expire` charges a hold only where its lease is over. */
export type ResolveMode = 'settle' | 'release' | 'expire';

export interface Resolved {
  readonly reply: RedisReply;
  /** The windows that the balances of the answer are for, beside the items of the hold. */
  readonly spans: readonly WindowSpan[];
}

const MAX_ATTEMPTS = 3;
const AT_ONCE = 64;

/** Ends holds in the store, and puts those back that it has lost. */
export class RedisResolver {
  readonly #ask: (question: Question) => Promise<RedisReply>;
  readonly #keys: RedisKeys;
  readonly #deadlineMs: number;

  constructor(ask: (question: Question) => Promise<RedisReply>, keys: RedisKeys, deadlineMs: number) {
    this.#ask = ask;
    this.#keys = keys;
    this.#deadlineMs = deadlineMs;
  }

  /** Of a hold that this process does not know, the store is asked for the accounts first. */
  async resolve(mode: ResolveMode, id: string, known: KnownHold | undefined, actual?: Amounts): Promise<Resolved> {
    let names = known?.items.map(({ name }) => name) ?? [];
    let isOurs = known !== undefined && known.items.length > 0;
    let spans: readonly WindowSpan[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const asked = names;
      const limits = isOurs ? known?.limits : undefined;
      const reply = await this.#ask({
        script: SCRIPTS.resolve,
        keys: [this.#keys.leases, this.#keys.hold(id), ...asked.map(this.#keys.account)],
        body: (nowMs) => {
          spans = limits === undefined ? [] : spansOf(known as KnownHold, nowMs);
          const amounts = isAmounts(actual) && { actual };
          return { id, mode, names: asked, ...amounts, ...(spans.length > 0 && { spans: spans.map(spanBody) }) };
        },
        deadlineMs: this.#deadlineMs,
      });
      if (reply.status !== 'keys') return { reply, spans };
      names = [...reply.names];
      isOurs = false;
    }
    throw new LedgerUnavailableError('its store does not agree with itself about a hold');
  }

  /** Tells a store that lost data what it should know. Each step can be repeated. */
  async restore(holds: readonly KnownHold[]): Promise<void> {
    for (let start = 0; start < holds.length; start += AT_ONCE) {
      await Promise.all(holds.slice(start, start + AT_ONCE).map((hold) => this.#restoreOne(hold)));
    }
  }

  async #restoreOne(hold: KnownHold): Promise<void> {
    const { id, items, end } = hold;
    if (end?.kind === 'released') {
      await this.resolve('release', id, hold);
      return;
    }
    await this.#ask({
      script: SCRIPTS.restore,
      keys: [this.#keys.leases, this.#keys.hold(id), ...items.map(({ name }) => this.#keys.account(name))],
      body: () => ({ id, items: items.map(restoredItem) }),
      deadlineMs: this.#deadlineMs,
    });
    if (end?.kind === 'settled') await this.resolve('settle', id, hold, end.actual);
  }
}

function restoredItem({ name, unit, cap, span, ask }: HeldItem): object {
  return { name, unit, cap, span: spanBody(span), asks: [[ask.amount, ask.admit]] };
}

/** The current window of each item: that of the first claim on it. */
function spansOf({ items, itemOf, limits }: KnownHold, nowMs: number): readonly WindowSpan[] {
  return items.map((_, item) => spanOf(limits[itemOf.indexOf(item)]?.window, nowMs));
}

function isAmounts(actual: Amounts | undefined): actual is Amounts {
  return actual != null && isAmount(actual.usd) && isAmount(actual.tokens) && isAmount(actual.calls);
}
