import { describe, expect, it } from 'vitest';
import { BudgetExceededError, bind, createGuard, findBudgetError, UnpricedModelError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

const MODEL = 'ten-cent-model';
const PRICES = { [MODEL]: { input: 0, output: 10 } };

async function open(call = CHAT) {
  const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 10_000, text: 'Done.' } });
  const guard = createGuard();
  guard.prices.register(MODEL, { input: 0, output: 10, maxOutputTokens: 10_000 });
  const sdk = call.open(provider, { guard, maxRetries: 2 });
  const body = { model: MODEL, [call.ceiling]: 10_000 };
  return { provider, guard, create: () => sdk.create(body), stream: () => sdk.stream(body) };
}

describe.each(SDK_CALLS)('truncate under $name', (call) => {
  it('resolves the wrapped function to undefined, sends nothing over the cap, and keeps what was spent', async () => {
    const { provider, guard, create, stream } = await open(call);
    const told: unknown[] = [];
    guard.on('truncated', ({ error }) => told.push(error));
    guard.on('blocked', () => told.push('blocked'));

    const loop = guard.budget({ usd: 0.3, onExceed: 'truncate' }, async (word: string) => {
      await create();
      for (let turn = 0; turn < 100; turn += 1) await readAll(await stream());
      return word;
    });

    await expect(loop('never')).resolves.toBeUndefined();
    expect(provider.calls).toBe(3);
    expect(guard.report().total()).toMatchObject({ calls: 3, costUsd: '0.3' });
    expect(told).toEqual([expect.any(BudgetExceededError)]);
  });

  it('keeps the result of a function that dealt with the refusal itself', async () => {
    const { guard, create } = await open(call);

    const kept = await guard.budget({ usd: 0.1, onExceed: 'truncate' }).run(async () => {
      const parts = ['start'];
      for (let turn = 0; turn < 3; turn += 1) {
        await create().then(
          () => parts.push('more'),
          (error: unknown) => parts.push(findBudgetError(error)?.code ?? 'other'),
        );
      }
      return parts;
    });

    expect(kept).toEqual(['start', 'more', 'budget_exceeded', 'budget_exceeded']);
  });
});

describe('truncate', () => {
  it('hides no failure of another kind while nothing was cut', async () => {
    const { guard } = await open();
    const own = new Error('mine');

    const failing = guard.budget({ usd: 1, onExceed: 'truncate' }, async () => {
      throw own;
    });

    expect(await errorOf(failing() as Promise<unknown>)).toBe(own);
  });

  it('ends the scope quietly also where the refusal came out as a failure of the caller', async () => {
    const { guard, create } = await open();

    const result = await guard.budget({ usd: 0, onExceed: 'truncate' }).run(async () => {
      await create().catch(() => {
        throw new Error('the agent gave up');
      });
    });

    expect(result).toBeUndefined();
  });

  it('ends the outer scope where the outer budget truncates, not only the inner one', async () => {
    const { provider, guard, create } = await open();
    const steps: string[] = [];
    const inner = guard.budget({ usd: 5, name: 'inner' }, async () => {
      await create();
      steps.push('inner went on');
    });

    const result = await guard.budget({ usd: 0.1, onExceed: 'truncate', name: 'outer' }).run(async () => {
      await inner();
      await inner();
      steps.push('outer went on');
    });

    expect(result).toBeUndefined();
    expect(steps).toEqual(['inner went on']);
    expect(provider.calls).toBe(1);
  });

  it('ends the outer scope where both truncate and the outer budget is what refused', async () => {
    const { guard, create } = await open();
    const steps: string[] = [];
    const inner = guard.budget({ usd: 5, onExceed: 'truncate' }, async () => create());

    await guard.budget({ usd: 0.1, onExceed: 'truncate' }).run(async () => {
      await inner();
      steps.push('first');
      await inner();
      steps.push('second');
    });

    expect(steps).toEqual(['first']);
  });

  it('ends the inner scope alone where only that is over', async () => {
    const { provider, guard, create } = await open();
    const inner = guard.budget({ usd: 0.1, onExceed: 'truncate' }, async () => {
      await create();
      await create();
      return 'whole';
    });

    const results = await guard
      .budget({ usd: 5, onExceed: 'truncate' })
      .run(async () => [await inner(), await inner(), await create().then(() => 'own')]);

    expect(results).toEqual([undefined, undefined, 'own']);
    expect(provider.calls).toBe(3);
  });

  it('does not swallow what an outer block refused', async () => {
    const { provider, guard, create } = await open();
    const inner = guard.budget({ usd: 0.15, onExceed: 'truncate', name: 'inner' }, async () => {
      await create();
      await create();
    });

    const error = await errorOf(guard.budget({ usd: 0.1, name: 'outer' }).run(() => inner() as Promise<unknown>));

    expect(findBudgetError(error)).toMatchObject({ budget: 'outer' });
    expect(provider.calls).toBe(1);
  });

  it('does not swallow what an outer block refused after the inner scope was cut', async () => {
    const { guard, create } = await open();

    const error = await errorOf(
      guard.budget({ calls: 2, name: 'outer' }).run(() => {
        const inOuterAlone = bind(create);
        return guard.budget({ calls: 1, onExceed: 'truncate', name: 'inner' }).run(async () => {
          await create();
          expect(findBudgetError(await errorOf(create()))).toMatchObject({ budget: 'inner' });
          await inOuterAlone();
          await create();
        });
      }) as Promise<unknown>,
    );

    expect(findBudgetError(error)).toMatchObject({ budget: 'outer' });
  });

  it('ends a generator at the refusal', async () => {
    const { provider, guard, create } = await open();
    const words = guard.budget({ usd: 0.2, onExceed: 'truncate' }, async function* () {
      for (let turn = 0; turn < 10; turn += 1) {
        await create();
        yield turn;
      }
    });

    expect(await readAll(words())).toEqual([0, 1]);
    expect(provider.calls).toBe(2);
  });

  it('does not hide that a model has no price', async () => {
    const { provider, guard } = await open();
    const { create } = CHAT.open(provider, { guard });

    const error = await errorOf(
      guard
        .budget({ usd: 1, onExceed: 'truncate' })
        .run(() => create({ model: 'nobody-knows-me' })) as Promise<unknown>,
    );

    expect(error).toBeInstanceOf(UnpricedModelError);
  });

  it('is a fresh account with each call of the function', async () => {
    const { provider, guard, create } = await open();
    const once = guard.budget({ usd: 0.1, onExceed: 'truncate' }, async () => {
      await create();
      return 'done';
    });

    expect(await Promise.all([once(), once(), once()])).toEqual(['done', 'done', 'done']);
    expect(provider.calls).toBe(3);
  });
});
