import { describe, expect, test } from 'vitest';
import { createGuard, type TokenguardWarning, UnpricedModelError } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';

function setUp(day: string, options: object = {}) {
  const warnings: TokenguardWarning[] = [];
  const clock = createFakeClock({ nowMs: Date.parse(`${day}T00:00:00Z`) });
  const guard = createGuard({ clock, onWarning: (warning) => warnings.push(warning), ...options });
  const usage = { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 };
  const double = () => ({ chat: { completions: { create: async (_: object) => ({ usage }) } } });
  const request = (model: string) => ({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] });
  return { guard, warnings, double, request, codes: () => warnings.map((warning) => warning.code) };
}

describe('a price table that grew old', () => {
  test('warns once under a usd cap, naming its day, what may be wrong and the remedy', async () => {
    const { guard, warnings, double, request, codes } = setUp('2027-03-01');
    const { create } = guard.instrument(double()).chat.completions;
    await guard.budget({ tokens: 1000 }).run(() => create(request('gpt-4o')));
    expect(codes()).toEqual([]);
    for (let call = 0; call < 3; call += 1) await guard.budget({ usd: 1 }).run(() => create(request('gpt-4o')));
    expect(codes()).toEqual(['TOKENGUARD_STALE_PRICES']);
    expect(warnings[0]?.name).toBe('StalePriceTableWarning');
    expect(warnings[0]?.message).toMatch(/2026-09-23[\s\S]*too high[\s\S]*too low[\s\S]*prices\.register/);
  });

  test('says nothing while it is young, about registered prices, or where that was chosen', async () => {
    const young = setUp('2026-10-20');
    await young.guard
      .budget({ usd: 1 })
      .run(() => young.guard.instrument(young.double()).chat.completions.create(young.request('gpt-4o')));
    expect(young.codes()).toEqual([]);
    const old = setUp('2027-03-01');
    old.guard.prices.register('mine', { input: 1, output: 1 });
    const { create } = old.guard.instrument(old.double()).chat.completions;
    await old.guard.budget({ usd: 1 }).run(() => create(old.request('mine')));
    old.guard.configure({ onStalePrices: 'ignore' });
    await old.guard.budget({ usd: 1 }).run(() => create(old.request('gpt-4o')));
    expect(old.codes()).toEqual([]);
  });

  test("refuses under onStalePrices: 'refuse' where the budget keeps its cap", async () => {
    const { guard, double, request } = setUp('2027-03-01', { onStalePrices: 'refuse' });
    const { create } = guard.instrument(double()).chat.completions;
    const refused = guard.budget({ usd: 1 }).run(() => create(request('gpt-4o')));
    await expect(refused).rejects.toBeInstanceOf(UnpricedModelError);
    await expect(
      guard.budget({ usd: 1, onExceed: 'raise' }).run(() => create(request('gpt-4o'))),
    ).resolves.toBeDefined();
    guard.configure({ stalePricesAfterDays: 3650 });
    await expect(guard.budget({ usd: 1 }).run(() => create(request('gpt-4o')))).resolves.toBeDefined();
  });
});

describe('a forgotten instrument', () => {
  test('is warned about once a scope ended', async () => {
    const { guard, codes } = setUp('2026-10-01');
    const told: string[] = [];
    guard.on('unguarded', ({ reason }) => told.push(reason));
    await guard.budget({ usd: 1 }).run(async () => {
      expect(codes()).toEqual([]);
    });
    guard.budget({ usd: 1 }, () => 1)();
    expect(codes()).toEqual(['TOKENGUARD_UNGUARDED']);
    expect(told).toEqual(['no client was guarded']);
  });

  test('is not, once any client was guarded', async () => {
    const { guard, codes, double } = setUp('2026-10-01');
    guard.instrument(double());
    await guard.budget({ usd: 1 }).run(async () => undefined);
    expect(codes()).toEqual([]);
  });

  test('a call that passed only budgets of another guard is told', async () => {
    const one = setUp('2026-10-01');
    const other = setUp('2026-10-01');
    one.guard.instrument(one.double());
    const { create } = other.guard.instrument(other.double()).chat.completions;
    await one.guard.budget({ calls: 0 }).run(() => create(other.request('gpt-4o')));
    expect(other.warnings[0]?.message).toContain('another guard');
  });
});

test('a warning that a listener refuses never harms a call', async () => {
  const { guard, double, request } = setUp('2027-03-01', {
    onWarning: () => {
      throw new Error('listener');
    },
  });
  const { create } = guard.instrument(double()).chat.completions;
  await expect(guard.budget({ usd: 1 }).run(() => create(request('gpt-4o')))).resolves.toBeDefined();
});
