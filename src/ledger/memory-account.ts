import type { Admit, Balance, Claim, Limit, Unit } from './ledger.js';

const STRICTNESS: Readonly<Record<Admit, number>> = Object.freeze({ fit: 0, 'below-cap': 1, always: 2 });

/** What stands in one limit. */
export interface Account {
  readonly unit: Unit;
  spent: number;
  held: number;
  presumed: number;
  overrun: number;
  /** The part of `spent` that was granted above the cap. */
  spentAbove: number;
}

/** One account's part of a hold, and what stands in the account for it. */
export interface Item {
  readonly account: Account;
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
      items.push({ account, amount, cap: limit.cap, admit, above: 0, covered: amount, charged: 0 });
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
  const used = account.spent + account.held;
  return admit === 'fit' ? used + amount > cap : used >= cap;
}

export function hold(item: Item): void {
  const { account, amount, cap } = item;
  item.above = Math.min(amount, Math.max(0, account.spent + account.held + amount - cap));
  account.held += amount;
}

/** Puts `charge` in the place of what stands for the item; returns what of it the hold does not cover. */
export function book(item: Item, charge: number, isPresumed: boolean): number {
  const { account, charged } = item;
  const overrun = overrunOf(item, charge);
  account.spent += charge - charged;
  account.presumed += (isPresumed ? charge : 0) - charged;
  account.overrun += overrun - overrunOf(item, charged);
  account.spentAbove += aboveOf(item, charge) - aboveOf(item, charged);
  item.charged = charge;
  return overrun;
}

function overrunOf({ covered }: Item, charge: number): number {
  return Math.max(0, charge - covered);
}

function aboveOf({ above, covered }: Item, charge: number): number {
  return Math.max(0, above - Math.max(0, covered - charge));
}

export function balanceOf({ spent, held, presumed, overrun, spentAbove }: Account, cap: number): Balance {
  const excess = Math.min(spentAbove, Math.max(0, spent - cap));
  return { cap, spent, held, presumed, overrun, excess, remaining: Math.max(0, cap - spent - held) };
}

export function openAccount(unit: Unit): Account {
  return { unit, spent: 0, held: 0, presumed: 0, overrun: 0, spentAbove: 0 };
}

export function findItem(items: readonly Item[], account: Account): Item | undefined {
  for (const item of items) if (item.account === account) return item;
  return undefined;
}
