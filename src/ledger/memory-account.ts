import type { Admit, Balance, Claim, Limit, Unit, Window, WindowSpan } from './ledger.js';

const STRICTNESS: Readonly<Record<Admit, number>> = Object.freeze({ fit: 0, 'below-cap': 1, always: 2 });

/** What was booked in one window of an account. */
export interface Sums {
  spent: number;
  presumed: number;
  overrun: number;
  /** The part of `spent` that was granted above the cap. */
  spentAbove: number;
  /** What was told about this window. */
  marks: Set<string> | undefined;
}

/** What stands in one limit. What is held knows no window, so that a cap holds wherever a provider books a call. */
export interface Account {
  readonly unit: Unit;
  held: number;
  /** The window in force; `undefined` for an account that has only one, for ever. */
  span: WindowSpan | undefined;
  current: Sums;
  /** Windows before it whose spending still counts, by id. */
  earlier: Map<string, Sums> | undefined;
}

/** One account's part of a hold, and what stands in the account for it. */
export interface Item {
  readonly account: Account;
  /** The window it is booked in, which is the one it was held in. */
  readonly sums: Sums;
  amount: number;
  cap: number;
  admit: Admit;
  /** The part of `covered` that was granted above the cap. */
  above: number;
  /** What the hold covers of a charge: the amount, or nothing once the hold was given back. */
  covered: number;
  /** What stands in `spent`: nothing while held or released, the amount once presumed. */
  charged: number;
}

/** Two claims on one account are one: the larger amount, the lower cap, the stricter admission. */
export function mergeClaims(claims: readonly Claim[], accountOf: (limit: Limit) => Account): Item[] {
  const items: Item[] = [];
  for (const { limit, amount, admit } of claims) {
    const account = accountOf(limit);
    const same = findItem(items, account);
    if (same === undefined) {
      items.push({
        account,
        sums: account.current,
        amount,
        cap: limit.cap,
        admit,
        above: 0,
        covered: amount,
        charged: 0,
      });
      continue;
    }
    same.amount = Math.max(same.amount, amount);
    same.covered = same.amount;
    same.cap = Math.min(same.cap, limit.cap);
    if (STRICTNESS[admit] < STRICTNESS[same.admit]) same.admit = admit;
  }
  return items;
}

/** The same request: the same accounts, amounts and admissions, in the same order. */
export function areSameItems(left: readonly Item[], right: readonly Item[]): boolean {
  return left.length === right.length && left.every((item, index) => isSameItem(item, right[index] as Item));
}

function isSameItem(left: Item, right: Item): boolean {
  return left.account === right.account && left.amount === right.amount && left.admit === right.admit;
}

/*
 * Why a cap holds. Every step keeps, for each account and the highest cap it was ever claimed under,
 *
 *   spent + held ≤ cap + overrun + spentAbove + heldAbove,   where heldAbove is the sum of `above` over its open holds.
 *
 * Grant: a claim that must fit is granted only where spent + held + amount ≤ cap. Any other has as `above` the part of
 * its amount beyond the cap. Where spent + held ≥ cap already, that is all of it, and both sides grow by the amount;
 * else it is spent + held + amount − cap, and the line holds by itself.
 * Charge: the left side changes by charge − covered; the right side grows by max(0, charge − covered) and loses
 * min(above, max(0, covered − charge)), as money that was not needed comes off the part above the cap first. That is
 * never more than the left side loses. A correction takes out what stands for the item and books anew, so it ends
 * where a first charge of that amount would have ended.
 * Give back: the left side loses the amount, the right side `above`, which is no more. A charge afterwards is covered
 * by nothing, so all of it is overrun, on both sides.
 *
 * As heldAbove ≤ held, it follows that spent ≤ cap + overrun + spentAbove. The `excess` that is shown is spentAbove, or
 * spent − cap where others freed the room since; either way spent ≤ cap + overrun + excess. Where all claims must fit,
 * `above` is 0 throughout, and nothing but an overrun passes the cap.
 */

export function isDenied({ account, amount, cap, admit }: Item): boolean {
  if (admit === 'always') return false;
  const used = spentOf(account) + account.held;
  return admit === 'fit' ? used + amount > cap : used >= cap;
}

export function hold(item: Item): void {
  const { account, amount, cap } = item;
  item.above = Math.min(amount, Math.max(0, spentOf(account) + account.held + amount - cap));
  account.held += amount;
}

/** Puts `charge` in the place of what stands for the item; returns what of it the hold does not cover. */
export function book(item: Item, charge: number, isPresumed: boolean): number {
  const { sums, charged } = item;
  const overrun = overrunOf(item, charge);
  // An operator may have taken out meanwhile what stood for this item; nothing is ever owed to an account.
  sums.spent = Math.max(0, sums.spent + charge - charged);
  sums.presumed += (isPresumed ? charge : 0) - charged;
  sums.overrun += overrun - overrunOf(item, charged);
  sums.spentAbove += aboveOf(item, charge) - aboveOf(item, charged);
  item.charged = charge;
  return overrun;
}

function overrunOf({ covered }: Item, charge: number): number {
  return Math.max(0, charge - covered);
}

function aboveOf({ above, covered }: Item, charge: number): number {
  return Math.max(0, above - Math.max(0, covered - charge));
}

/** What counts against the cap in the window in force. */
export function spentOf(account: Account): number {
  return account.earlier === undefined ? account.current.spent : total(account, 'spent');
}

export function balanceOf(account: Account, cap: number): Balance {
  const { held, span } = account;
  const spent = spentOf(account);
  const excess = Math.min(total(account, 'spentAbove'), Math.max(0, spent - cap));
  const presumed = total(account, 'presumed');
  const overrun = total(account, 'overrun');
  const balance = { cap, spent, held, presumed, overrun, excess, remaining: Math.max(0, cap - spent - held) };
  return span?.resetsAtMs === undefined ? balance : { ...balance, resetsAtMs: span.resetsAtMs };
}

function total(account: Account, part: 'spent' | 'spentAbove' | 'presumed' | 'overrun'): number {
  let sum = account.current[part];
  if (account.earlier !== undefined) for (const sums of account.earlier.values()) sum += sums[part];
  return sum;
}

export function openAccount(unit: Unit): Account {
  return { unit, held: 0, span: undefined, current: openSums(), earlier: undefined };
}

/** Brings an account to the window of `nowMs`. It never goes back to an earlier one, whatever the clock says. */
export function rollTo(account: Account, window: Window, nowMs: number): void {
  const last = account.span;
  if (last !== undefined && nowMs < last.endMs) return;
  const span = window.at(nowMs);
  account.span = span;
  if (last === undefined) return;
  const kept = new Map<string, Sums>();
  for (const id of span.earlierIds) {
    const sums = id === last.id ? account.current : account.earlier?.get(id);
    if (sums !== undefined) kept.set(id, sums);
  }
  account.earlier = kept.size === 0 ? undefined : kept;
  account.current = openSums();
}

/** Whether an account can be forgotten: nothing is held, and nothing that was spent counts any more. */
export function isOver({ held, span }: Account, nowMs: number): boolean {
  return held === 0 && span !== undefined && span.countsUntilMs <= nowMs;
}

function openSums(): Sums {
  return { spent: 0, presumed: 0, overrun: 0, spentAbove: 0, marks: undefined };
}

export function findItem(items: readonly Item[], account: Account): Item | undefined {
  for (const item of items) if (item.account === account) return item;
  return undefined;
}
