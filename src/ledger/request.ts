import { isAmount } from '../money.js';
import type { Admit, Ask, Balance, Claim, Unit, Window, WindowSpan } from './ledger.js';

/** A reserve as a shared store gets it: each account once, however many claims reach it. */
export interface StoreRequest {
  readonly items: readonly StoreItem[];
  /** For each claim, the index of its item. */
  readonly itemOf: readonly number[];
}

/** One account of a request. */
export interface StoreItem {
  readonly key: string;
  readonly unit: Unit;
  /** The lowest of its claims. */
  readonly cap: number;
  readonly window: Window | undefined;
  /** What is asked of it in each choice: the larger amount and the stricter admission of its claims. */
  readonly asks: readonly Ask[];
}

/** What a store knows of one account in its current window. */
export interface StoreState {
  readonly spent: number;
  readonly held: number;
  readonly presumed: number;
  readonly overrun: number;
  /** Part of `spent` that was granted above the cap. */
  readonly spentAbove: number;
  /** The cap of the reserve before, where it was another one. */
  readonly otherCap?: number | undefined;
}

/** The window of a limit without one. */
export const FOR_EVER: WindowSpan = Object.freeze({
  id: 'forever',
  startMs: 0,
  endMs: Number.MAX_SAFE_INTEGER,
  earlierIds: Object.freeze([]),
  countsUntilMs: Number.MAX_SAFE_INTEGER,
  resetsAtMs: undefined,
});

const STRICTNESS: Readonly<Record<Admit, number>> = Object.freeze({ fit: 0, 'below-cap': 1, always: 2 });
const UNITS: readonly unknown[] = ['usd', 'tokens', 'calls'];
const ID = /^[A-Za-z0-9_.:-]{1,200}$/;
const KEY = /^[A-Za-z0-9_.~%=/:@+-]{1,4000}$/;
const MAX_CLAIMS = 4096;
const MAX_CHOICES = 16;

/** Whether an id can be stored as it is. */
export function isStoreId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id);
}

/** Whether a key can be stored as it is: no separator or quote of any store is in it. */
export function isStoreKey(key: unknown): key is string {
  return typeof key === 'string' && KEY.test(key);
}

/** Reads a reserve; `undefined` for one that no store takes. */
export function readRequest(
  id: string,
  claims: readonly Claim[],
  fallbacks: readonly (readonly Ask[])[] = [],
): StoreRequest | undefined {
  if (!isStoreId(id) || !Array.isArray(claims) || claims.length > MAX_CLAIMS) return undefined;
  if (fallbacks.length >= MAX_CHOICES || !claims.every(isStoreClaim)) return undefined;
  if (!fallbacks.every((asks) => asks.length === claims.length && asks.every(isAsk))) return undefined;
  const choices: readonly (readonly Ask[])[] = [claims, ...fallbacks];
  const byAccount = new Map<string, number>();
  const items: StoreItem[] = [];
  const itemOf = claims.map(({ limit }, index) => {
    const { key = '', unit, cap, window } = limit;
    const asks = choices.map((choice) => pickAsk(choice[index] as Ask));
    const account = `${unit}:${key}`;
    const known = byAccount.get(account);
    if (known === undefined) {
      byAccount.set(account, items.length);
      return items.push({ key, unit, cap, window, asks }) - 1;
    }
    const same = items[known] as StoreItem;
    const merged = same.asks.map((ask, choice) => strictest(ask, asks[choice] as Ask));
    items[known] = { ...same, cap: Math.min(same.cap, cap), asks: merged };
    return known;
  });
  return { items, itemOf };
}

/** The balance of an account under `cap`. */
export function balanceFrom(state: StoreState, cap: number, span: WindowSpan): Balance {
  const { spent, held, presumed, overrun, spentAbove, otherCap } = state;
  return {
    cap,
    spent,
    held,
    presumed,
    overrun,
    excess: Math.min(spentAbove, Math.max(0, spent - cap)),
    remaining: Math.max(0, cap - spent - held),
    ...(span.resetsAtMs !== undefined && { resetsAtMs: span.resetsAtMs }),
    ...(otherCap !== undefined && otherCap !== cap && { otherCap }),
  };
}

function strictest(left: Ask, right: Ask): Ask {
  const admit = STRICTNESS[left.admit] <= STRICTNESS[right.admit] ? left.admit : right.admit;
  return { amount: Math.max(left.amount, right.amount), admit };
}

function pickAsk({ amount, admit }: Ask): Ask {
  return { amount, admit };
}

function isStoreClaim(claim: Claim): boolean {
  const limit = claim?.limit;
  if (typeof limit !== 'object' || limit === null) return false;
  return isAsk(claim) && isAmount(limit.cap) && UNITS.includes(limit.unit) && isStoreKey(limit.key);
}

function isAsk(ask: Ask): boolean {
  return isAmount(ask?.amount) && typeof ask.admit === 'string' && Object.hasOwn(STRICTNESS, ask.admit);
}
