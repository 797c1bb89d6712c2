import type {
  Admit,
  Amounts,
  Balance,
  RefusalReason,
  ReserveResult,
  SettleOutcome,
  Unit,
} from '../../src/ledger/ledger.js';

/** What the model knows of an account: the caps it can be claimed under. */
export interface ModelAccount {
  readonly unit: Unit;
  readonly caps: readonly [number, number];
}

/** A claim, with the cap of the limit object it goes through. */
export interface ModelClaim {
  readonly account: number;
  readonly amount: number;
  readonly cap: number;
  readonly admit: Admit;
}

interface ModelPart extends ModelClaim {
  /** What stood in the account, spent and held, when the hold was granted. */
  readonly usedBefore: number;
}

interface ModelHold {
  readonly id: string;
  readonly claims: readonly ModelClaim[];
  readonly parts: readonly ModelPart[];
  readonly deadlineMs: number;
  state: 'held' | 'settled' | 'presumed' | 'released';
  wasReleased: boolean;
  actual: Amounts | undefined;
  /** What the provider has billed, per part; the whole hold where nobody knows. */
  billed: readonly number[];
}

/** The numbers of an account, and what providers have billed on it. */
export type ModelTotals = Pick<Balance, 'spent' | 'held' | 'presumed' | 'overrun' | 'excess'> & { billed: number };

/**
 * The ledger as a list of holds: nothing is kept up to date, every number is added up from the list when it is asked
 * for. Slow, and obviously right.
 */
export class LedgerModel {
  readonly accounts: readonly ModelAccount[];
  readonly #leaseMs: number;
  readonly #holds: ModelHold[] = [];
  readonly #voided: string[] = [];

  constructor(accounts: readonly ModelAccount[], leaseMs: number) {
    this.accounts = accounts;
    this.#leaseMs = leaseMs;
  }

  /** What a reserve must answer: granted, the reason, or the indices of the claims that deny. */
  answerTo(id: string, claims: readonly ModelClaim[]): 'granted' | 'again' | 'mismatch' | 'finished' | number[] {
    const hold = this.#find(id);
    if (hold?.state === 'held') return isSameRequest(merge(hold.claims), merge(claims)) ? 'again' : 'mismatch';
    if (hold !== undefined || this.#voided.includes(id)) return 'finished';
    const refusing = merge(claims).filter((claim) => this.#refuses(claim));
    if (refusing.length === 0) return 'granted';
    return claims.flatMap(({ account }, index) => (refusing.some((claim) => claim.account === account) ? [index] : []));
  }

  grant(id: string, claims: readonly ModelClaim[], nowMs: number, isBilled: boolean): void {
    const parts = merge(claims).map((claim) => ({ ...claim, usedBefore: this.#used(claim.account) }));
    this.#holds.push({
      ...{ id, claims, parts, deadlineMs: nowMs + this.#leaseMs },
      ...{ state: 'held', wasReleased: false, actual: undefined },
      billed: parts.map(({ amount }) => (isBilled ? amount : 0)),
    });
  }

  settle(id: string, actual: Amounts | undefined): SettleOutcome {
    const hold = this.#find(id);
    if (hold === undefined) return 'unknown';
    const { state } = hold;
    if (state === 'settled') {
      if (actual === undefined || JSON.stringify(actual) === JSON.stringify(hold.actual)) return 'duplicate';
      return 'mismatch';
    }
    if (state === 'presumed' && actual === undefined) return 'duplicate';
    hold.state = actual === undefined ? 'presumed' : 'settled';
    hold.actual = actual;
    hold.billed = hold.parts.map(({ account, amount }) => (actual ? actual[this.#unit(account)] : amount));
    if (state === 'released') return 'after-release';
    if (state === 'presumed') return 'late';
    return actual === undefined ? 'presumed' : 'settled';
  }

  /** Whether the release changes anything in the accounts. */
  release(id: string): boolean {
    const hold = this.#find(id);
    if (hold === undefined) this.#voided.push(id);
    if (hold?.state !== 'held') return false;
    hold.state = 'released';
    hold.wasReleased = true;
    hold.billed = hold.parts.map(() => 0);
    return true;
  }

  /** Charges what is over at `nowMs`; returns the ids. */
  expire(nowMs: number): string[] {
    const over = this.#holds.filter(({ state, deadlineMs }) => state === 'held' && deadlineMs <= nowMs);
    for (const hold of over) {
      hold.state = 'presumed';
      hold.billed = hold.parts.map(({ amount }) => amount);
    }
    return over.map(({ id }) => id);
  }

  claimsOf(id: string): readonly ModelClaim[] | undefined {
    return this.#find(id)?.claims;
  }

  /** Whether any lease still runs. */
  hasRunningLease(nowMs: number): boolean {
    return this.#holds.some(({ deadlineMs }) => deadlineMs > nowMs);
  }

  totals(account: number): ModelTotals {
    const totals = { spent: 0, held: 0, presumed: 0, overrun: 0, excess: 0, billed: 0 };
    for (const hold of this.#holds) {
      for (const [index, part] of hold.parts.entries()) {
        if (part.account !== account) continue;
        totals.billed += hold.billed[index] as number;
        if (hold.state === 'held') totals.held += part.amount;
        if (hold.state === 'held' || hold.state === 'released') continue;
        const charge = hold.actual === undefined ? part.amount : hold.actual[this.#unit(account)];
        totals.spent += charge;
        if (hold.state === 'presumed') totals.presumed += charge;
        if (hold.wasReleased) totals.overrun += charge;
        else if (charge > part.amount) totals.overrun += charge - part.amount;
        if (!hold.wasReleased) totals.excess += countAboveCap(part, Math.min(charge, part.amount));
      }
    }
    // What lies above the cap as a whole is all that can be answered for.
    totals.excess = Math.min(totals.excess, Math.max(0, totals.spent - this.highestCap(account)));
    return totals;
  }

  highestCap(account: number): number {
    return Math.max(...(this.accounts[account] as ModelAccount).caps);
  }

  #refuses({ account, amount, cap, admit }: ModelClaim): boolean {
    const used = this.#used(account);
    if (admit === 'fit') return !(used + amount <= cap);
    return admit === 'below-cap' && !(used < cap);
  }

  #used(account: number): number {
    const { spent, held } = this.totals(account);
    return spent + held;
  }

  #unit(account: number): Unit {
    return (this.accounts[account] as ModelAccount).unit;
  }

  #find(id: string): ModelHold | undefined {
    return this.#holds.find((hold) => hold.id === id);
  }
}

/** How much of `charge`, laid on top of what stood before the hold, lies above the cap. Counted one by one. */
function countAboveCap({ usedBefore, cap }: ModelPart, charge: number): number {
  let above = 0;
  for (let unit = 1; unit <= charge; unit += 1) if (usedBefore + unit > cap) above += 1;
  return above;
}

function merge(claims: readonly ModelClaim[]): ModelClaim[] {
  const accounts = [...new Set(claims.map(({ account }) => account))];
  return accounts.map((account) => {
    const same = claims.filter((claim) => claim.account === account);
    const admits = same.map(({ admit }) => admit);
    return {
      account,
      amount: Math.max(...same.map(({ amount }) => amount)),
      cap: Math.min(...same.map(({ cap }) => cap)),
      admit: admits.includes('fit') ? 'fit' : admits.includes('below-cap') ? 'below-cap' : 'always',
    };
  });
}

function isSameRequest(left: readonly ModelClaim[], right: readonly ModelClaim[]): boolean {
  const show = (claims: readonly ModelClaim[]) =>
    JSON.stringify(claims.map(({ account, amount, admit }) => [account, amount, admit]));
  return show(left) === show(right);
}

/** The answer of a ledger in the words of the model. */
export function describeAnswer(result: ReserveResult): 'granted' | RefusalReason | number[] {
  if (result.granted) return 'granted';
  return result.reason === 'exceeded' ? [...result.denied] : result.reason;
}
