import fc from 'fast-check';
import type { Clock } from '../../src/clock.js';
import type { Amounts, Balance, Claim, Limit, Unit } from '../../src/ledger/ledger.js';
import type { SyncLedger } from '../../src/ledger/memory.js';
import { type ClaimPlan, type Command, type Scenario, scenarios } from './ledger-commands.js';
import { describeAnswer, LedgerModel, type ModelAccount, type ModelClaim } from './ledger-model.js';

/** The invariants of the ledger, as its specification numbers them. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9';

/** An invariant that a ledger broke. */
export class InvariantError extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, command: Command, detail: unknown) {
    super(`${invariant} after ${JSON.stringify(command)}: ${JSON.stringify(detail)}`);
    this.invariant = invariant;
  }
}

export type LedgerFactory = (options: { readonly leaseMs: number; readonly clock: Clock }) => SyncLedger;

const LEASE_MS = 1000;
const UNITS: readonly Unit[] = ['usd', 'tokens', 'usd'];

/** The property: whatever is done to the ledger, no invariant is broken. */
export function ledgerProperty(makeLedger: LedgerFactory): fc.IProperty<[Scenario]> {
  return fc.property(scenarios, (scenario) => new Run(makeLedger, scenario).play());
}

class Run {
  readonly #scenario: Scenario;
  readonly #limits: readonly (readonly [Limit, Limit])[];
  readonly #model: LedgerModel;
  readonly #ledger: SyncLedger;
  readonly #expired: string[] = [];
  #nowMs = 0;

  constructor(makeLedger: LedgerFactory, scenario: Scenario) {
    this.#scenario = scenario;
    this.#limits = scenario.caps.map((caps, index) => makeLimits(index, caps));
    const accounts = this.#limits.map(
      ([limit, alias]): ModelAccount => ({ unit: limit.unit, caps: [limit.cap, alias.cap] }),
    );
    this.#model = new LedgerModel(accounts, LEASE_MS);
    const clock: Clock = { nowMs: () => 0, monotonicMs: () => this.#nowMs, schedule: () => () => {} };
    this.#ledger = makeLedger({ leaseMs: LEASE_MS, clock });
  }

  play(): void {
    for (const command of this.#scenario.commands) this.#step(command);
    this.#step({ kind: 'advance', leases: 1 });
    this.#step({ kind: 'expire' });
  }

  #step(command: Command): void {
    const id = 'attempt' in command ? nameOf(command.attempt) : '';
    if (command.kind === 'reserve' || command.kind === 'crash') {
      this.#reserve(command, id, this.#claims(command.claims));
    } else if (command.kind === 'repeat') {
      const known = this.#model.claimsOf(id);
      if (known !== undefined) this.#reserve(command, id, known);
    } else if (command.kind === 'settle') {
      const [usd, tokens, calls] = command.actual;
      this.#settle(command, id, { usd, tokens, calls });
    } else if (command.kind === 'settle-invalid') this.#settle(command, id, undefined);
    else if (command.kind === 'release') this.#release(command, id);
    else if (command.kind === 'advance') this.#nowMs += command.leases * LEASE_MS;
    else this.#expire(command);
  }

  #reserve(command: Command, id: string, claims: readonly ModelClaim[]): void {
    // An expired hold is never in the way of a reserve, whatever becomes of it.
    this.#expired.push(...this.#model.expire(this.#nowMs));
    const before = this.#expected();
    const expected = this.#model.answerTo(id, claims);
    const result = this.#ledger.reserve(
      id,
      claims.map((claim) => this.#toClaim(claim)),
    );
    const answer = describeAnswer(result);
    const after = this.#balances();
    this.#requireAmounts(command, after);
    if (answer !== 'granted') requireSame('I5', command, before, after.map(pickAmounts));
    if (expected === 'again') requireSame('I6', command, before, after.map(pickAmounts));
    requireSame('I3', command, expected === 'again' ? 'granted' : expected, answer);
    if (expected === 'granted') {
      this.#model.grant(id, claims, this.#nowMs, command.kind === 'crash');
      this.#requireAllOrNone(command, before, after, claims);
      this.#requireAdmission(command, after, claims);
    }
    this.#requireTotals(command, after);
  }

  #settle(command: Command, id: string, actual: Amounts | undefined): void {
    const before = this.#expected();
    const expected = this.#model.settle(id, actual);
    const given = command.kind === 'settle-invalid' ? (command.actual as Amounts | undefined) : actual;
    const { outcome } = this.#ledger.settle(id, given);
    const after = this.#balances();
    this.#requireAmounts(command, after);
    if (expected === 'duplicate' || expected === 'mismatch' || expected === 'unknown') {
      requireSame('I6', command, before, after.map(pickAmounts));
    }
    this.#requireTotals(command, after);
    requireSame('I6', command, expected, outcome);
  }

  #release(command: Command, id: string): void {
    const before = this.#expected();
    const isHeld = this.#model.release(id);
    this.#ledger.release(id);
    const after = this.#balances();
    this.#requireAmounts(command, after);
    if (!isHeld) requireSame('I6', command, before, after.map(pickAmounts));
    this.#requireTotals(command, after);
  }

  #expire(command: Command): void {
    const expected = [...this.#expired.splice(0), ...this.#model.expire(this.#nowMs)];
    const ids = this.#ledger.expire();
    const after = this.#balances();
    this.#requireAmounts(command, after);
    const isQuiet = !this.#model.hasRunningLease(this.#nowMs);
    if (isQuiet)
      requireSame(
        'I8',
        command,
        [0, 0, 0],
        after.map(({ held }) => held),
      );
    this.#requireTotals(command, after);
    requireSame('I8', command, expected, [...ids]);
    // What is finished stays finished: a second look finds nothing to charge.
    requireSame('I6', command, [], [...this.#ledger.expire()]);
    requireSame('I6', command, after, this.#balances());
  }

  #claims(plans: readonly ClaimPlan[]): ModelClaim[] {
    return plans.map(({ account, isAlias, amount, admit }) => {
      const [limit, alias] = this.#limits[account] as readonly [Limit, Limit];
      return { account, amount, cap: (isAlias ? alias : limit).cap, admit };
    });
  }

  #toClaim({ account, amount, cap, admit }: ModelClaim): Claim {
    const [limit, alias] = this.#limits[account] as readonly [Limit, Limit];
    return { limit: limit.cap === cap ? limit : alias, amount, admit };
  }

  #expected(): Numbers[] {
    return UNITS.map((_, account) => pickAmounts(this.#model.totals(account)));
  }

  /** The balances, each under the highest cap that its account is claimed under. */
  #balances(): readonly Balance[] {
    return this.#ledger.balances(this.#limits.map(([limit, alias]) => (alias.cap > limit.cap ? alias : limit)));
  }

  #requireAmounts(command: Command, balances: readonly Balance[]): void {
    for (const balance of balances) {
      const isSound = Object.values(balance).every((amount) => Number.isSafeInteger(amount) && amount >= 0);
      if (!isSound) throw new InvariantError('I9', command, balance);
    }
  }

  #requireAllOrNone(
    command: Command,
    before: readonly Numbers[],
    after: readonly Balance[],
    claims: readonly ModelClaim[],
  ): void {
    const claimed = claims.filter(({ amount }) => amount > 0).map(({ account }) => account);
    const grown = claimed.map((account) => (after[account]?.held ?? 0) > (before[account]?.held ?? 0));
    if (grown.includes(true) && grown.includes(false)) throw new InvariantError('I5', command, after);
  }

  #requireAdmission(command: Command, after: readonly Balance[], claims: readonly ModelClaim[]): void {
    for (const { account, cap, admit } of claims) {
      const { spent, held } = after[account] as Balance;
      const same = claims.filter((claim) => claim.account === account);
      const largest = Math.max(...same.map(({ amount }) => amount));
      // Where another claim on the account must fit, that one decides.
      const isBelowCap = spent + held - largest < cap || same.some((claim) => claim.admit === 'fit');
      const isAdmissible = admit === 'fit' ? spent + held <= cap : admit === 'always' || isBelowCap;
      if (!isAdmissible) throw new InvariantError('I3', command, after);
    }
  }

  #requireTotals(command: Command, balances: readonly Balance[]): void {
    for (const [account, { spent, held, presumed, overrun, excess }] of balances.entries()) {
      const expected = this.#model.totals(account);
      const detail = { account, expected, balance: balances[account] };
      if (expected.billed > spent + held + overrun) throw new InvariantError('I7', command, detail);
      if (spent !== expected.spent || presumed !== expected.presumed) throw new InvariantError('I2', command, detail);
      if (spent > this.#model.highestCap(account) + overrun + excess) throw new InvariantError('I4', command, detail);
      // A number that excuses spending above the cap must not be larger than what it stands for.
      if (overrun !== expected.overrun || excess !== expected.excess) throw new InvariantError('I4', command, detail);
      if (held !== expected.held) throw new InvariantError('I1', command, detail);
    }
  }
}

type Numbers = Pick<Balance, 'spent' | 'held' | 'presumed' | 'overrun' | 'excess'>;

function pickAmounts({ spent, held, presumed, overrun, excess }: Numbers): Numbers {
  return { spent, held, presumed, overrun, excess };
}

/** Two ways to one account. The first two accounts share a key and differ in unit; the third is known by its object. */
function makeLimits(index: number, [cap, aliasCap]: readonly [number, number]): [Limit, Limit] {
  const unit = UNITS[index] as Unit;
  if (index < 2)
    return [
      { key: '__proto__', unit, cap },
      { key: '__proto__', unit, cap: aliasCap },
    ];
  const limit: Limit = { unit, cap };
  return [limit, limit];
}

function nameOf(attempt: number): string {
  return `attempt-${attempt}`;
}

function requireSame(invariant: Invariant, command: Command, expected: unknown, received: unknown): void {
  if (JSON.stringify(expected) !== JSON.stringify(received)) {
    throw new InvariantError(invariant, command, { expected, received });
  }
}
