import { amountToShow, type BudgetRun, UNITS } from './budget/run.js';
import { type BudgetSpec, readBudgetOptions, type StandingSpec } from './budget/spec.js';
import { StandingBudget } from './budget/standing.js';
import type { Engine } from './engine.js';
import { ConfigError } from './errors.js';
import { type JointHost, JointLedger } from './ledger/joint.js';
import type { Balance, Ledger, Unit } from './ledger/ledger.js';
import { parseUsdChange } from './money.js';
import { mergeTags, readTags } from './scope.js';
import type { Tags } from './sink/sink.js';

/** The state of one account in one unit: US dollars, tokens or calls. */
export interface AccountAmounts {
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  readonly remaining: number;
  readonly presumed: number;
  readonly overrun: number;
  readonly excess: number;
}

/** The state of one account of a standing budget, in each unit it caps. */
export interface AccountBalance extends Readonly<Partial<Record<Unit, AccountAmounts>>> {
  /** When something of what is spent comes back; absent where it never does. */
  readonly resetsAt?: Date;
}

/** What an operator adds to what an account has spent, or takes away: US dollars, tokens, calls. */
export type AccountChange = Readonly<Partial<Record<Unit, number>>>;

/** For a guard whose budgets all live in its process. */
export const UNSHARED: JointHost = Object.freeze({
  onOtherCap: () => {},
  onError: () => {},
  admitsUnguarded: () => false,
});

/** Keeps standing budgets in `ledger` from now on. */
export function useLedger(engine: Engine, ledger: Ledger): void {
  engine.standingLedger = ledger;
  engine.booking = new JointLedger(engine.ledger, ledger, {
    onOtherCap({ key = '', unit, cap }, otherCap) {
      engine.events.emit('cap_mismatch', { key, unit, cap, otherCap });
    },
    onError(error, isAdmitted) {
      engine.events.emit('ledger_error', { error, isAdmitted });
    },
    admitsUnguarded() {
      if (engine.settings.onLedgerError !== 'allow') return false;
      engine.counters.unguardedCalls += 1;
      return true;
    },
  });
}

/** The standing budgets that `configure` was given. */
export function standingBudgetsOf(engine: Engine, list: readonly unknown[]): readonly StandingBudget[] {
  return list.map((options) => {
    const spec = readBudgetOptions(options);
    if (spec.standing === undefined) {
      const remedy = "give each budget of configure a name and a window, such as window: 'day'";
      throw new ConfigError({ option: 'budgets', value: spec.name, remedy });
    }
    requireLedger(engine, spec.name ?? '');
    return standingBudget(engine, spec);
  });
}

/**
 * Throws for a standing budget where no ledger was chosen to keep it.
 *
 * @throws ConfigError
 */
export function requireLedger(engine: Engine, name: string): void {
  if (engine.standingLedger !== undefined) return;
  const remedy = `budget '${name}' stands in a ledger: configure({ ledger }) first; memoryLedger() says that one process is meant`;
  throw new ConfigError({ option: 'ledger', value: undefined, remedy });
}

/**
 * The standing budget of these options; the same where its name stands already.
 *
 * @throws ConfigError where the name stands for a budget with another window or other tags.
 */
export function standingBudget(engine: Engine, spec: BudgetSpec): StandingBudget {
  const { name = '', standing } = spec;
  const made = new StandingBudget(engine.owner, { ...spec, name, standing: standing as StandingSpec }, engine.clock);
  const known = engine.standingByName.get(name);
  if (known !== undefined && known.identity !== made.identity) {
    const remedy = 'a standing budget is its name, window and per together: take another name for another one';
    throw new ConfigError({ option: 'name', value: name, remedy });
  }
  engine.standingByName.set(name, made);
  return made;
}

/** The account of a standing budget that calls with `tags` would claim on. */
export async function balanceOfAccount(engine: Engine, name: string, tags: Tags = {}): Promise<AccountBalance> {
  const run = await accountOf(engine, name, tags);
  const units = UNITS.filter((unit) => run.spec.caps[unit] !== undefined);
  const limits = units.map((unit) => run.limits[unit]);
  const balances = await ledgerOf(engine, name).balances(limits);
  const shown = units.map((unit, index) => [unit, showBalance(unit, balances[index] as Balance)]);
  const resetsAtMs = balances[0]?.resetsAtMs;
  return Object.freeze({
    ...Object.fromEntries(shown),
    ...(resetsAtMs !== undefined && { resetsAt: new Date(resetsAtMs) }),
  });
}

/** Corrects what an account has spent in its current window. */
export async function adjustAccount(
  engine: Engine,
  name: string,
  tags: Tags,
  change: AccountChange,
  reason: string,
): Promise<AccountBalance> {
  if (typeof reason !== 'string' || reason === '') {
    throw new ConfigError({ option: 'reason', value: reason, remedy: 'say why the account is corrected' });
  }
  const run = await accountOf(engine, name, tags);
  const amounts = UNITS.flatMap((unit) => (change?.[unit] === undefined ? [] : [[unit, change[unit]] as const]));
  if (amounts.length === 0) {
    throw new ConfigError({ option: 'change', value: change, remedy: 'give usd, tokens or calls to add or take away' });
  }
  const parsed = amounts.map(([unit, amount]) => [unit, readChange(unit, amount as number)] as const);
  for (const [unit, amount] of parsed) await ledgerOf(engine, name).adjust(run.limits[unit], amount, reason);
  return balanceOfAccount(engine, name, tags);
}

function readChange(unit: Unit, amount: number): number {
  if (unit === 'usd') return parseUsdChange(amount, 'change.usd');
  if (Number.isSafeInteger(amount)) return amount;
  throw new ConfigError({ option: `change.${unit}`, value: amount, remedy: 'give a whole number' });
}

async function accountOf(engine: Engine, name: string, tags: Tags): Promise<BudgetRun> {
  const budget = engine.standingByName.get(name);
  if (budget === undefined) {
    const known = [...engine.standingByName.keys()].join(', ') || 'none stands yet';
    throw new ConfigError({ option: 'name', value: name, remedy: `name a standing budget: ${known}` });
  }
  const run = await budget.accountFor(mergeTags({}, readTags(tags)));
  if (run !== undefined) return run;
  const remedy = `give the tags that '${name}' has accounts for: ${budget.spec.standing.per.join(', ')}`;
  throw new ConfigError({ option: 'tags', value: undefined, remedy });
}

function ledgerOf(engine: Engine, name: string): Ledger {
  requireLedger(engine, name);
  return engine.standingLedger as Ledger;
}

function showBalance(unit: Unit, balance: Balance): AccountAmounts {
  const show = (amount: number) => amountToShow(unit, amount);
  const { cap, spent, held, remaining, presumed, overrun, excess } = balance;
  return Object.freeze({
    limit: show(cap),
    spent: show(spent),
    held: show(held),
    remaining: show(remaining),
    presumed: show(presumed),
    overrun: show(overrun),
    excess: show(excess),
  });
}
