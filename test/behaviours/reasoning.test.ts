import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, MESSAGES, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const PRICE = { input: 2.5, output: 10, maxOutputTokens: 64_000, contextTokens: 200_000, hidesReasoning: true };
const REPLY = { inputTokens: 50, outputTokens: 400, reasoningTokens: 300 };

describe.each(SDK_CALLS)('a reasoning model through $name', (sdk) => {
  it.each(['create', 'stream'] as const)(
    'costs its settled usage, hidden reasoning included, with %s',
    async (method) => {
      const provider = await startProvider({ respond: REPLY });
      const guard = createGuard();
      guard.prices.register('thinker', PRICE);
      const opened = sdk.open(provider, { guard });

      const spent = await guard.budget({ usd: 1 }).run(async (scope) => {
        const answer = await opened[method]({ model: 'thinker' });
        if (method === 'stream') await readAll(answer as AsyncIterable<unknown>);
        return scope.spent;
      });

      expect(provider.billed.usd).toBe('0.004125');
      expect(spent).toEqual({ usd: 0.004125, tokens: 450, calls: 1 });
      expect(guard.report().total().costUsd).toBe('0.004125');
    },
  );

  it('is sent the ceiling of clamp, which its reasoning counts towards', async () => {
    const respond = { inputTokens: 10, outputTokens: 90_000, reasoningTokens: 80_000 };
    const provider = await startProvider({ respond });
    const guard = createGuard();
    guard.prices.register('thinker', PRICE);
    const { stream } = sdk.open(provider, { guard });

    await guard
      .budget({ usd: 0.05, onExceed: 'clamp' })
      .run(async () => readAll(await stream({ model: 'thinker', [sdk.ceiling]: 64_000 })));

    const sent = provider.requests[0]?.body[sdk.ceiling] as number;
    expect(sent).toBeGreaterThan(4000);
    expect(sent).toBeLessThan(5000);
    expect(provider.requests[0]?.usage?.outputTokens).toBe(sent);
    expect(Number(provider.billed.usd)).toBeLessThanOrEqual(0.05);
    expect(guard.report().total().costUsd).toBe(provider.billed.usd);
  });
});

describe('reasoning tokens', () => {
  it.each(SDK_CALLS.filter((sdk) => sdk !== MESSAGES))('are part of output in the report of $name', async (sdk) => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    await create();

    expect(guard.report().total()).toMatchObject({ outputTokens: 400, reasoningTokens: 300, tokens: 450 });
    expect((await records())[0]?.usage).toMatchObject({ outputTokens: 400, reasoningOutputTokens: 300 });
  });
});
