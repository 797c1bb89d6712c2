import { MAX_AMOUNT } from '../money.js';
import type { Balance, Limit, Unit, WindowSpan } from './ledger.js';
import { type Account, type Item, type Sums, spentOf } from './memory-account.js';
import { balanceFrom } from './request.js';
import type { LedgerFile } from './sqlite-file.js';

/** What was booked in one window, as the file has it. */
export interface StoredSums extends Sums {
  readonly id: string;
  forgetMs: number;
  isChanged: boolean;
}

/** An account as the file has it, seen in one window at a time. */
export interface StoredAccount extends Account {
  readonly name: string;
  /** The cap of the last grant. */
  cap: number | undefined;
  forgetMs: number;
  isChanged: boolean;
  readonly windows: Map<string, StoredSums>;
}

/** One account's part of a hold, on what the file has. */
export interface StoredItem extends Item {
  readonly account: StoredAccount;
  readonly sums: StoredSums;
  /** When what is booked for it no longer counts anywhere. */
  readonly countsUntilMs: number;
}

const DAY_MS = 86_400_000;

const READ_ACCOUNT = 'SELECT held, cap, forget_ms FROM ledger_accounts WHERE name = ?';
const READ_WINDOW =
  'SELECT spent, presumed, overrun, spent_above, forget_ms FROM ledger_windows WHERE account = ? AND id = ?';
const WRITE_ACCOUNT = `INSERT INTO ledger_accounts (name, held, cap, forget_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET held = excluded.held, cap = excluded.cap, forget_ms = excluded.forget_ms`;
const WRITE_WINDOW = `INSERT INTO ledger_windows (account, id, spent, presumed, overrun, spent_above, forget_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, id) DO UPDATE SET spent = excluded.spent,
  presumed = excluded.presumed, overrun = excluded.overrun, spent_above = excluded.spent_above,
  forget_ms = excluded.forget_ms`;

/** The accounts that one transaction reads and changes: each is read once and written once, however many steps ask. */
export class SqliteAccounts {
  readonly #file: LedgerFile;
  readonly #nowMs: number;
  readonly #accounts = new Map<string, StoredAccount>();

  constructor(file: LedgerFile, nowMs: number) {
    this.#file = file;
    this.#nowMs = nowMs;
  }

  /** An account in the window of `span`. It is the same object for each step: a step says first what it looks at. */
  in(unit: Unit, key: string, span: WindowSpan): StoredAccount {
    const name = `${unit}:${key}`;
    const account = this.#accounts.get(name) ?? this.#read(unit, name);
    account.span = span;
    account.current = this.window(account, span.id, span.countsUntilMs);
    account.earlier = undefined;
    if (span.earlierIds.length > 0) {
      account.earlier = new Map(span.earlierIds.map((id) => [id, this.window(account, id, 0)]));
    }
    return account;
  }

  window(account: StoredAccount, id: string, countsUntilMs: number): StoredSums {
    const sums = account.windows.get(id) ?? this.#readWindow(account, id);
    sums.forgetMs = Math.max(sums.forgetMs, forgetAt(countsUntilMs));
    return sums;
  }

  /** Writes what changed, and says whether anything did. */
  write(): boolean {
    let hasChanged = false;
    for (const account of this.#accounts.values()) {
      const { name, held, cap = null, windows } = account;
      if (account.isChanged) {
        hasChanged = true;
        this.#file.run(WRITE_ACCOUNT, [name, held, cap, account.forgetMs]);
      }
      for (const { id, spent, presumed, overrun, spentAbove, forgetMs, isChanged } of windows.values()) {
        // Of a window that counts no more, nothing is left to correct.
        if (!isChanged || forgetMs <= this.#nowMs) continue;
        hasChanged = true;
        this.#file.run(WRITE_WINDOW, [name, id, spent, ...[presumed, overrun, spentAbove].map(exact), forgetMs]);
      }
    }
    return hasChanged;
  }

  #read(unit: Unit, name: string): StoredAccount {
    const row = this.#file.all(READ_ACCOUNT, [name])[0];
    const account: StoredAccount = {
      name,
      unit,
      held: Number(row?.held ?? 0),
      cap: row?.cap == null ? undefined : Number(row.cap),
      forgetMs: Number(row?.forget_ms ?? 0),
      isChanged: false,
      span: undefined,
      current: { spent: 0, presumed: 0, overrun: 0, spentAbove: 0, marks: undefined },
      earlier: undefined,
      windows: new Map(),
    };
    this.#accounts.set(name, account);
    return account;
  }

  #readWindow(account: StoredAccount, id: string): StoredSums {
    const row = this.#file.all(READ_WINDOW, [account.name, id])[0];
    const sums: StoredSums = {
      id,
      spent: Number(row?.spent ?? 0),
      presumed: Number(row?.presumed ?? 0),
      overrun: Number(row?.overrun ?? 0),
      spentAbove: Number(row?.spent_above ?? 0),
      marks: undefined,
      forgetMs: Number(row?.forget_ms ?? 0),
      isChanged: false,
    };
    account.windows.set(id, sums);
    return sums;
  }
}

/** Notes that an account has changed, and the window that something was booked in. */
export function change(account: StoredAccount, countsUntilMs: number, sums?: StoredSums): void {
  account.isChanged = true;
  account.forgetMs = Math.max(account.forgetMs, forgetAt(countsUntilMs));
  if (sums !== undefined) sums.isChanged = true;
}

/** The balance of an account in the window it is looked at. */
export function storedBalance(account: StoredAccount, { cap }: Limit, otherCap = account.cap): Balance {
  const { held } = account;
  const sum = (part: 'presumed' | 'overrun' | 'spentAbove') => {
    let total = account.current[part];
    for (const sums of account.earlier?.values() ?? []) total += sums[part];
    return total;
  };
  const state = { spent: spentOf(account), held, presumed: sum('presumed'), overrun: sum('overrun') };
  return balanceFrom({ ...state, spentAbove: sum('spentAbove'), otherCap }, cap, account.span as WindowSpan);
}

/** When a record may go: a day after it counts no more, so that nothing hangs on the second. */
export function forgetAt(countsUntilMs: number): number {
  return Math.min(MAX_AMOUNT, Math.ceil(countsUntilMs) + DAY_MS);
}

/** Sums of information may grow without a bound where an operator corrects again and again. */
function exact(sum: number): number {
  return Math.max(-MAX_AMOUNT, Math.min(MAX_AMOUNT, sum));
}
