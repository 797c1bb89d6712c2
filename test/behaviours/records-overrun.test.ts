import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, type EventMap } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

describe.each(SDK_CALLS)('a provider of $name that bills more than was held', (sdk) => {
  it.each(['create', 'stream'] as const)('is booked in full and told as an overrun, with %s', async (method) => {
    const reply = { inputTokens: 100_000, outputTokens: 500 };
    const provider = await startProvider({ respond: reply });
    const guard = createGuard();
    const records = collectRecords(guard);
    const overruns: EventMap['overrun'][] = [];
    guard.on('overrun', (event) => overruns.push(event));
    const opened = sdk.open(provider, { guard });

    const { spent, held, next } = await guard.budget({ usd: 0.05 }).run(async (scope) => {
      const answer = await opened[method]();
      if (method === 'stream') await readAll(answer as AsyncIterable<unknown>);
      const next = await errorOf(opened.create());
      return { spent: scope.spent, held: scope.held, next };
    });

    const billedNanoUsd = Number(provider.billed.nanoUsd);
    const [record] = await records();
    expect(record).toMatchObject({ basis: 'priced', costNanoUsd: billedNanoUsd });
    expect(Math.round(spent.usd * 1e9)).toBe(billedNanoUsd);
    expect(held.usd).toBe(0);
    expect(overruns).toEqual([
      {
        id: record?.id,
        isBoundBroken: true,
        model: sdk.model,
        tags: {},
        amounts: { usd: billedNanoUsd - (record?.holdNanoUsd ?? 0), tokens: expect.any(Number), calls: 0 },
      },
    ]);
    expect(overruns[0]?.amounts.tokens).toBeGreaterThan(90_000);
    // What was billed stands against the cap, so nothing more is sent.
    expect(BudgetExceededError.isInstance(next)).toBe(true);
    expect(provider.calls).toBe(1);
  });
});
