import { describe, expect, it } from 'vitest';
import { createGuard, type SpendRecord } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const NOW_MS = Date.UTC(2026, 10, 24, 12, 0, 0);

describe.each(SDK_CALLS)('the record of a call of $name', (sdk) => {
  it('says everything there is to say of it', async () => {
    const clock = createFakeClock({ nowMs: NOW_MS });
    const reply = { inputTokens: 1000, cachedTokens: 200, outputTokens: 500, servedModel: sdk.model };
    const provider = await startProvider({
      respond: (request) => {
        clock.advance(1500);
        return request.model === 'none' ? {} : reply;
      },
    });
    const guard = createGuard({ clock });
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    const [outer, inner] = await guard.track({ feature: 'search', userId: 7, beta: true }, () =>
      guard.budget({ usd: 1, name: 'outer' }).run((outerScope) =>
        guard.budget({ tokens: 100_000 }).run(async (innerScope) => {
          await create();
          return [outerScope, innerScope] as const;
        }),
      ),
    );

    const [record] = await records();
    const price = guard.prices.lookup(sdk.model);
    expect(record).toEqual({
      id: expect.stringMatching(/\S{10,}/),
      schemaVersion: 1,
      timeMs: NOW_MS + 1500,
      provider: sdk.name.startsWith('openai') ? 'openai' : 'anthropic',
      operation: 'chat',
      model: sdk.model,
      servedModel: sdk.model,
      usage: expect.objectContaining({ inputTokens: 1000, cacheReadInputTokens: 200, outputTokens: 500 }),
      costNanoUsd: Number(provider.billed.nanoUsd),
      basis: 'priced',
      items: expect.any(Array),
      priceSource: price?.source,
      priceAsOf: price?.asOf,
      serviceTier: expect.any(String),
      tags: { feature: 'search', userId: 7, beta: true },
      budgets: [{ id: outer.id, name: 'outer' }, { id: inner.id }],
      holdNanoUsd: expect.any(Number),
      outcome: 'completed',
      stream: false,
      durationMs: 1500,
    });
    expect(record?.items.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ['input', 800],
      ['cache_read', 200],
      ['output', 500],
    ]);
    const sum = record?.items.reduce((total, item) => total + Number(item.costPicoUsd), 0) ?? 0;
    expect(Math.ceil(sum / 1000)).toBe(record?.costNanoUsd);
  });

  it('tells when the first output of a stream came', async () => {
    const clock = createFakeClock({ nowMs: NOW_MS });
    const provider = await startProvider({ respond: { outputTokens: 100, holdAfterChunks: 5 } });
    const guard = createGuard({ clock });
    const records = collectRecords(guard);
    const { stream } = sdk.open(provider, { guard });

    const events = await stream();
    clock.advance(250);
    const iterator = events[Symbol.asyncIterator]();
    await iterator.next();
    while (provider.requests[0]?.chunksSent !== 5) await new Promise(setImmediate);
    await iterator.next();
    await iterator.next();
    clock.advance(750);
    provider.releaseAll();
    while (!(await iterator.next()).done);

    const [record] = await records();
    expect(record).toMatchObject({ stream: true, durationMs: 1000 });
    expect(record?.timeToFirstTokenMs).toBeGreaterThanOrEqual(250);
    expect(record?.timeToFirstTokenMs).toBeLessThanOrEqual(1000);
  });

  it('is frozen through and through', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    await guard.track({ feature: 'search' }, () => guard.budget({ usd: 1 }).run(() => create()));

    const [record] = await records();
    expect(unfrozen(record)).toEqual([]);
  });

  it('names the model that was asked for and the one that was sent', async () => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    guard.prices.register('dear', { input: 100, output: 400, maxOutputTokens: 1000, contextTokens: 100_000 });
    const { create } = sdk.open(provider, { guard });

    await guard
      .budget({ usd: 0.05, onExceed: ['downgrade', 'block'], downgrade: { dear: sdk.model } })
      .run(() => create({ model: 'dear' }));

    expect((await records())[0]).toMatchObject({ requestedModel: 'dear', model: sdk.model });
  });

  it('names the ceiling that was sent with it', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    await guard.budget({ usd: 0.005, onExceed: 'clamp' }).run(() => create({ [sdk.ceiling]: 5000 }));

    const sent = provider.requests[0]?.body[sdk.ceiling];
    expect((await records())[0]?.ceilingTokens).toBe(sent);
  });

  it('is one for each settled attempt, and none for one that cost nothing', async () => {
    const provider = await startProvider();
    provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create, stream } = sdk.open(provider, { guard, maxRetries: 1 });

    await create();
    await readAll(await stream());

    expect(provider.calls).toBe(3);
    const all = await records();
    expect(all).toHaveLength(2);
    expect(new Set(all.map(({ id }) => id)).size).toBe(2);
  });

  it('is priced by the model that answered', async () => {
    const provider = await startProvider({
      respond: { inputTokens: 1000, outputTokens: 500, servedModel: 'claude-haiku-4-5' },
    });
    const guard = createGuard();
    const records = collectRecords(guard);
    guard.prices.register('claude-haiku-4-5', { input: 1, output: 5 });
    const { create } = sdk.open(provider, { guard });

    await create();

    expect((await records())[0]).toMatchObject({ servedModel: 'claude-haiku-4-5', costNanoUsd: 3_500_000 });
  });
});

/** The paths of everything in `value` that can be changed. */
function unfrozen(value: unknown, path = 'record'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.isFrozen(value) ? [] : [path];
  return [...own, ...Object.entries(value).flatMap(([key, item]) => unfrozen(item, `${path}.${key}`))];
}

describe('a record of a call outside of any budget', () => {
  it('still has what the call might have cost, and no budget', async () => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const [sdk] = SDK_CALLS;
    await sdk?.open(provider, { guard }).create();

    const [record] = (await records()) as [SpendRecord];
    expect(record.budgets).toEqual([]);
    expect(record.tags).toEqual({});
    expect(record.holdNanoUsd).toBeGreaterThanOrEqual(record.costNanoUsd);
  });
});
