import { describe, expect, it } from 'vitest';
import { type BudgetExceededError, createGuard, findBudgetError, type Guard } from '../../src/index.js';
import type { FakeProvider } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { type OpenedSdk, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

/** Free input and 10 000 tokens of output at $10 a million: each call costs ten cents, held and billed alike. */
const TEN_CENT_MODEL = 'ten-cent-model';
const OUTPUT_TOKENS = 10_000;

interface Burst {
  readonly provider: FakeProvider;
  readonly guard: Guard;
  readonly sdk: OpenedSdk;
  readonly body: object;
}

async function openBurst(call: SdkCall): Promise<Burst> {
  const provider = await startProvider({
    prices: { [TEN_CENT_MODEL]: { input: 0, output: 10 } },
    respond: { outputTokens: OUTPUT_TOKENS, text: 'Done.' },
    keepBodies: false,
  });
  const guard = createGuard();
  guard.prices.register(TEN_CENT_MODEL, { input: 0, output: 10, maxOutputTokens: OUTPUT_TOKENS });
  const sdk = call.open(provider, { guard, maxRetries: 2 });
  return { provider, guard, sdk, body: { model: TEN_CENT_MODEL, [call.ceiling]: OUTPUT_TOKENS } };
}

function start<Result>(count: number, call: () => Promise<Result>): Promise<PromiseSettledResult<Result>[]> {
  return Promise.allSettled(Array.from({ length: count }, call));
}

function split<Result>(results: readonly PromiseSettledResult<Result>[]) {
  const values: Result[] = [];
  const errors: BudgetExceededError[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') values.push(result.value);
    else errors.push(findBudgetError(result.reason) as BudgetExceededError);
  }
  return { values, errors };
}

describe.each(SDK_CALLS)('a burst of 1000 calls of $name', (call) => {
  it('under a cap for fifty of them sends exactly fifty and bills exactly the cap', async () => {
    const { provider, guard, sdk, body } = await openBurst(call);

    const { values, errors } = split(await guard.budget({ usd: 5 }).run(() => start(1000, () => sdk.create(body))));

    expect(values).toHaveLength(50);
    expect(errors).toHaveLength(950);
    expect(errors.every((error) => error.code === 'budget_exceeded' && error.canFitLater)).toBe(true);
    expect(provider.calls).toBe(50);
    expect(provider.billed.usd).toBe('5');
    expect(guard.report().total()).toMatchObject({ calls: 50, costUsd: '5' });
  });

  it('of streams that are opened before any is read sends exactly fifty', async () => {
    const { provider, guard, sdk, body } = await openBurst(call);

    await guard.budget({ usd: 5 }).run(async (scope) => {
      const { values, errors } = split(await start(1000, () => sdk.stream(body)));
      expect(values).toHaveLength(50);
      expect(errors).toHaveLength(950);
      expect(errors.every((error) => error.canFitLater)).toBe(true);
      await Promise.all(values.map(readAll));
      expect(scope.spent.usd).toBe(5);
      expect(scope.held.usd).toBe(0);
    });

    expect(provider.calls).toBe(50);
    expect(provider.billed.usd).toBe('5');
  });

  it('under a cap in tokens sends exactly as many as fit', async () => {
    const { provider, guard, sdk, body } = await openBurst(call);
    provider.hold();
    const hold = await guard.budget({ tokens: 1_000_000, inputBound: 'bytes' }).run(async (scope) => {
      const pending = sdk.create(body);
      await provider.waitForRequests(1);
      const { tokens } = scope.held;
      provider.releaseAll();
      await pending;
      return tokens;
    });
    provider.reset();
    provider.respondWith({ inputTokens: hold - OUTPUT_TOKENS, outputTokens: OUTPUT_TOKENS, text: 'Done.' });

    const { values } = split(
      await guard
        .budget({ tokens: 50 * hold + hold - 1, inputBound: 'bytes' })
        .run(() => start(1000, () => sdk.create(body))),
    );

    expect(values).toHaveLength(50);
    expect(provider.calls).toBe(50);
    expect(provider.billed.inputTokens + provider.billed.outputTokens).toBe(50 * hold);
  });

  it('under three nested budgets keeps to the smallest cap', async () => {
    const { provider, guard, sdk, body } = await openBurst(call);
    const outer = guard.budget({ usd: 7, name: 'outer' });
    const middle = guard.budget({ usd: 5, name: 'middle' });
    const inner = guard.budget({ usd: 6, name: 'inner' });

    const { values, errors } = split(
      await outer.run(() => middle.run(() => inner.run(() => start(1000, () => sdk.create(body))))),
    );

    expect(values).toHaveLength(50);
    expect(new Set(errors.map((error) => error.budget))).toEqual(new Set(['middle']));
    expect(provider.billed.usd).toBe('5');
  });
});

describe('a burst in several scopes at once', () => {
  it('keeps each inner cap and the outer one exactly', async () => {
    const { provider, guard, sdk, body } = await openBurst(SDK_CALLS[0] as SdkCall);
    const inner = guard.budget({ usd: 0.8, name: 'inner' });

    const spent = await guard
      .budget({ usd: 5, name: 'outer' })
      .run(() =>
        Promise.all(
          Array.from({ length: 10 }, () =>
            inner.run(async (scope) => start(100, () => sdk.create(body)).then(() => scope.spent.calls)),
          ),
        ),
      );

    expect(Math.max(...spent)).toBe(8);
    expect(spent.reduce((sum, calls) => sum + calls, 0)).toBe(50);
    expect(provider.calls).toBe(50);
    expect(provider.billed.usd).toBe('5');
  });

  it('sends again what was given back by calls that cost less than their hold', async () => {
    const { provider, guard, sdk, body } = await openBurst(SDK_CALLS[0] as SdkCall);
    provider.respondWith({ outputTokens: OUTPUT_TOKENS / 2, text: 'Done.' });

    const counts = await guard.budget({ usd: 5 }).run(async () => {
      const first = split(await start(200, () => sdk.create(body)));
      const second = split(await start(200, () => sdk.create(body)));
      return [first.values.length, second.values.length];
    });

    expect(counts).toEqual([50, 25]);
    expect(provider.billed.usd).toBe('3.75');
  });
});
