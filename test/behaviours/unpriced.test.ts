import { describe, expect, test } from 'vitest';
import { type BudgetOptions, createGuard, findBudgetError, UnpricedModelError } from '../../src/index.js';

function setUp(options: object = {}) {
  const warnings: string[] = [];
  const guard = createGuard({
    onWarning: (warning) => warnings.push(warning.code),
    onStalePrices: 'ignore',
    ...options,
  });
  const sent: string[] = [];
  const client = guard.instrument({
    chat: {
      completions: {
        create: async ({ model }: { model: string }) => {
          sent.push(model);
          return { model, usage: { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 } };
        },
      },
    },
  });
  const send = () =>
    client.chat.completions.create({
      model: 'nobody-knows',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'x'.repeat(1000) }],
    } as never);
  return { guard, warnings, sent, send };
}

describe('a model without a price, under a usd cap', () => {
  test.each(['block', 'clamp', 'truncate'] as const)(
    'is refused unsent under %s, naming the remedy',
    async (onExceed) => {
      const { guard, sent, send } = setUp();
      const error = await guard
        .budget({ usd: 1, onExceed } as BudgetOptions)
        .run(send)
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(UnpricedModelError);
      expect(String(error)).toMatch(/prices\.register\('nobody-knows'.*onUnpriced/);
      expect(findBudgetError(error)).toBe(error);
      expect(sent).toEqual([]);
    },
  );

  test('is refused under a ladder that ends in a mode that keeps the cap', async () => {
    const { guard, send } = setUp();
    const budget = guard.budget({ usd: 1, onExceed: ['downgrade', 'block'], downgrade: { 'gpt-4o': 'gpt-4o-mini' } });
    await expect(budget.run(send)).rejects.toBeInstanceOf(UnpricedModelError);
  });

  test('is warned about once under a mode that does not keep it, counted, and booked as $0', async () => {
    const { guard, warnings, send } = setUp();
    await guard.budget({ usd: 1, onExceed: 'raise' }).run(async () => {
      await send();
      await send();
    });
    expect(warnings).toEqual(['TOKENGUARD_UNPRICED_MODEL']);
    expect(guard.unpricedCalls()).toBe(2);
    expect(guard.report().total()).toMatchObject({ usd: 0, calls: 2, unpricedCalls: 2, tokens: 3000 });
  });

  test("is sent under 'block' where the user chose 'warn', for one budget or for all", async () => {
    const { guard, sent, send } = setUp();
    await guard.budget({ usd: 1, onUnpriced: 'warn' }).run(send);
    guard.configure({ onUnpriced: 'warn' });
    await guard.budget({ usd: 1 }).run(send);
    expect(sent).toHaveLength(2);
    await expect(guard.budget({ usd: 1, onUnpriced: 'refuse' }).run(send)).rejects.toBeInstanceOf(UnpricedModelError);
  });

  test('costs what the assumed model costs', async () => {
    const { guard, warnings, send } = setUp();
    await guard.budget({ usd: 1, onUnpriced: { assume: 'gpt-4o' } }).run(async (scope) => {
      await send();
      expect(scope.spent.usd).toBe(0.0075);
    });
    await expect(guard.budget({ usd: 0.001, onUnpriced: { assume: 'gpt-4o' } }).run(send)).rejects.toMatchObject({
      code: 'budget_exceeded',
    });
    expect(warnings).toEqual([]);
  });

  test('is bound by a tokens or calls cap all the same', async () => {
    const { guard, send } = setUp();
    await guard.budget({ calls: 1 }).run(async () => {
      await send();
      await expect(send()).rejects.toMatchObject({ code: 'budget_exceeded', unit: 'calls' });
    });
    await expect(guard.budget({ tokens: 100 }).run(send)).rejects.toMatchObject({ unit: 'tokens' });
  });
});
