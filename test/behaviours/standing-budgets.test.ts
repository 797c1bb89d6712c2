import { describe, expect, it } from 'vitest';
import {
  BudgetExceededError,
  ConfigError,
  createGuard,
  LedgerUnavailableError,
  type StandingBudgetOptions,
} from '../../src/index.js';
import type { Ledger, Limit } from '../../src/ledger/ledger.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import { createFakeClock } from '../../src/testing/index.js';
import { settled } from './controlled-double.js';
import { errorOf } from './sdk-calls.js';

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 10, 24, 12);

/** A guard whose calls cost one cent each, and a ledger of its own. */
function open(budgets: readonly StandingBudgetOptions[], options: { ledger?: Ledger; nowMs?: number } = {}) {
  const clock = createFakeClock({ nowMs: options.nowMs ?? NOON });
  const ledger = options.ledger ?? memoryLedger({ clock });
  const guard = createGuard({ clock, onStalePrices: 'ignore' });
  guard.prices.register('cent', { input: 0, output: 10 });
  guard.configure({ ledger, budgets });
  const client = guard.instrument({
    chat: {
      completions: { create: async (_: object) => ({ usage: { prompt_tokens: 0, completion_tokens: 1000 } }) },
    },
  });
  const call = (userId?: string | number) => {
    const create = () => client.chat.completions.create({ model: 'cent', max_tokens: 1000, messages: [] });
    return userId === undefined ? create() : guard.track({ userId }, create);
  };
  return { guard, clock, ledger, call };
}

const PER_USER = { name: 'per user', usd: 0.02, window: 'day', per: ['userId'] } as const;

describe('a standing budget', () => {
  it('gives each combination of its tags an account of its own', async () => {
    const { guard, call } = open([PER_USER]);
    await call('alice');
    await call('alice');
    const refusal = await errorOf(call('alice'));
    await call('bob');
    expect(refusal).toBeInstanceOf(BudgetExceededError);
    expect(refusal).toMatchObject({ budget: 'per user', cap: 0.02, spent: 0.02, canFitLater: false });
    expect((await guard.balance('per user', { userId: 'alice' })).usd).toMatchObject({ limit: 0.02, spent: 0.02 });
    expect((await guard.balance('per user', { userId: 'bob' })).usd).toMatchObject({ spent: 0.01, remaining: 0.01 });
  });

  it('takes the user 1 and the user "1" for one account', async () => {
    const { call } = open([PER_USER]);
    await call(1);
    await call('1');
    expect(await errorOf(call(1))).toBeInstanceOf(BudgetExceededError);
  });

  it('says when its window ends, and starts anew there', async () => {
    const { guard, clock, call } = open([PER_USER]);
    await call('alice');
    await call('alice');
    const refusal = (await errorOf(call('alice'))) as BudgetExceededError;
    expect(refusal.resetsAt).toEqual(new Date(Date.UTC(2026, 10, 25)));
    expect(refusal.retryAfterMs).toBe(DAY_MS / 2);
    clock.setNow(Date.UTC(2026, 10, 25));
    await call('alice');
    expect((await guard.balance('per user', { userId: 'alice' })).usd?.spent).toBe(0.01);
  });

  it('binds beside the others: the tightest refuses, and nothing stays held on any', async () => {
    const hourly = { name: 'app', usd: 0.01, window: 'hour' } as const;
    const { guard, call } = open([PER_USER, hourly]);
    await call('alice');
    expect(await errorOf(call('bob'))).toMatchObject({ budget: 'app' });
    expect((await guard.balance('per user', { userId: 'bob' })).usd).toMatchObject({ spent: 0, held: 0 });
    expect((await guard.balance('app')).usd).toMatchObject({ spent: 0.01, held: 0 });
  });

  it('lets exactly as many of a burst through as fit', async () => {
    const { guard, call } = open([{ name: 'app', usd: '0.5', window: 'forever' }]);
    const outcomes = await Promise.allSettled(Array.from({ length: 1000 }, () => call('alice')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    const { usd, resetsAt } = await guard.balance('app');
    expect([usd?.spent, usd?.held, resetsAt]).toEqual([0.5, 0, undefined]);
  });

  it('binds every guard that shares the ledger', async () => {
    const first = open([PER_USER]);
    const second = open([PER_USER], { ledger: first.ledger });
    await first.call('alice');
    await second.call('alice');
    expect(await errorOf(second.call('alice'))).toBeInstanceOf(BudgetExceededError);
    expect(await errorOf(first.call('alice'))).toBeInstanceOf(BudgetExceededError);
  });
});

describe('a call that waits for money of a shared account', () => {
  it('is sent once another process has settled what it held', async () => {
    const { clock, ledger, call } = open([{ ...PER_USER, waitMs: 1000 }]);
    const limit = await limitOf(ledger, call);
    await ledger.reserve('elsewhere', [{ limit, amount: 10_000_000, admit: 'fit' }]);
    const waiting = call('alice');
    await settled();
    await ledger.settle('elsewhere', { usd: 0, tokens: 0, calls: 1 });
    clock.advance(100);
    expect(await waiting).toBeDefined();
  });
});

/** The limit that the calls of alice claim on, after her first call. */
async function limitOf(ledger: Ledger, call: (userId: string) => Promise<unknown>): Promise<Limit> {
  const limits: Limit[] = [];
  const reserve = ledger.reserve.bind(ledger);
  ledger.reserve = (id, claims, fallbacks) => {
    limits.push(...claims.map(({ limit }) => limit));
    return reserve(id, claims, fallbacks);
  };
  await call('alice');
  return limits.find(({ unit }) => unit === 'usd') as Limit;
}

describe('a call without a tag that a budget has accounts for', () => {
  it('is refused, and the error names the tag and the budget', async () => {
    const { call } = open([PER_USER]);
    const error = await errorOf(call());
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain("'userId'");
    expect((error as Error).message).toContain("'per user'");
  });

  it('takes the one shared account under onMissingTag: shared', async () => {
    const { call } = open([{ ...PER_USER, onMissingTag: 'shared' }]);
    await call();
    await call();
    expect(await errorOf(call())).toBeInstanceOf(BudgetExceededError);
    await call('alice');
  });

  it('is none of the budget under onMissingTag: skip', async () => {
    const { guard, call } = open([{ ...PER_USER, onMissingTag: 'skip' }]);
    for (let count = 0; count < 5; count += 1) await call();
    expect(guard.report().total().calls).toBe(5);
  });
});

describe('a cap that is a function of the tags', () => {
  it.each(['at once', 'later'])('is told %s, and believed for capTtlMs', async (when) => {
    let asked = 0;
    const usd = (tags: Readonly<Record<string, unknown>>) => {
      asked += 1;
      const cap = tags.userId === 'alice' ? 0.03 : '0.01';
      return when === 'later' ? Promise.resolve(cap) : cap;
    };
    const { clock, call } = open([{ ...PER_USER, usd, capTtlMs: 1000 }]);
    for (let count = 0; count < 3; count += 1) await call('alice');
    expect(await errorOf(call('alice'))).toMatchObject({ cap: 0.03 });
    expect(asked).toBe(1);
    clock.advance(1000);
    await call('bob');
    expect(await errorOf(call('alice'))).toMatchObject({ cap: 0.03 });
    expect(asked).toBe(3);
  });

  it('that fails refuses the call, and tells nothing of what was thrown', async () => {
    const usd = () => {
      throw new Error('secret-of-the-plan');
    };
    const { call } = open([{ ...PER_USER, usd }]);
    const error = await errorOf(call('alice'));
    expect(error).toBeInstanceOf(LedgerUnavailableError);
    expect(String((error as Error).message)).not.toContain('secret-of-the-plan');
  });
});

describe('a budget with a window around a function', () => {
  it('claims on the account of the tags each call has, run after run', async () => {
    const { guard, call } = open([]);
    const perUser = guard.budget(PER_USER);
    await perUser.run(async (scope) => {
      await call('alice');
      await call('bob');
      expect(scope.spent.calls).toBe(2);
    });
    await perUser.run(() => call('alice'));
    expect(await errorOf(perUser.run(() => call('alice')))).toBeInstanceOf(BudgetExceededError);
    await call('alice');
  });

  it('that truncates ends its own scope only', async () => {
    const { guard, call } = open([]);
    const perUser = guard.budget({ ...PER_USER, onExceed: 'truncate' });
    await perUser.run(() => call('alice'));
    await perUser.run(() => call('alice'));
    expect(await perUser.run(() => call('alice'))).toBeUndefined();
    expect(await perUser.run(() => call('bob'))).toBeDefined();
  });

  it('needs a ledger that was chosen', () => {
    const guard = createGuard();
    expect(() => guard.budget(PER_USER).run(() => undefined)).toThrow(ConfigError);
    expect(() => guard.configure({ budgets: [PER_USER] })).toThrow(/memoryLedger\(\)/);
  });

  it('may not stand under one name with two windows', () => {
    const { guard } = open([PER_USER]);
    expect(() => guard.budget({ ...PER_USER, window: 'week' })).toThrow(ConfigError);
  });
});

describe('alertAt of a standing budget', () => {
  it('fires once an account and window, whichever guard is first', async () => {
    const options = { ...PER_USER, alertAt: [0.5] } as const;
    const first = open([options]);
    const second = open([options], { ledger: first.ledger });
    const told: string[] = [];
    for (const { guard } of [first, second]) {
      guard.on('threshold', ({ tags, fraction }) => told.push(`${tags.userId} ${fraction}`));
    }
    await first.call('alice');
    await second.call('alice');
    await second.call('bob');
    expect(told).toEqual(['alice 0.5', 'bob 0.5']);
    for (const { clock } of [first, second]) clock.setNow(NOON + DAY_MS);
    await second.call('alice');
    await first.call('alice');
    expect(told).toEqual(['alice 0.5', 'bob 0.5', 'alice 0.5']);
  });
});

describe('an operator', () => {
  it('corrects an account, with a reason', async () => {
    const ledger = memoryLedger({ clock: createFakeClock({ nowMs: NOON }) });
    const { guard, call } = open([PER_USER], { ledger });
    await call('alice');
    await call('alice');
    const after = await guard.adjust('per user', { userId: 'alice' }, { usd: -0.01 }, 'a failed job');
    expect(after.usd).toMatchObject({ spent: 0.01, remaining: 0.01 });
    await call('alice');
    expect(ledger.adjustments()).toMatchObject([{ unit: 'usd', change: -10_000_000, reason: 'a failed job' }]);
    expect(await errorOf(guard.adjust('per user', { userId: 'alice' }, { usd: 1 }, ''))).toBeInstanceOf(ConfigError);
    expect(await errorOf(guard.balance('nobody'))).toBeInstanceOf(ConfigError);
  });
});

describe('a ledger that cannot be asked', () => {
  const broken = (): Ledger => {
    const fail = () => Promise.reject(new LedgerUnavailableError('its store did not answer'));
    return { reserve: fail, settle: fail, release: fail, expire: fail, balances: fail, adjust: fail, mark: fail };
  };

  it('refuses the call, and nothing stays held', async () => {
    const { guard, call } = open([PER_USER], { ledger: broken() });
    const errors: boolean[] = [];
    guard.on('ledger_error', ({ isAdmitted }) => errors.push(isAdmitted));
    const scope = await guard.budget({ usd: 1 }).run(async (live) => {
      expect(await errorOf(call('alice'))).toBeInstanceOf(LedgerUnavailableError);
      return live;
    });
    expect([scope.held.calls, scope.spent.calls]).toEqual([0, 0]);
    expect(errors).toContain(false);
  });

  it("lets it out, counted, under onLedgerError: 'allow'", async () => {
    const { guard, call } = open([PER_USER], { ledger: broken() });
    guard.configure({ onLedgerError: 'allow' });
    await guard.budget({ usd: 0.01 }).run(async () => {
      await call('alice');
      expect(await errorOf(call('alice'))).toBeInstanceOf(BudgetExceededError);
    });
    expect(guard.unguardedCalls()).toBe(1);
  });

  it('hears of what settled meanwhile as soon as it can be asked again', async () => {
    const clock = createFakeClock({ nowMs: NOON });
    const real = memoryLedger({ clock });
    let isDown = false;
    const flaky: Ledger = {
      reserve: (id, claims, fallbacks) => real.reserve(id, claims, fallbacks),
      settle: (id, actual) =>
        isDown ? Promise.reject(new LedgerUnavailableError('down')) : Promise.resolve(real.settle(id, actual)),
      release: (id) => real.release(id),
      expire: () => real.expire(),
      balances: (limits) => real.balances(limits),
      adjust: (limit, change, reason) => real.adjust(limit, change, reason),
      mark: (limit, mark) => real.mark(limit, mark),
    };
    const { guard, call } = open([PER_USER], { ledger: flaky });
    isDown = true;
    await call('alice');
    expect((await guard.balance('per user', { userId: 'alice' })).usd).toMatchObject({ spent: 0, held: 0.01 });
    isDown = false;
    await guard.flush();
    expect((await guard.balance('per user', { userId: 'alice' })).usd).toMatchObject({ spent: 0.01, held: 0 });
  });
});
