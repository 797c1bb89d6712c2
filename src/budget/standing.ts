import type { Clock } from '../clock.js';
import { ConfigError, LedgerUnavailableError } from '../errors.js';
import type { Limit, MaybePromise, Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import type { Tags } from '../sink/sink.js';
import { accountKey } from './account-key.js';
import { type BudgetRun, UNITS } from './run.js';
import { type BudgetSpec, type Caps, readCap, type StandingSpec } from './spec.js';

type StandingBudgetSpec = BudgetSpec & { readonly name: string; readonly standing: StandingSpec };

interface Account {
  readonly run: BudgetRun;
  /** When caps that are a function of the tags are asked again. */
  readonly capsUntilMs: number;
}

// Accounts of users that are not seen again give way; their money is in the ledger, not here.
const MAX_ACCOUNTS = 10_000;

/** A budget that stands in the ledger under its name, with one account for each combination of its `per` tags. */
export class StandingBudget {
  readonly spec: StandingBudgetSpec;
  readonly #owner: object;
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();

  constructor(owner: object, spec: StandingBudgetSpec, clock: Clock) {
    this.spec = spec;
    this.#owner = owner;
    this.#clock = clock;
  }

  /** What makes two budgets of one name the same: caps may differ. */
  get identity(): string {
    const { window, per } = this.spec.standing;
    return JSON.stringify([window.signature, [...per].sort()]);
  }

  /**
   * The account of a call with these tags; `undefined` where the call is none of this budget's.
   *
   * @throws ConfigError naming the `per` tag the call does not have, or a cap that is none.
   */
  accountFor(tags: Tags): MaybePromise<BudgetRun | undefined> {
    const { name, standing } = this.spec;
    const missing = standing.per.find((key) => tags[key] === undefined);
    if (missing !== undefined && standing.onMissingTag === 'skip') return undefined;
    if (missing !== undefined && standing.onMissingTag === 'refuse') {
      throw new ConfigError({
        option: `tag '${missing}'`,
        value: undefined,
        remedy: `budget '${name}' has an account for each '${missing}': make the call inside track({ ${missing}: … }), or set onMissingTag`,
      });
    }
    const per = missing === undefined ? standing.per : [];
    const key = accountKey(name, standing.window, per, tags);
    const known = this.#accounts.get(key);
    if (known !== undefined && this.#clock.monotonicMs() < known.capsUntilMs) {
      // The one that was used last is forgotten last.
      this.#accounts.delete(key);
      this.#accounts.set(key, known);
      return known.run;
    }
    const caps = this.#capsFor(tags);
    return caps instanceof Promise ? caps.then((read) => this.#open(key, read)) : this.#open(key, caps);
  }

  #open(key: string, caps: Caps): BudgetRun {
    const { window, capSources, capTtlMs } = this.spec.standing;
    const limit = (unit: Unit): Limit => Object.freeze({ key, unit, cap: caps[unit] ?? MAX_AMOUNT, window });
    const run: BudgetRun = {
      owner: this.#owner,
      id: key,
      spec: { ...this.spec, caps },
      limits: { usd: limit('usd'), tokens: limit('tokens'), calls: limit('calls') },
      openedMs: this.#clock.nowMs(),
      isCut: false,
      alerted: new Set(),
    };
    const isFixed = Object.keys(capSources).length === 0;
    const capsUntilMs = isFixed ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() + capTtlMs;
    this.#accounts.delete(key);
    this.#accounts.set(key, { run, capsUntilMs });
    if (this.#accounts.size > MAX_ACCOUNTS) this.#accounts.delete(this.#accounts.keys().next().value as string);
    return run;
  }

  #capsFor(tags: Tags): MaybePromise<Caps> {
    const { capSources } = this.spec.standing;
    const asked = UNITS.flatMap((unit) => {
      const source = capSources[unit];
      return source === undefined ? [] : [{ unit, answer: this.#ask(source, tags) }];
    });
    if (asked.length === 0) return this.spec.caps;
    const fill = (answers: readonly unknown[]): Caps => {
      const caps: Partial<Record<Unit, number>> = { ...this.spec.caps };
      for (const [index, { unit }] of asked.entries()) caps[unit] = readCap(unit, answers[index]);
      return Object.freeze(caps);
    };
    const answers = asked.map(({ answer }) => answer);
    if (!answers.some((answer) => answer instanceof Promise)) return fill(answers);
    return Promise.all(answers).then(fill, () => this.#noCap());
  }

  #ask(source: (tags: Tags) => unknown, tags: Tags): unknown {
    try {
      return source(tags);
    } catch {
      return this.#noCap();
    }
  }

  /** What the function threw may hold anything; a budget whose cap nobody knows admits nothing. */
  #noCap(): never {
    throw new LedgerUnavailableError(`the function that tells the cap of budget '${this.spec.name}' failed`);
  }
}
