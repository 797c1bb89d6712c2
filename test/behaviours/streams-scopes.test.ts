import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

describe.each(SDK_CALLS)('a stream of $name made in a scope and read after it', (sdk) => {
  it('is booked to the budget and the tags of its creation', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const opened = sdk.open(provider, { guard });

    const { events, scope } = await guard.track({ feature: 'search' }, () =>
      guard.budget({ usd: 1, name: 'inside' }).run(async (live) => ({ events: await opened.stream(), scope: live })),
    );
    await guard.track({ feature: 'elsewhere' }, () =>
      guard.budget({ usd: 1, name: 'other' }).run(() => readAll(events)),
    );

    const [record] = await records();
    expect(record?.tags).toEqual({ feature: 'search' });
    expect(record?.budgets).toEqual([{ id: scope.id, name: 'inside' }]);
    expect(scope.spent.calls).toBe(1);
    expect(scope.held.calls).toBe(0);
  });

  it('still stands against the cap while nobody reads it', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 500, holdAfterChunks: 1 } });
    const guard = createGuard();
    const opened = sdk.open(provider, { guard });
    const { worstCase } = await guard.estimate(sdk.body as never);

    await guard.budget({ usd: worstCase.usd * 1.5 }).run(async () => {
      const first = await opened.stream();
      const error = await errorOf(opened.stream());
      expect(BudgetExceededError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ canFitLater: true, spent: 0 });
      provider.releaseAll();
      await readAll(first);
    });

    expect(provider.calls).toBe(1);
  });

  it('that crosses the cap of raise is delivered whole and then errors', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 300 } });
    const bare = await startProvider({ respond: { inputTokens: 20, outputTokens: 300 } });
    const guard = createGuard();
    const opened = sdk.open(provider, { guard });
    const whole = await readAll(await sdk.open(bare).stream());

    const events = await guard.budget({ usd: 0.001, onExceed: 'raise' }).run(() => opened.stream());
    const seen: unknown[] = [];
    const error = await errorOf(
      (async () => {
        for await (const event of events) seen.push(event);
      })(),
    );

    expect(BudgetExceededError.isInstance(error)).toBe(true);
    expect(error).not.toHaveProperty('response');
    expect(seen).toHaveLength(whole.length);
    expect(guard.report().total().costUsd).toBe(provider.billed.usd);
  });
});

describe.each(SDK_CALLS)('a slow consumer of a stream of $name', (sdk) => {
  it('slows the provider down', async () => {
    const chunk = 'x'.repeat(64 * 1024);
    const chunks = Array.from({ length: 400 }, () => chunk);
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 400, chunks } });
    const guard = createGuard();
    const { stream } = sdk.open(provider, { guard });

    const iterator = (await stream())[Symbol.asyncIterator]();
    await iterator.next();
    // As long as the provider still gets on, its bytes are only filling buffers.
    let sent = -1;
    for (let quietTurns = 0; quietTurns < 200; quietTurns += 1) {
      await new Promise(setImmediate);
      const now = provider.requests[0]?.chunksSent ?? 0;
      if (now !== sent) quietTurns = 0;
      sent = now;
    }

    expect(sent).toBeLessThan(300);
    await iterator.return?.();
    await provider.idle();
    expect(provider.requests[0]).toMatchObject({ aborted: true });
  });
});
