import { MAX_AMOUNT } from '../money.js';
import type { Balance, Limit, ReserveResult, WindowSpan } from './ledger.js';
import { areSameItems, hold, isDenied, spentOf } from './memory-account.js';
import { FOR_EVER, type StoreRequest } from './request.js';
import {
  change,
  forgetAt,
  SqliteAccounts,
  type StoredAccount,
  type StoredItem,
  storedBalance,
} from './sqlite-accounts.js';
import type { LedgerFile } from './sqlite-file.js';
import { itemsOf, SqliteHolds, type StoredHold } from './sqlite-holds.js';
import { charge } from './sqlite-resolve.js';

/** What a reserve asks of the file. */
export interface Asked {
  readonly id: string;
  readonly request: StoreRequest;
  readonly limits: readonly Limit[];
  /** Whoever asked waits no more: what would be held now, nobody would give back. */
  isLate(): boolean;
}

const DUE_AT_ONCE = 256;
const FORGET_AT_LEAST = 16;
const NOW = "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now_ms";
const LAST_NOW = "SELECT value FROM ledger_meta WHERE name = 'now_ms'";
const KEEP_NOW = "UPDATE ledger_meta SET value = ? WHERE name = 'now_ms'";
const MARK = `INSERT INTO ledger_marks (account, window, mark, forget_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING RETURNING 1 AS is_first`;
const ADJUSTED = `INSERT INTO ledger_adjustments (time_ms, unit, key, window, change, reason) VALUES (?, ?, ?, ?, ?, ?)`;
const FORGET: readonly string[] = [
  `DELETE FROM ledger_holds WHERE id IN
    (SELECT id FROM ledger_holds WHERE forget_ms <= ? ORDER BY forget_ms LIMIT ?)`,
  `DELETE FROM ledger_windows WHERE (account, id) IN
    (SELECT account, id FROM ledger_windows WHERE forget_ms <= ? ORDER BY forget_ms LIMIT ?)`,
  `DELETE FROM ledger_marks WHERE (account, window, mark) IN
    (SELECT account, window, mark FROM ledger_marks WHERE forget_ms <= ? ORDER BY forget_ms LIMIT ?)`,
  `DELETE FROM ledger_accounts WHERE name IN
    (SELECT name FROM ledger_accounts WHERE forget_ms <= ? AND held = 0 ORDER BY forget_ms LIMIT ?)`,
];

/** One transaction on the file: the steps of many operations, each of which decides before it changes anything. */
export class SqliteTransaction {
  readonly nowMs: number;
  readonly accounts: SqliteAccounts;
  readonly holds: SqliteHolds;
  /** The holds that were charged because their lease is over. */
  readonly charged: string[] = [];
  readonly #file: LedgerFile;
  #mayBeDue = true;
  #hasChanged = false;

  /** `lastNowMs` is the latest time this process has seen. */
  constructor(file: LedgerFile, leaseMs: number, offsetMs: number, lastNowMs: number) {
    this.#file = file;
    this.nowMs = Math.max(machineNow(file) + offsetMs, lastNow(file), lastNowMs);
    this.accounts = new SqliteAccounts(file, this.nowMs);
    this.holds = new SqliteHolds(file, this.nowMs, leaseMs);
  }

  spanOf({ window }: Pick<Limit, 'window'> | { readonly window: undefined }): WindowSpan {
    return window === undefined ? FOR_EVER : window.at(this.nowMs);
  }

  look(limit: Limit): StoredAccount {
    return this.accounts.in(limit.unit, limit.key as string, this.spanOf(limit));
  }

  /** Charges a bounded number of the holds whose lease is over; whether there were any. */
  chargeDue(limit = DUE_AT_ONCE): boolean {
    if (!this.#mayBeDue) return false;
    const due = this.holds.due(limit);
    // A hold that is made in this transaction is not over in it.
    this.#mayBeDue = due.length === limit;
    for (const each of due) this.#chargeOne(each);
    return due.length > 0;
  }

  reserve(asked: Asked): ReserveResult {
    const spans = asked.request.items.map((item) => this.spanOf(item));
    this.chargeDue();
    const known = this.holds.get(asked.id);
    if (known !== undefined) return this.#repeat(known, asked, spans);
    if (asked.isLate()) return { granted: false, reason: 'late' };
    let result = this.#choose(asked, spans);
    // What an expired hold occupies of another window is free once it is charged there.
    while (!result.granted && result.reason === 'exceeded' && this.chargeDue()) result = this.#choose(asked, spans);
    return result;
  }

  adjust(limit: Limit, by: number, reason: string): Balance {
    const account = this.look(limit);
    const { current, held, unit, span } = account;
    const { id, countsUntilMs } = span as WindowSpan;
    const room = MAX_AMOUNT - spentOf(account) - held;
    current.spent = Math.max(0, current.spent + Math.min(by, room));
    change(account, countsUntilMs, this.accounts.window(account, id, countsUntilMs));
    this.#file.run(ADJUSTED, [this.nowMs, unit, limit.key as string, id, by, reason]);
    return storedBalance(account, limit);
  }

  mark(limit: Limit, mark: string): boolean {
    const { id, countsUntilMs } = this.spanOf(limit);
    const values = [`${limit.unit}:${limit.key}`, id, mark, forgetAt(countsUntilMs)];
    const isFirst = this.#file.all(MARK, values).length > 0;
    this.#hasChanged ||= isFirst;
    return isFirst;
  }

  /** Writes what the steps changed, and forgets some of what is over. A transaction of refusals writes nothing. */
  finish(stepCount: number): void {
    const hasChanged = this.accounts.write() || this.holds.hasChanged || this.#hasChanged;
    if (!hasChanged) return;
    this.#file.run(KEEP_NOW, [this.nowMs]);
    for (const sql of FORGET) this.#file.run(sql, [this.nowMs, FORGET_AT_LEAST + 2 * stepCount]);
  }

  #chargeOne(due: StoredHold): void {
    charge(this, due, itemsOf(due, this.accounts), undefined);
    this.charged.push(due.id);
  }

  #repeat(known: StoredHold, { request, limits }: Asked, spans: readonly WindowSpan[]): ReserveResult {
    if (known.state === 'held' && known.leaseEndsMs <= this.nowMs) this.#chargeOne(known);
    else if (known.state === 'held') {
      // The hold may be on other accounts than are asked for, so it is looked at first.
      const held = itemsOf(known, this.accounts);
      const choices = request.items[0]?.asks.length ?? 1;
      for (let choice = 0; choice < choices; choice += 1) {
        const items = this.#itemsFor(request, choice, spans);
        if (areSameItems(held, items)) {
          return { granted: true, choice, balances: this.#balances(request, limits, items) };
        }
      }
      return { granted: false, reason: 'mismatch' };
    }
    return { granted: false, reason: 'finished' };
  }

  #choose({ id, request, limits }: Asked, spans: readonly WindowSpan[]): ReserveResult {
    const choices = request.items[0]?.asks.length ?? 1;
    for (let choice = 0; ; choice += 1) {
      const items = this.#itemsFor(request, choice, spans);
      const denied = items.map(isDenied);
      if (!denied.includes(true)) {
        if (!items.every(hasRoom)) return { granted: false, reason: 'invalid' };
        return this.#grant(id, choice, items, request, limits);
      }
      if (choice + 1 < choices) continue;
      return {
        granted: false,
        reason: 'exceeded',
        denied: request.itemOf.flatMap((item, claim) => (denied[item] === true ? [claim] : [])),
        balances: this.#balances(request, limits, items),
      };
    }
  }

  #grant(
    id: string,
    choice: number,
    items: readonly StoredItem[],
    request: StoreRequest,
    limits: readonly Limit[],
  ): ReserveResult {
    const otherCaps = items.map(({ account }) => account.cap);
    for (const item of items) {
      hold(item);
      item.account.cap = item.cap;
      change(item.account, item.countsUntilMs);
    }
    this.holds.open(id, items);
    return { granted: true, choice, balances: this.#balances(request, limits, items, otherCaps) };
  }

  #itemsFor({ items }: StoreRequest, choice: number, spans: readonly WindowSpan[]): StoredItem[] {
    return items.map(({ key, unit, cap, asks }, index) => {
      const span = spans[index] as WindowSpan;
      const { amount, admit } = asks[choice] as (typeof asks)[number];
      const account = this.accounts.in(unit, key, span);
      const sums = this.accounts.window(account, span.id, span.countsUntilMs);
      const countsUntilMs = Math.min(MAX_AMOUNT, Math.ceil(span.countsUntilMs));
      return { account, sums, amount, cap, admit, above: 0, covered: amount, charged: 0, countsUntilMs };
    });
  }

  #balances(
    { itemOf }: StoreRequest,
    limits: readonly Limit[],
    items: readonly StoredItem[],
    otherCaps = items.map(({ account }) => account.cap),
  ): Balance[] {
    return limits.map((limit, claim) => {
      const item = itemOf[claim] as number;
      return storedBalance((items[item] as StoredItem).account, limit, otherCaps[item]);
    });
  }
}

/** The time of this machine as SQLite has it, so that all processes that share the file mean the same. */
export function machineNow(file: LedgerFile): number {
  return Number(file.all(NOW)[0]?.now_ms);
}

/** The latest time that anybody wrote at. */
export function lastNow(file: LedgerFile): number {
  return Number(file.all(LAST_NOW)[0]?.value ?? 0);
}

function hasRoom({ account, amount }: StoredItem): boolean {
  return spentOf(account) + account.held + amount <= MAX_AMOUNT;
}
