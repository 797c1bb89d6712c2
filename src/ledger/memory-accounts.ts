import type { Clock } from '../clock.js';
import type { Limit, Unit } from './ledger.js';
import { type Account, isOver, openAccount, rollTo } from './memory-account.js';

/** The accounts of a ledger in memory: those with a key by their key, the others by their limit. */
export class MemoryAccounts {
  readonly #clock: Clock;
  readonly #maxAccounts: number;
  readonly #own = new WeakMap<Limit, Account>();
  readonly #byKey: Record<Unit, Map<string, Account>> = { usd: new Map(), tokens: new Map(), calls: new Map() };
  #count = 0;
  /** The accounts that the operation under way has opened. */
  readonly #opened: Limit[] = [];
  /** Before this moment no account that is in use now can be over. */
  #nextSweepMs = 0;

  constructor(clock: Clock, maxAccounts: number) {
    this.#clock = clock;
    this.#maxAccounts = maxAccounts;
  }

  /** The account of a limit in the window of this moment; opens it where there is none, to be kept or dropped. */
  of(limit: Limit): Account {
    const known = this.#find(limit);
    return known === undefined ? this.#open(limit) : this.#inWindow(limit, known);
  }

  /** Keeps what was opened: something is booked in it now. */
  keepOpened(): void {
    if (this.#opened.length === 0) return;
    for (const limit of this.#opened.splice(0)) {
      const { span } = this.of(limit);
      if (span !== undefined) this.#nextSweepMs = Math.min(this.#nextSweepMs, span.countsUntilMs);
    }
  }

  /** Forgets what was opened: a refusal changes nothing, and must not fill the ledger. */
  dropOpened(): void {
    if (this.#opened.length === 0) return;
    for (const { key, unit } of this.#opened.splice(0)) {
      this.#byKey[unit].delete(key as string);
      this.#count -= 1;
    }
  }

  /** The same, without opening an account for whoever only looks. */
  look(limit: Limit): Account {
    return this.#inWindow(limit, this.#find(limit) ?? openAccount(limit.unit));
  }

  /** Whether there is room for the accounts that these limits would open; accounts that are over give way. */
  hasRoomFor(claims: readonly { readonly limit: Limit }[]): boolean {
    const room = this.#maxAccounts - this.#count;
    if (claims.length <= room) return true;
    const missing = this.#countMissing(claims);
    if (missing <= room) return true;
    this.#forgetOver(this.#clock.nowMs());
    // What was over may have been one of those that are asked for.
    return this.#countMissing(claims) <= this.#maxAccounts - this.#count;
  }

  #countMissing(claims: readonly { readonly limit: Limit }[]): number {
    const missing = new Set<string>();
    for (const { limit } of claims) {
      if (limit.key !== undefined && this.#find(limit) === undefined) missing.add(`${limit.unit}:${limit.key}`);
    }
    return missing.size;
  }

  #find(limit: Limit): Account | undefined {
    return limit.key === undefined ? this.#own.get(limit) : this.#byKey[limit.unit].get(limit.key);
  }

  #open(limit: Limit): Account {
    const account = openAccount(limit.unit);
    if (limit.key === undefined) {
      this.#own.set(limit, account);
    } else {
      this.#byKey[limit.unit].set(limit.key, account);
      this.#count += 1;
      this.#opened.push(limit);
    }
    return this.#inWindow(limit, account);
  }

  #inWindow({ window }: Limit, account: Account): Account {
    if (window !== undefined) rollTo(account, window, this.#clock.nowMs());
    return account;
  }

  #forgetOver(nowMs: number): void {
    // To look through all accounts for every call that finds no room would make a full ledger a slow one.
    if (nowMs < this.#nextSweepMs) return;
    let next = Number.POSITIVE_INFINITY;
    for (const accounts of Object.values(this.#byKey)) {
      for (const [key, account] of accounts) {
        if (isOver(account, nowMs)) {
          accounts.delete(key);
          this.#count -= 1;
        } else if (account.span !== undefined) {
          next = Math.min(next, Math.max(account.span.countsUntilMs, nowMs + 1000));
        }
      }
    }
    this.#nextSweepMs = next;
  }
}
