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
  /** Before this moment no account that is in use now can be over. */
  #nextSweepMs = 0;

  constructor(clock: Clock, maxAccounts: number) {
    this.#clock = clock;
    this.#maxAccounts = maxAccounts;
  }

  /** The account of a limit in the window of this moment; opens it where there is none. */
  of(limit: Limit): Account {
    return this.#inWindow(limit, this.#find(limit) ?? this.#open(limit));
  }

  /** The same, without opening an account for whoever only looks. */
  look(limit: Limit): Account {
    return this.#inWindow(limit, this.#find(limit) ?? openAccount(limit.unit));
  }

  /** Whether there is room for the accounts that these limits would open; accounts that are over give way. */
  hasRoomFor(claims: readonly { readonly limit: Limit }[]): boolean {
    const room = this.#maxAccounts - this.#count;
    if (claims.length <= room) return true;
    const missing = claims.filter(({ limit }) => limit.key !== undefined && this.#find(limit) === undefined).length;
    if (missing <= room) return true;
    this.#forgetOver(this.#clock.nowMs());
    return missing <= this.#maxAccounts - this.#count;
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
    }
    return account;
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
