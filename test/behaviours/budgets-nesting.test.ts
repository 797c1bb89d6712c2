import { describe, expect, it } from 'vitest';
import { BudgetExceededError, type BudgetOptions, createGuard, findBudgetError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, errorOf, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

/** Free input; 1000 tokens out are one cent. The small one is a tenth of that. */
const LARGE = 'large-model';
const SMALL = 'small-model';

async function open(call: SdkCall) {
  const provider = await startProvider({
    prices: { [LARGE]: { input: 0, output: 10 }, [SMALL]: { input: 0, output: 1 } },
    respond: { outputTokens: 20_000, text: 'Done.' },
  });
  const guard = createGuard();
  guard.prices.register(LARGE, { input: 0, output: 10, maxOutputTokens: 20_000 });
  guard.prices.register(SMALL, { input: 0, output: 1, maxOutputTokens: 20_000 });
  const sdk = call.open(provider, { guard });
  const body = (ceiling: number) => ({ model: LARGE, [call.ceiling]: ceiling });
  return {
    provider,
    guard,
    create: (ceiling = 10_000) => sdk.create(body(ceiling)),
    stream: async (ceiling = 10_000) => readAll(await sdk.stream(body(ceiling))),
    ceilings: () => provider.requests.map((request) => request.body[call.ceiling]),
    models: () => provider.requests.map(({ model }) => model),
  };
}

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

const downgrade = { [LARGE]: SMALL };

describe.each(SDK_CALLS)('nested budgets under $name', (call) => {
  it('all book one call at once, in every unit', async () => {
    const { provider, guard, create } = await open(call);

    await guard.budget({ usd: 1 }).run((outer) =>
      guard.budget({ calls: 9 }).run((middle) =>
        guard.budget({ tokens: 100_000 }).run(async (inner) => {
          await create();
          expect(middle.spent).toEqual(outer.spent);
          expect(inner.spent).toEqual(outer.spent);
          expect(outer.spent).toMatchObject({ usd: 0.1, calls: 1 });
        }),
      ),
    );

    expect(provider.billed.usd).toBe('0.1');
  });

  it('send the ceiling that fits the outer budget of 100 tokens under an inner one of 10 000', async () => {
    const { provider, guard, create, stream, ceilings } = await open(call);
    const outer = guard.budget({ usd: 0.001, onExceed: 'clamp', name: 'outer' });
    const inner = guard.budget({ usd: 0.1, onExceed: 'clamp', name: 'inner' });

    await outer.run(() => inner.run(() => create()));
    await outer.run(() => inner.run(() => stream()));
    // The other way round the same ceiling is the strictest.
    await inner.run(() => outer.run(() => create()));

    expect(ceilings()).toEqual([100, 100, 100]);
    expect(provider.billed.usd).toBe('0.003');
    expect(guard.clamps().map(({ budget }) => budget)).toEqual(['outer', 'outer', 'outer']);
  });

  it.each<[string, BudgetOptions]>([
    ['clamp', { usd: 0.05, onExceed: 'clamp' }],
    ['truncate', { usd: 5, onExceed: 'truncate' }],
    ['downgrade', { usd: 0.05, onExceed: 'downgrade', downgrade }],
    ['raise', { usd: 5, onExceed: 'raise' }],
    ['a ladder', { usd: 0.05, onExceed: ['downgrade', 'clamp', 'block'], downgrade }],
  ])('never hide the cap of an outer block behind an inner %s', async (_, options) => {
    const { provider, guard, create } = await open(call);

    const error = await errorOf(
      guard.budget({ usd: 0.011, name: 'outer' }).run(async () => {
        for (let turn = 0; turn < 100; turn += 1) await guard.budget(options).run(() => create());
      }),
    );

    expect(refusalOf(error).budget).toBe('outer');
    expect(provider.billed.nanoUsd).toBeLessThanOrEqual(11_000_000n);
  });

  it('send with the cheaper model of an inner budget a call that the outer block would refuse', async () => {
    const { guard, create, models } = await open(call);

    await guard
      .budget({ usd: 0.02, name: 'outer' })
      .run(() => guard.budget({ usd: 0.015, onExceed: ['downgrade', 'block'], downgrade }).run(() => create()));

    expect(models()).toEqual([SMALL]);
  });

  it('send with the cheaper model of an outer budget a call that the inner block would refuse', async () => {
    const { guard, create, models } = await open(call);

    await guard
      .budget({ usd: 0.02, onExceed: ['downgrade', 'block'], downgrade })
      .run(() => guard.budget({ usd: 0.015, name: 'inner' }).run(() => create()));

    expect(models()).toEqual([SMALL]);
  });
});

describe('deciding over several budgets', () => {
  it('computes the ceiling from the price of the model it was rerouted to', async () => {
    const { guard, create, models, ceilings } = await open(CHAT);

    await guard
      .budget({ usd: 0.005, onExceed: 'clamp', name: 'outer' })
      .run(() => guard.budget({ usd: 0.05, onExceed: 'downgrade', downgrade }).run(() => create(10_000)));

    expect(models()).toEqual([SMALL]);
    expect(ceilings()).toEqual([5000]);
  });

  it('forgets the ceiling it had computed for a model that is not sent', async () => {
    const { guard, create, models, ceilings } = await open(CHAT);

    await guard
      .budget({ usd: 0.02, onExceed: ['downgrade', 'block'], downgrade })
      .run(() => guard.budget({ usd: 0.05, onExceed: 'clamp' }).run(() => create(10_000)));

    expect(models()).toEqual([SMALL]);
    expect(ceilings()).toEqual([10_000]);
    expect(guard.clamps()).toEqual([]);
  });

  it('refuses by the outermost of those that refuse', async () => {
    const { provider, guard, create } = await open(CHAT);
    const names = async (...caps: readonly number[]) => {
      const [outer, middle, inner] = caps.map((usd, index) => guard.budget({ usd, name: `budget ${index}` }));
      return refusalOf(
        await errorOf(outer?.run(() => middle?.run(() => inner?.run(() => create()))) as Promise<unknown>),
      ).budget;
    };

    expect(await names(0.01, 0.01, 0.01)).toBe('budget 0');
    expect(await names(1, 0.01, 0.01)).toBe('budget 1');
    expect(await names(1, 1, 0.01)).toBe('budget 2');
    expect(provider.calls).toBe(0);
  });

  it('changes no account by a refusal, also not those that had room', async () => {
    const { guard, create } = await open(CHAT);

    await guard.budget({ usd: 1 }).run((outer) =>
      guard.budget({ usd: 0.01 }).run(async (inner) => {
        await errorOf(create());
        for (const scope of [outer, inner]) {
          expect(scope.spent).toEqual({ usd: 0, tokens: 0, calls: 0 });
          expect(scope.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
        }
      }),
    );
    expect(guard.report().total().calls).toBe(0);
  });

  it('may be refused later in one budget and never in another: then never', async () => {
    const { provider, guard, create } = await open(CHAT);
    provider.hold();

    await guard.budget({ usd: 0.15, name: 'outer' }).run(async () => {
      const first = create();
      await provider.waitForRequests(1);
      const held = refusalOf(await errorOf(create()));
      const spent = refusalOf(await errorOf(guard.budget({ usd: 0.01 }).run(() => create())));
      expect([held.canFitLater, spent.canFitLater]).toEqual([true, false]);
      provider.releaseAll();
      await first;
    });
  });

  it('ends after a bounded number of rounds, however long a chain of models is', async () => {
    const { provider, guard, create } = await open(CHAT);
    const names = Array.from({ length: 30 }, (_, index) => `model-${index}`);
    for (const [index, name] of names.entries()) guard.prices.register(name, { input: 0, output: 9 - index / 10 });
    const chain = Object.fromEntries(
      [LARGE, ...names].slice(0, -1).map((name, index) => [name, names[index] as string]),
    );

    const error = await errorOf(
      guard.budget({ usd: 0.00001, onExceed: ['downgrade', 'block'], downgrade: chain }).run(() => create()),
    );

    expect(refusalOf(error).canFitLater).toBe(false);
    expect(provider.calls).toBe(0);
  });
});
