import { isAmount, MAX_AMOUNT } from '../money.js';
import type { Amounts, Limit, SettleOutcome, SettleResult, Unit } from './ledger.js';
import { book, spentOf } from './memory-account.js';
import { change, type SqliteAccounts, type StoredAccount, type StoredItem, storedBalance } from './sqlite-accounts.js';
import { itemsOf, type SqliteHolds, type StoredHold } from './sqlite-holds.js';

/** The claims of a hold that this process made. */
export interface KnownClaims {
  readonly limits: readonly Limit[];
  readonly itemOf: readonly number[];
}

/** What ending a hold needs of a transaction. */
interface Step {
  readonly accounts: SqliteAccounts;
  readonly holds: SqliteHolds;
  look(limit: Limit): StoredAccount;
}

const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, calls: 0 });

export function settle(
  step: Step,
  id: string,
  actual: Amounts | undefined,
  known: KnownClaims | undefined,
): SettleResult {
  const hold = step.holds.get(id);
  if (hold === undefined || hold.state === 'void') return { outcome: 'unknown', overrun: NOTHING };
  if (hold.state === 'settled') {
    const isSame = !isValidActual(actual) || isSameActual(hold.actual, actual);
    return { outcome: isSame ? 'duplicate' : 'mismatch', overrun: NOTHING };
  }
  // Seen in the windows of now where they are known: then the answer can say what stands there.
  const items = itemsOf(hold, step.accounts, known && spansOf(hold, step, known));
  if (hold.state === 'presumed' && !isChargeable(items, actual)) return { outcome: 'duplicate', overrun: NOTHING };
  if (hold.state === 'held') giveBack(items);
  const { isKnown, overrun } = bookAll(step, hold, items, actual);
  const outcome = outcomeOf(hold, isKnown);
  if (known === undefined) return { outcome, overrun };
  const balances = known.limits.map((limit, claim) => {
    return storedBalance((items[known.itemOf[claim] as number] as StoredItem).account, limit);
  });
  return { outcome, overrun, balances };
}

export function release({ accounts, holds }: Step, id: string): void {
  const hold = holds.get(id);
  // A reserve that arrives after its own release must not hold money that nobody would give back.
  if (hold === undefined) holds.bar(id);
  if (hold?.state !== 'held') return;
  const items = itemsOf(hold, accounts);
  giveBack(items);
  for (const item of items) {
    item.above = 0;
    item.covered = 0;
  }
  holds.end(id, 'released', items);
}

/** Ends an open hold by charging it, as its bill is not known. */
export function charge(step: Step, hold: StoredHold, items: readonly StoredItem[], actual: Amounts | undefined): void {
  giveBack(items);
  bookAll(step, hold, items, actual);
}

function spansOf({ items }: StoredHold, step: Step, { limits, itemOf }: KnownClaims) {
  return items.map((_, item) => {
    const limit = limits[itemOf.indexOf(item)];
    return limit === undefined ? undefined : step.look(limit).span;
  }) as Parameters<typeof itemsOf>[2];
}

function outcomeOf({ state }: StoredHold, isKnown: boolean): SettleOutcome {
  if (state === 'released') return 'after-release';
  if (state === 'presumed') return 'late';
  return isKnown ? 'settled' : 'presumed';
}

function giveBack(items: readonly StoredItem[]): void {
  for (const { account, amount, countsUntilMs } of items) {
    account.held = Math.max(0, account.held - amount);
    change(account, countsUntilMs);
  }
}

function bookAll(step: Step, { id }: StoredHold, items: readonly StoredItem[], actual: Amounts | undefined) {
  const isKnown = isChargeable(items, actual);
  const overrun: Record<Unit, number> = { usd: 0, tokens: 0, calls: 0 };
  for (const item of items) {
    const { account, sums, amount, countsUntilMs } = item;
    // Room for the amount is certain while it is held; once it was given back, others may have filled the account.
    const room = Math.max(0, MAX_AMOUNT - Math.max(spentOf(account) + account.held, sums.spent));
    const uncovered = book(item, isKnown ? actual[account.unit] : Math.min(amount, room), !isKnown);
    overrun[account.unit] = Math.max(overrun[account.unit], uncovered);
    change(account, countsUntilMs, sums);
  }
  if (isKnown) step.holds.end(id, 'settled', [], { usd: actual.usd, tokens: actual.tokens, calls: actual.calls });
  else step.holds.end(id, 'presumed', items);
  return { isKnown, overrun };
}

/** Whether `actual` is usable: an amount that an account could not count exactly is as good as none. */
function isChargeable(items: readonly StoredItem[], actual: Amounts | undefined): actual is Amounts {
  if (!isValidActual(actual)) return false;
  return items.every(({ account, sums, charged }) => {
    const others = Math.max(spentOf(account) + account.held, sums.spent) - charged;
    return others + actual[account.unit] <= MAX_AMOUNT;
  });
}

function isValidActual(actual: Amounts | undefined): actual is Amounts {
  return actual != null && isAmount(actual.usd) && isAmount(actual.tokens) && isAmount(actual.calls);
}

function isSameActual(left: Amounts | undefined, right: Amounts): boolean {
  return left?.usd === right.usd && left.tokens === right.tokens && left.calls === right.calls;
}
