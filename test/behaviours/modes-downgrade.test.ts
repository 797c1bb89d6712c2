import { describe, expect, it } from 'vitest';
import { BudgetExceededError, ConfigError, createGuard, findBudgetError, UnpricedModelError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, errorOf, MESSAGES, RESPONSES, readAll } from './sdk-calls.js';

const startProvider = useProviders();

const REPLY = { inputTokens: 30, outputTokens: 500 };
const CASES = [
  { call: CHAT, cheaper: 'gpt-4o-mini' },
  { call: RESPONSES, cheaper: 'gpt-4o-mini' },
  { call: MESSAGES, cheaper: 'claude-haiku-4-5' },
];

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

describe.each(CASES)('downgrade under $call.name', ({ call, cheaper }) => {
  const downgrade = { [call.model]: cheaper };
  /** What a call may cost at most: 500 tokens of output, and less input than this has bytes. */
  const worstUsd = (500 * call.rates.output + 300 * call.rates.input) / 1e6;
  const paidUsd = (500 * call.rates.output + 30 * call.rates.input) / 1e6;

  it('changes nothing while calls fit, and sends the cheaper model once they do not', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create, stream } = call.open(provider, { guard });
    const told: unknown[] = [];
    guard.on('downgraded', (event) => told.push(event));

    await guard.track({ feature: 'chat' }, () =>
      guard.budget({ usd: paidUsd + worstUsd, onExceed: 'downgrade', downgrade, name: 'cheap' }).run(async () => {
        await create();
        await create();
        await create();
        await readAll(await stream());
      }),
    );

    expect(provider.requests.map(({ model }) => model)).toEqual([call.model, call.model, cheaper, cheaper]);
    const { model: _, ...asWritten } = provider.requests[0]?.body ?? {};
    expect(provider.requests[2]?.body).toEqual({ ...asWritten, model: cheaper });
    const entry = { from: call.model, to: cheaper, budget: 'cheap', tags: { feature: 'chat' } };
    expect(guard.downgrades()).toEqual([entry, entry]);
    expect(told).toEqual([entry, entry]);
  });

  it('alone never refuses: what does not fit even so is sent, and booked above the cap', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = call.open(provider, { guard });

    const spent = await guard.budget({ usd: 0, onExceed: 'downgrade', downgrade }).run(async (scope) => {
      for (let turn = 0; turn < 5; turn += 1) await create();
      return scope.spent;
    });

    expect(provider.calls).toBe(5);
    expect(new Set(provider.requests.map(({ model }) => model))).toEqual(new Set([cheaper]));
    expect(Math.round(spent.usd * 1e9)).toBe(Number(provider.billed.nanoUsd));
  });

  it('in a ladder refuses what does not fit even so', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = call.open(provider, { guard });
    const cap = worstUsd / 2;

    const error = await errorOf(
      guard.budget({ usd: cap, onExceed: ['downgrade', 'block'], downgrade }).run(async () => {
        for (let turn = 0; turn < 100; turn += 1) await create();
      }),
    );

    expect(refusalOf(error)).toMatchObject({ model: cheaper, canFitLater: false });
    expect(provider.calls).toBeGreaterThan(0);
    expect(provider.requests.every(({ model }) => model === cheaper)).toBe(true);
    expect(Number(provider.billed.nanoUsd)).toBeLessThanOrEqual(Math.floor(cap * 1e9));
    expect(guard.downgrades()).toHaveLength(provider.calls);
  });

  it('in a ladder falls to the ceiling that fits', async () => {
    const provider = await startProvider({ respond: { outputTokens: 10_000 } });
    const guard = createGuard();
    const { create } = call.open(provider, { guard });
    const cap = worstUsd / 10;

    const error = await errorOf(
      guard.budget({ usd: cap, onExceed: ['downgrade', 'clamp', 'block'], downgrade }).run(async () => {
        for (let turn = 0; turn < 100; turn += 1) await create();
      }),
    );

    expect(refusalOf(error).model).toBe(cheaper);
    expect(provider.calls).toBeGreaterThan(0);
    expect(provider.requests.every(({ body }) => (body[call.ceiling] as number) <= 500)).toBe(true);
    expect(Number(provider.billed.nanoUsd)).toBeLessThanOrEqual(Math.floor(cap * 1e9));
  });

  it('books the model that was sent and the one that was asked for', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = call.open(provider, { guard });

    await guard.budget({ usd: 0, onExceed: 'downgrade', downgrade }).run(() => create());

    expect(await records()).toMatchObject([{ model: cheaper, requestedModel: call.model }]);
    expect(guard.report().total().costUsd).toBe(provider.billed.usd);
  });
});

describe('downgrade', () => {
  const chain = { 'gpt-4o': 'gpt-4.1-mini', 'gpt-4.1-mini': 'gpt-4o-mini' };

  it('goes down a chain only as far as it must', async () => {
    const provider = await startProvider({ respond: { inputTokens: 30, outputTokens: 500 } });
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });
    const send = (usd: number) =>
      guard.budget({ usd, onExceed: ['downgrade', 'block'], downgrade: chain }).run(() => create());

    await send(0.01);
    await send(0.002);
    await send(0.0005);

    expect(provider.requests.map(({ model }) => model)).toEqual(['gpt-4o', 'gpt-4.1-mini', 'gpt-4o-mini']);
    expect(guard.downgrades().map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'gpt-4o → gpt-4.1-mini',
      'gpt-4o → gpt-4.1-mini',
      'gpt-4.1-mini → gpt-4o-mini',
    ]);
  });

  it('finds the row of a dated model by its plain name', async () => {
    const provider = await startProvider({ respond: { inputTokens: 30, outputTokens: 500 } });
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });

    await guard
      .budget({ usd: 0.001, onExceed: ['downgrade', 'block'], downgrade: { 'gpt-4o': 'gpt-4o-mini' } })
      .run(() => create({ model: 'gpt-4o-2024-11-20' }));

    expect(provider.requests[0]?.model).toBe('gpt-4o-mini');
  });

  it.each([
    ['in a ladder that keeps the cap', ['downgrade', 'block'] as const],
    ['alone', 'downgrade' as const],
  ])('%s refuses a target without a price', async (_, onExceed) => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });

    const error = await errorOf(
      guard
        .budget({ usd: 0.001, onExceed, downgrade: { 'gpt-4o': 'house-model' } } as never)
        .run(() => create()) as Promise<unknown>,
    );

    expect(findBudgetError(error)).toBeInstanceOf(UnpricedModelError);
    expect(findBudgetError(error)).toMatchObject({ model: 'house-model' });
    expect(provider.calls).toBe(0);
  });

  it('takes a target without a price where the user asked for no more than a warning', async () => {
    const provider = await startProvider();
    const guard = createGuard({ onWarning: () => undefined });
    const { create } = CHAT.open(provider, { guard });

    await guard
      .budget({ usd: 0.001, onExceed: 'downgrade', downgrade: { 'gpt-4o': 'house-model' }, onUnpriced: 'warn' })
      .run(() => create());

    expect(provider.requests[0]?.model).toBe('house-model');
    expect(guard.unpricedCalls()).toBe(1);
  });

  it('refuses a dearer target at once, and passes over one that became dearer', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });
    const make = (to: string) =>
      guard.budget({ usd: 0.001, onExceed: ['downgrade', 'block'], downgrade: { 'gpt-4o': to } });

    expect(() => make('gpt-4-turbo')).toThrow(ConfigError);
    const late = make('house-model');
    guard.prices.register('house-model', { input: 30, output: 60 });
    const error = refusalOf(await errorOf(late.run(() => create())));

    expect(error.model).toBe('gpt-4o');
    expect(provider.calls).toBe(0);
    expect(guard.downgrades()).toEqual([]);
  });

  it('counts a smaller maximum for no lower price', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const small = guard.budget({
      usd: 0.01,
      onExceed: 'downgrade',
      downgrade: { 'gpt-4o': 'small-model' },
    });
    guard.prices.register('small-model', { input: 5, output: 20, maxOutputTokens: 100 });
    const { create } = CHAT.open(provider, { guard });

    await small.run(() => create({ max_completion_tokens: undefined }));

    expect(provider.requests[0]?.model).toBe('gpt-4o');
  });

  it('follows a cap in tokens or calls too', async () => {
    const provider = await startProvider({ respond: { inputTokens: 30, outputTokens: 500 } });
    const guard = createGuard();
    const { create } = CHAT.open(provider, { guard });

    await guard.budget({ calls: 1, onExceed: 'downgrade', downgrade: { 'gpt-4o': 'gpt-4o-mini' } }).run(async () => {
      await create();
      await create();
    });

    expect(provider.requests.map(({ model }) => model)).toEqual(['gpt-4o', 'gpt-4o-mini']);
  });
});
