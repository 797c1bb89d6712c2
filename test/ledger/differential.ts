import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import type { Amounts, Ask, Balance, Claim, Limit } from '../../src/ledger/ledger.js';
import { memoryLedger, type SyncLedger } from '../../src/ledger/memory.js';
import { cutEvery, type Open, type OpenLedger, rollingOver, withoutOtherCap } from './conformance-fixture.js';
import { ACCOUNTS, type Command, type Plan, plans } from './differential-commands.js';

/*
 * Steps of time are large, and every edge lies in the middle between two of them: what a store needs for its work never
 * carries it across an edge that the memory ledger's clock has not reached. A run is over before a store may forget
 * what is finished.
 */
const STEP_MS = 50_000;
const LEASE_MS = 1.5 * STEP_MS;
const WINDOW_MS = 2 * STEP_MS;
const BUCKETS = 3;
const PHASE_MS = STEP_MS / 2;
const MAX_STEPS = 8;

/**
 * The differential suite: whatever is done, in whatever order, the ledger under test gives the answers of the memory
 * ledger, and has its balances. The store's time must be the time of this machine plus what `advance` was told.
 */
export function describeDifferential(name: string, open: Open, { runs = 50 }: { readonly runs?: number } = {}): void {
  describe(`${name}: the same answers as the memory ledger`, () => {
    it('whatever is done to it', async () => {
      const opened = await open({ leaseMs: LEASE_MS });
      try {
        const result = await fc.check(differentialProperty(opened), { numRuns: runs });
        expect(result.failed, fc.defaultReportMessage(result)).toBe(false);
      } finally {
        await opened.close();
      }
    }, 300_000);
  });
}

/** Opens a ledger as `describeDifferential` would. */
export function openForDifferential(open: Open): Promise<OpenLedger> {
  return open({ leaseMs: LEASE_MS });
}

/** The property: a plan has the same answers from both ledgers. Each run has keys and ids of its own. */
export function differentialProperty(opened: OpenLedger): fc.IAsyncProperty<[Plan]> {
  const salt = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
  let runs = 0;
  let advancedMs = 0;
  const advance = async (durationMs: number) => {
    advancedMs += durationMs;
    await opened.advance(durationMs);
  };
  return fc.asyncProperty(plans, async (plan) => {
    runs += 1;
    const run = new Run({ ...opened, advance }, plan, `d${salt}-${runs}`, Date.now() + advancedMs);
    await run.play();
  });
}

type Reserve = Extract<Command, { kind: 'reserve' }>;

class Run {
  readonly #tested: OpenLedger;
  readonly #memory: SyncLedger;
  readonly #plan: Plan;
  readonly #prefix: string;
  readonly #limits: readonly (readonly [Limit, Limit])[];
  readonly #granted = new Map<number, Reserve>();
  /** Charged by a reserve: a ledger may tell of them or not. */
  readonly #chargedInline = new Set<string>();
  #nowMs: number;
  #steps = 0;

  constructor(tested: OpenLedger, plan: Plan, prefix: string, startMs: number) {
    this.#tested = tested;
    this.#plan = plan;
    this.#prefix = prefix;
    this.#nowMs = startMs;
    this.#limits = plan.caps.map((caps, index) => makeLimits(prefix, index, caps, startMs - PHASE_MS));
    const clock: Clock = { nowMs: () => this.#nowMs, monotonicMs: () => this.#nowMs, schedule: () => () => {} };
    this.#memory = memoryLedger({ leaseMs: LEASE_MS, clock });
  }

  async play(): Promise<void> {
    for (const command of this.#plan.commands) await this.#play(command);
    // No hold is left behind to turn up in a later run.
    for (let step = 0; step < 2; step += 1) await this.#advance();
    await this.#play({ kind: 'expire' });
  }

  async #play(command: Command): Promise<void> {
    try {
      await this.#step(command);
      await this.#compareBalances();
    } catch (error) {
      throw new Error(`after ${JSON.stringify(command)}: ${(error as Error).message}`);
    }
  }

  async #step(command: Command): Promise<void> {
    switch (command.kind) {
      case 'reserve':
        return this.#reserve(command);
      case 'repeat': {
        const known = this.#granted.get(command.attempt);
        return known === undefined ? undefined : this.#reserve(known);
      }
      case 'settle':
        return this.#settle(this.#id(command.attempt), command.actual as Amounts | undefined);
      case 'release':
        this.#memory.release(this.#id(command.attempt));
        return this.#tested.ledger.release(this.#id(command.attempt));
      case 'expire':
        return this.#expire();
      case 'adjust': {
        const limit = this.#limit(command.account, false);
        const expected = this.#memory.adjust(limit, command.change, 'a test');
        const received = await this.#tested.ledger.adjust(limit, command.change, 'a test');
        return expect(withoutOtherCap(received)).toEqual(withoutOtherCap(expected));
      }
      case 'mark': {
        const limit = this.#limit(command.account, false);
        const expected = this.#memory.mark(limit, command.mark);
        return expect(await this.#tested.ledger.mark(limit, command.mark)).toBe(expected);
      }
      case 'advance':
        if (this.#steps < MAX_STEPS) await this.#advance();
    }
  }

  async #advance(): Promise<void> {
    this.#steps += 1;
    this.#nowMs += STEP_MS;
    await this.#tested.advance(STEP_MS);
  }

  async #reserve(command: Reserve): Promise<void> {
    for (const id of this.#memory.expire()) this.#chargedInline.add(id);
    const id = this.#id(command.attempt);
    const claims = command.claims.map(
      ({ account, isAlias, amount, admit }): Claim => ({ limit: this.#limit(account, isAlias), amount, admit }),
    );
    const fallbacks: readonly (readonly Ask[])[] = command.fallbacks;
    const expected = this.#memory.reserve(id, claims, fallbacks);
    const received = await this.#tested.ledger.reserve(id, claims, fallbacks);
    expect(withoutBalances(received)).toEqual(withoutBalances(expected));
    this.#compareGiven(
      received,
      claims.map(({ limit }) => limit),
    );
    if (expected.granted) this.#granted.set(command.attempt, command);
  }

  async #settle(id: string, actual: Amounts | undefined): Promise<void> {
    const expected = this.#memory.settle(id, actual);
    const received = await this.#tested.ledger.settle(id, actual);
    expect(withoutBalances(received)).toEqual(withoutBalances(expected));
    const granted = [...this.#granted].find(([attempt]) => this.#id(attempt) === id)?.[1];
    if (granted === undefined) return;
    this.#compareGiven(
      received,
      granted.claims.map(({ account, isAlias }) => this.#limit(account, isAlias)),
    );
  }

  async #expire(): Promise<void> {
    const expected = this.#memory.expire();
    const told = (await this.#tested.ledger.expire()).filter((id) => id.startsWith(`${this.#prefix}.`));
    const surely = told.filter((id) => !this.#chargedInline.delete(id));
    expect(surely.sort()).toEqual([...expected].sort());
  }

  /** What an answer says of the balances, where it says something. */
  #compareGiven(answer: { readonly balances?: readonly Balance[] } | object, limits: readonly Limit[]): void {
    if (!('balances' in answer) || answer.balances === undefined) return;
    expect(answer.balances.map(withoutOtherCap)).toEqual(this.#memory.balances(limits).map(withoutOtherCap));
  }

  async #compareBalances(): Promise<void> {
    const limits = this.#limits.flat();
    const received = (await this.#tested.ledger.balances(limits)).map(withoutOtherCap);
    expect(received).toEqual(this.#memory.balances(limits).map(withoutOtherCap));
  }

  #limit(account: number, isAlias: boolean): Limit {
    const [limit, alias] = this.#limits[account] as readonly [Limit, Limit];
    return isAlias ? alias : limit;
  }

  #id(attempt: number): string {
    return `${this.#prefix}.${attempt}`;
  }
}

/** Two ways to one account. The first two share a key and differ in unit; the others have windows. */
function makeLimits(prefix: string, index: number, caps: readonly [number, number], originMs: number): [Limit, Limit] {
  const windows = [undefined, undefined, cutEvery(WINDOW_MS, originMs), rollingOver(STEP_MS, BUCKETS, originMs)];
  const window = windows[index % ACCOUNTS];
  const limit = (cap: number): Limit => ({
    key: index < 2 ? `${prefix}/total` : `${prefix}/window-${index}`,
    unit: index === 1 ? 'tokens' : 'usd',
    cap,
    ...(window !== undefined && { window }),
  });
  return [limit(caps[0]), limit(caps[1])];
}

function withoutBalances(answer: object): object {
  const { balances: _, ...rest } = answer as { readonly balances?: unknown };
  return rest;
}
