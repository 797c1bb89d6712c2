import { describe, expect, it } from 'vitest';
import { CostAssertionError, createGuard } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, errorOf, MESSAGES, RESPONSES } from './sdk-calls.js';

const startProvider = useProviders();
const REPLY = { inputTokens: 1000, outputTokens: 500 };
/** How long a hold of the ledger in memory stays open. */
const HOLD_LEASE_MS = 900_000;

/** A guard after a day of calls: two of search (alice, bob), one of chat on another SDK, one without tags. */
async function afterSomeCalls() {
  const clock = createFakeClock({ nowMs: Date.UTC(2026, 10, 24, 23, 30) });
  const provider = await startProvider({ respond: REPLY });
  const guard = createGuard({ clock });
  const openai = CHAT.open(provider, { guard });
  const responses = RESPONSES.open(provider, { guard });
  const anthropic = MESSAGES.open(provider, { guard });
  const outer = guard.budget({ usd: 1, name: 'outer' });
  const inner = guard.budget({ usd: 1, name: 'inner' });

  await guard.track({ feature: 'search', userId: 'alice' }, () => outer.run(() => openai.create()));
  await guard.track({ feature: 'search', userId: 'bob' }, () =>
    outer.run(() => inner.run(() => responses.create({ model: 'gpt-4o-mini' }))),
  );
  clock.advance(3_600_000);
  await guard.track({ feature: 'chat', userId: 'alice' }, () => anthropic.create());
  provider.enqueue({ ...REPLY, fault: 'reset-after-headers' });
  await errorOf(openai.create());
  return { guard, provider, clock };
}

describe('a report', () => {
  it('groups by tags, with null where a call has none', async () => {
    const { guard } = await afterSomeCalls();

    const report = guard.report({ groupBy: ['feature', 'userId'] });

    const rows = report.rows.map(({ tags, calls, costUsd }) => ({ ...tags, calls, costUsd }));
    expect(rows).toHaveLength(4);
    expect(rows).toContainEqual({ feature: 'search', userId: 'alice', calls: 1, costUsd: '0.0075' });
    expect(rows).toContainEqual({ feature: 'search', userId: 'bob', calls: 1, costUsd: '0.00045' });
    expect(rows).toContainEqual({ feature: 'chat', userId: 'alice', calls: 1, costUsd: '0.0105' });
    expect(rows).toContainEqual({ feature: null, userId: null, calls: 1, costUsd: expect.any(String) });
    expect([...report]).toEqual(report.rows);
  });

  it.each<[string, (string | null)[]]>([
    ['$model', ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-6']],
    ['$servedModel', ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-6', null]],
    ['$provider', ['openai', 'anthropic']],
    ['$operation', ['chat']],
    ['$budget', ['outer', 'inner', null]],
    ['$outcome', ['completed', 'failed']],
    ['$hour', ['2026-11-24T23', '2026-11-25T00']],
    ['$day', ['2026-11-24', '2026-11-25']],
    ['$month', ['2026-11']],
  ])('groups by %s', async (dimension, values) => {
    const { guard } = await afterSomeCalls();

    const report = guard.report({ groupBy: [dimension] });

    expect(new Set(report.rows.map(({ tags }) => tags[dimension]))).toEqual(new Set(values));
    expect(report.rows.reduce((sum, row) => sum + row.calls, 0)).toBe(4);
  });

  it('adds up to what the provider billed, but for what is presumed', async () => {
    const { guard, provider } = await afterSomeCalls();

    const total = guard.report({ where: { $outcome: 'completed' } }).total();

    expect(total).toMatchObject({ calls: 3, inputTokens: 3000, outputTokens: 1500, tokens: 4500, presumedCalls: 0 });
    expect(total.costUsd).toBe('0.01845');
    expect(guard.report().total()).toMatchObject({ calls: 4, presumedCalls: 1 });
    expect(provider.billed.calls).toBe(4);
  });

  it('filters by tags and by time', async () => {
    const { guard } = await afterSomeCalls();

    expect(guard.report({ where: { feature: 'search' } }).total().calls).toBe(2);
    expect(guard.report({ where: { feature: 'search', userId: 'bob' } }).total().calls).toBe(1);
    expect(guard.report({ since: '2026-11-25' }).total().calls).toBe(2);
    expect(guard.report({ until: '2026-11-25' }).total().calls).toBe(2);
  });

  it('of a scope has the calls of that run alone', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });
    const budget = guard.budget({ usd: 1 });
    const run = (calls: number) =>
      budget.run(async (scope) => {
        for (let call = 0; call < calls; call += 1) await create();
        return scope.report().total().calls;
      });

    expect(await Promise.all([run(1), run(3), run(2)])).toEqual([1, 3, 2]);
    expect(guard.report().total().calls).toBe(6);
  });
});

describe('assertUnder', () => {
  it('passes at the cap and fails above it, grouped or not', async () => {
    const { guard } = await afterSomeCalls();
    const plain = guard.report();
    const grouped = guard.report({ groupBy: ['feature'] });

    for (const report of [plain, grouped]) {
      expect(() => report.assertUnder({ usd: '0.00795' }, { feature: 'search' })).not.toThrow();
      expect(() => report.assertUnder({ usd: 0.0079 }, { feature: 'search' })).toThrow(CostAssertionError);
      expect(() => report.assertUnder({ calls: 1 }, { feature: 'search' })).toThrow(CostAssertionError);
      expect(() => report.assertUnder({ tokens: 3000 }, { feature: 'search' })).not.toThrow();
    }
  });

  it('names the sum, the cap and the filter', async () => {
    const { guard } = await afterSomeCalls();

    expect(() => guard.report().assertUnder({ usd: 0.005 }, { feature: 'search' })).toThrow(/search.*0\.00795.*0\.005/);
  });

  it('fails loudly when no call matches', async () => {
    const { guard } = await afterSomeCalls();

    expect(() => guard.report().assertUnder({ usd: 1 }, { feature: 'serach' })).toThrow(/no record matches.*serach/);
  });

  it('sees calls whose records gave way, and fails where it cannot', async () => {
    const { guard } = await afterSomeCalls();
    guard.configure({ maxRecords: 2 });

    expect(guard.dropped()).toBe(2);
    expect(() => guard.report().assertUnder({ usd: '0.00795' }, { feature: 'search' })).not.toThrow();
    expect(() => guard.report().assertUnder({ usd: 0.0079 }, { feature: 'search' })).toThrow(/0\.00795 spent/);
    expect(() => guard.report({ until: '2026-11-26' }).assertUnder({ usd: 1 })).toThrow(/2 older records were dropped/);
    expect(() => guard.report({ groupBy: ['$day'] }).assertUnder({ usd: 1 })).toThrow(/2 older records were dropped/);
    expect(() => guard.report({ since: '2026-11-25' }).assertUnder({ usd: 1 }, { feature: 'chat' })).not.toThrow();
  });
});

describe('when records gave way', () => {
  it('reports without times are what they were', async () => {
    const { guard } = await afterSomeCalls();
    const options = [
      {},
      { groupBy: ['feature', '$servedModel'] },
      { where: { $budget: 'outer' }, groupBy: ['$budget'] },
    ];
    const before = options.map((each) => guard.report(each).toJSON());

    guard.configure({ maxRecords: 1 });

    expect(guard.dropped()).toBe(3);
    expect(options.map((each) => guard.report(each).toJSON())).toEqual(before);
    expect(guard.report({ groupBy: ['$hour'] })).toMatchObject({ dropped: 3, rows: [{ calls: 1 }] });
  });

  it('a scope says so, because what is left of them knows no run', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard({ maxRecords: 1 });
    const { create } = CHAT.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(async (scope) => {
      for (let call = 0; call < 3; call += 1) await create();
      expect(scope.report()).toMatchObject({ dropped: 2, rows: [{ calls: 1 }] });
      expect(() => scope.report().assertUnder({ usd: 1 })).toThrow(/2 older records were dropped/);
    });
  });

  it('the sum is still what the ledger says was spent, also after a late answer', async () => {
    const clock = createFakeClock();
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard({ clock, maxRecords: 0 });
    const { create } = CHAT.open(provider, { guard });

    await guard.budget({ usd: 1, name: 'all' }).run(async (scope) => {
      const sum = () => guard.report({ where: { $budget: 'all' } }).total();
      provider.hold();
      const late = create();
      await provider.waitForRequests(1);
      clock.advance(HOLD_LEASE_MS);
      const inTime = create();
      await provider.waitForRequests(2);
      expect(sum()).toMatchObject({ calls: 1, presumedCalls: 1, usd: scope.spent.usd });

      provider.releaseAll();
      await Promise.all([late, inTime]);
      expect(sum()).toMatchObject({ calls: 2, presumedCalls: 0, costUsd: '0.015', usd: scope.spent.usd });
      expect(guard.dropped()).toBe(2);
    });
  });
});
