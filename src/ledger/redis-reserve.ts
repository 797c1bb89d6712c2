import type { Ask, Balance, Limit, WindowSpan } from './ledger.js';
import type { HeldItem } from './redis-holds.js';
import { accountName, type RedisKeys, spanBody, spanOf } from './redis-keys.js';
import type { RedisReply } from './redis-reply.js';
import { SCRIPTS } from './redis-scripts.js';
import type { Question } from './redis-store.js';
import { balanceFrom, type StoreItem, type StoreRequest, type StoreState } from './request.js';

/** A reserve as the store is asked; `onSpans` is told the windows of each attempt. */
export function reserveQuestion(
  keys: RedisKeys,
  id: string,
  { items }: StoreRequest,
  deadlineMs: number,
  onSpans: (spans: readonly WindowSpan[]) => void,
): Question {
  const names = items.map(({ unit, key }) => accountName(unit, key));
  return {
    script: SCRIPTS.reserve,
    keys: [keys.leases, keys.hold(id), ...names.map(keys.account)],
    body: (nowMs, leftMs) => {
      const spans = items.map(({ window }) => spanOf(window, nowMs));
      onSpans(spans);
      return {
        id,
        notAfter: nowMs + leftMs,
        // A clock that is far ahead of the store's would let a reserve lie in wait: it has to ask the time first.
        notBefore: nowMs - 2 * deadlineMs - 1000,
        choices: items[0]?.asks.length ?? 1,
        items: items.map(({ unit, cap, asks }, index) => ({
          name: names[index],
          unit,
          cap,
          span: spanBody(spans[index] as WindowSpan),
          asks: asks.map(({ amount, admit }) => [amount, admit]),
        })),
      };
    },
    deadlineMs,
  };
}

/** What was granted, as this process remembers it. */
export function heldItems(
  items: readonly StoreItem[],
  choice: number,
  spans: readonly WindowSpan[],
): readonly HeldItem[] {
  return items.map(({ unit, key, cap, asks }, index) => {
    const span = spans[index] as WindowSpan;
    return { name: accountName(unit, key), key, unit, cap, span, ask: asks[choice] as Ask };
  });
}

/** The balances beside the claims; `items` are those of the hold, where it was there before. */
export function balancesOf(
  reply: RedisReply,
  limits: readonly Limit[],
  itemOf: readonly number[],
  spans: readonly WindowSpan[],
  items?: readonly HeldItem[],
): readonly Balance[] {
  return limits.map((limit, claim) => {
    const index = itemOf[claim] as number;
    const state = reply.states?.[index] as StoreState;
    // After a settle the account names the cap of the hold itself, or of somebody after it.
    const ours = items !== undefined && state.otherCap === items[index]?.cap;
    return balanceFrom(ours ? { ...state, otherCap: undefined } : state, limit.cap, spans[index] as WindowSpan);
  });
}
