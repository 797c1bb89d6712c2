import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { errorOf, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

/** One nano-dollar a token out, input free: a cap in nano-dollars is a number of tokens. */
const NANO_MODEL = 'nano-model';

async function open(call: SdkCall, outputTokens = 1000) {
  const provider = await startProvider({
    prices: { [NANO_MODEL]: { input: 0, output: '0.001' } },
    respond: { outputTokens, text: 'Done.' },
  });
  const guard = createGuard();
  guard.prices.register(NANO_MODEL, { input: 0, output: '0.001' });
  const { create, stream } = call.open(provider, { guard });
  const body = (ceiling: number) => ({ model: NANO_MODEL, [call.ceiling]: ceiling });
  return {
    provider,
    guard,
    create: (ceiling = 1000) => create(body(ceiling)),
    stream: (ceiling = 1000) => stream(body(ceiling)),
  };
}

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

describe.each(SDK_CALLS)('a cap under $name', (call) => {
  it('lets a call land exactly on it, and none that is one nano-dollar above', async () => {
    const { provider, guard, create, stream } = await open(call);

    await guard.budget({ usd: '0.000002' }).run(async (scope) => {
      await create(1000);
      expect(refusalOf(await errorOf(create(1001)))).toMatchObject({
        cap: 0.000002,
        spent: 0.000001,
        requested: 0.000001001,
        remaining: 0.000001,
        canFitLater: false,
      });
      await create(1000);
      expect(scope.remaining.usd).toBe(0);
      expect(scope.spent.usd).toBe(0.000002);
      expect(refusalOf(await errorOf(stream(1))).remaining).toBe(0);
    });

    expect(provider.calls).toBe(2);
    expect(provider.billed.nanoUsd).toBe(2000n);
  });

  it('lets a call land exactly on a number of tokens, and none that is one token above', async () => {
    const { provider, guard, create } = await open(call);
    const asked = refusalOf(
      await errorOf(guard.budget({ tokens: 1000, inputBound: 'bytes' }).run(() => create(1000))),
    ).requested;
    const under = (tokens: number) => guard.budget({ tokens, inputBound: 'bytes' }).run(() => create(1000));

    await under(asked);
    expect(refusalOf(await errorOf(under(asked - 1)))).toMatchObject({ unit: 'tokens', requested: asked });

    expect(provider.calls).toBe(1);
  });

  it('in calls lets exactly so many through, in a loop and all at once', async () => {
    const { provider, guard, create } = await open(call);

    const error = await errorOf(
      guard.budget({ calls: 3 }).run(async () => {
        for (;;) await create();
      }),
    );
    expect(refusalOf(error)).toMatchObject({ unit: 'calls', cap: 3, spent: 3, requested: 1, canFitLater: false });
    expect(provider.calls).toBe(3);

    provider.reset();
    await guard.budget({ calls: 3 }).run(() => Promise.allSettled(Array.from({ length: 20 }, () => create())));
    expect(provider.calls).toBe(3);
  });

  it('binds in each unit that is given, whichever is reached first', async () => {
    const { provider, guard, create } = await open(call);
    const roomy = { usd: 1, tokens: 1_000_000, calls: 100 };
    const unitOf = async (tight: object) =>
      refusalOf(
        await errorOf(
          guard.budget({ ...roomy, ...tight }).run(async () => {
            for (;;) await create();
          }),
        ),
      ).unit;

    expect(await unitOf({ usd: 0.0000025 })).toBe('usd');
    expect(await unitOf({ tokens: 2500 })).toBe('tokens');
    expect(await unitOf({ calls: 2 })).toBe('calls');
    expect(provider.calls).toBe(6);
  });

  it('of zero refuses everything that would cost something', async () => {
    const { provider, guard, create } = await open(call);

    for (const caps of [{ usd: 0 }, { tokens: 0 }, { calls: 0 }]) {
      expect(refusalOf(await errorOf(guard.budget(caps).run(() => create()))).cap).toBe(0);
    }

    expect(provider.calls).toBe(0);
  });

  it('is read from a decimal string without an error of floating point', async () => {
    const { provider, guard, create } = await open(call);

    await guard.budget({ usd: '0.000001' }).run(() => create(1000));
    await guard.budget({ usd: 0.0000001 + 0.0000009 }).run(() => create(1000));

    expect(provider.calls).toBe(2);
  });
});

describe('a budget', () => {
  it('says what is spent, held and left while calls are under way', async () => {
    const { provider, guard, create } = await open(SDK_CALLS[0] as SdkCall, 600);
    provider.hold();

    await guard.budget({ usd: '0.000003', calls: 5, name: 'mine' }).run(async (scope) => {
      expect(scope.name).toBe('mine');
      const pending = create(1000);
      await provider.waitForRequests(1);
      expect(scope.held).toMatchObject({ usd: 0.000001, calls: 1 });
      expect(scope.remaining).toMatchObject({ usd: 0.000002, calls: 4, tokens: Number.POSITIVE_INFINITY });
      provider.releaseAll();
      await pending;
      expect(scope.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
      expect(scope.spent).toMatchObject({ usd: 0.0000006, calls: 1 });
      expect(scope.report().total()).toMatchObject({ costUsd: '0.0000006', calls: 1 });
    });
  });

  it('books what a provider bills above the hold, and refuses what comes after', async () => {
    const { provider, guard, create } = await open(SDK_CALLS[0] as SdkCall);
    // The service ignores the ceiling it was given.
    provider.respondWith({
      outputTokens: 1000,
      usage: { prompt_tokens: 1, completion_tokens: 5000, total_tokens: 5001 },
    });
    const overruns: unknown[] = [];
    guard.on('overrun', ({ amounts }) => overruns.push(amounts.usd));

    await guard.budget({ usd: '0.000003' }).run(async (scope) => {
      await create(1000);
      expect(scope.spent.usd).toBe(0.000005);
      expect(scope.remaining.usd).toBe(0);
      await errorOf(create(1));
    });

    expect(overruns).toEqual([4000]);
    expect(provider.calls).toBe(1);
  });
});
