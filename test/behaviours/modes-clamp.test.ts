import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, errorOf, MESSAGES, RESPONSES, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

const MODEL = 'ten-dollar-model';
const LONG = 50_000;
const CEILINGS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

/** The one ceiling a body names, whatever its name. */
function ceilingOf(body: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const set = CEILINGS.filter((name) => body !== undefined && name in body);
  expect(set.length).toBeLessThanOrEqual(1);
  return set[0] && (body?.[set[0]] as number);
}

/** Free input and $10 a million out: a dollar cap is a number of tokens. */
async function open(call: SdkCall, { outputTokens = LONG, maxOutputTokens = 40_000 } = {}) {
  const provider = await startProvider({
    prices: { [MODEL]: { input: 0, output: 10 } },
    respond: { outputTokens, text: 'Done.' },
    maxOutputTokens: { [MODEL]: maxOutputTokens },
  });
  const guard = createGuard();
  guard.prices.register(MODEL, { input: 0, output: 10, maxOutputTokens });
  const sdk = call.open(provider, { guard });
  const body = (more: object = {}) => ({ model: MODEL, ...more });
  return {
    provider,
    guard,
    create: (more?: object) => sdk.create(body(more)),
    stream: async (more?: object) => readAll(await sdk.stream(body(more))),
    ceilings: () => provider.requests.map((request) => ceilingOf(request.body)),
  };
}

describe.each(SDK_CALLS)('clamp under $name', (call) => {
  it('tightens a looser ceiling of the caller under the name he used, in plain calls and streams', async () => {
    const { provider, guard, create, stream } = await open(call);
    const told: unknown[] = [];
    guard.on('clamped', (event) => told.push(event));

    await guard.budget({ usd: 0.1, onExceed: 'clamp', name: 'tight' }).run(() => create({ [call.ceiling]: 20_000 }));
    await guard.budget({ usd: 0.15, onExceed: 'clamp', name: 'tight' }).run(() => stream({ [call.ceiling]: 20_000 }));

    expect(provider.requests.map(({ body }) => body[call.ceiling])).toEqual([10_000, 15_000]);
    expect(provider.requests.map(({ body }) => ceilingOf(body))).toEqual([10_000, 15_000]);
    expect(provider.billed.usd).toBe('0.25');
    const event = { model: MODEL, injected: false, budget: 'tight', tags: {} };
    expect(told).toEqual([
      { ...event, maxOutputTokens: 10_000 },
      { ...event, maxOutputTokens: 15_000 },
    ]);
    expect(guard.clamps()).toEqual(told);
  });

  it('leaves a tighter ceiling of the caller as it is', async () => {
    const { guard, create, ceilings } = await open(call);

    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(() => create({ [call.ceiling]: 9000 }));

    expect(ceilings()).toEqual([9000]);
    expect(guard.clamps()).toEqual([]);
  });

  it('makes the ceiling of the second call tighter by what the first has cost', async () => {
    const { guard, create, ceilings, provider } = await open(call, { outputTokens: 4000 });

    const error = await errorOf(
      guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(async () => {
        for (let turn = 0; turn < 10; turn += 1) await create({ [call.ceiling]: 20_000 });
      }),
    );

    // The last call takes the 2000 tokens that are left.
    expect(ceilings()).toEqual([10_000, 6000, 2000]);
    expect(provider.billed.usd).toBe('0.1');
    expect(refusalOf(error)).toMatchObject({ spent: 0.1, remaining: 0, canFitLater: false });
  });

  it('works from a cap in tokens as from one in dollars, and from both', async () => {
    const { provider, guard, create, ceilings } = await open(call);

    await guard.budget({ tokens: 5000, onExceed: 'clamp' }).run(() => create({ [call.ceiling]: 20_000 }));
    await guard.budget({ tokens: 5000, usd: 0.01, onExceed: 'clamp' }).run(() => create({ [call.ceiling]: 20_000 }));
    await guard.budget({ tokens: 5000, usd: 1, onExceed: 'clamp' }).run(() => create({ [call.ceiling]: 20_000 }));

    const [fromTokens, fromUsd, fromBoth] = ceilings() as number[];
    expect(fromTokens).toBeGreaterThan(4700);
    expect(fromUsd).toBe(1000);
    expect(fromBoth).toBe(fromTokens);
    for (const { usage } of provider.requests) {
      expect((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)).toBeLessThanOrEqual(5000);
    }
  });

  it('refuses where there is no room at all, unsent', async () => {
    const { provider, guard, create } = await open(call);

    const error = await errorOf(guard.budget({ usd: 0, onExceed: 'clamp' }).run(() => create({ [call.ceiling]: 500 })));

    expect(refusalOf(error).canFitLater).toBe(false);
    expect(provider.calls).toBe(0);
  });

  it('says that a call fits later where the room is only held', async () => {
    const { provider, guard, create } = await open(call, { outputTokens: 10 });
    provider.hold();

    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(async () => {
      const first = create({ [call.ceiling]: 20_000 });
      await provider.waitForRequests(1);
      expect(refusalOf(await errorOf(create({ [call.ceiling]: 20_000 })))).toMatchObject({ canFitLater: true });
      provider.releaseAll();
      await first;
      await create({ [call.ceiling]: 20_000 });
    });

    expect(provider.calls).toBe(2);
  });

  it('refuses a model whose price nobody knows, under a cap in dollars', async () => {
    const { provider, guard } = await open(call);
    const { create } = call.open(provider, { guard });

    const error = await errorOf(
      guard.budget({ usd: 1, onExceed: 'clamp' }).run(() => create({ model: 'nobody-knows-me' })),
    );

    expect(findBudgetError(error)?.code).toBe('unpriced_model');
    expect(provider.calls).toBe(0);
  });
});

describe('clamp, for a call without a ceiling,', () => {
  it.each([
    [CHAT, { max_completion_tokens: undefined }],
    [RESPONSES, { max_output_tokens: undefined }],
  ])('sends what fits, and never more than the maximum of the model (%#)', async (call, without) => {
    const { guard, create, ceilings } = await open(call, { outputTokens: 10 });
    const records = collectRecords(guard);

    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(() => create(without));
    await guard.budget({ usd: 5, onExceed: 'clamp' }).run(() => create(without));

    expect(ceilings()).toEqual([10_000, 40_000]);
    expect(guard.clamps()).toMatchObject([
      { maxOutputTokens: 10_000, injected: true },
      { maxOutputTokens: 40_000, injected: true },
    ]);
    expect(await records()).toMatchObject([
      { ceilingInjected: true },
      { ceilingInjected: true, ceilingTokens: 40_000 },
    ]);
  });

  it('says that the caller had set none where it tightens what the budget sets for such calls', async () => {
    const { guard, create, ceilings } = await open(CHAT);

    await guard
      .budget({ usd: 0.05, onExceed: 'clamp', maxOutputTokens: 8000 })
      .run(() => create({ max_completion_tokens: undefined }));

    expect(ceilings()).toEqual([5000]);
    expect(guard.clamps()).toMatchObject([{ maxOutputTokens: 5000, injected: true }]);
  });

  it('uses the name that the service behind the client knows', async () => {
    const { provider, guard, create } = await open(CHAT, { outputTokens: 10 });
    const send = () => create({ max_completion_tokens: undefined });

    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(send);
    guard.prices.register({ model: MODEL, provider: 'openai' }, { input: 0, output: 10, maxOutputTokens: 40_000 });
    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(send);

    expect(provider.requests[0]?.body).toHaveProperty('max_tokens', 10_000);
    expect(provider.requests[1]?.body).toHaveProperty('max_completion_tokens', 10_000);
    expect(provider.requests[1]?.body).not.toHaveProperty('max_tokens');
  });
});

describe('clamp under openai chat completions', () => {
  it.each([
    ['the old name', { max_completion_tokens: undefined, max_tokens: 20_000 }, 'max_tokens'],
    ['the new name', { max_completion_tokens: 20_000 }, 'max_completion_tokens'],
    ['the old name beside a null', { max_completion_tokens: null, max_tokens: 20_000 }, 'max_tokens'],
  ])('keeps to %s', async (_, ceiling, name) => {
    const { provider, guard, create } = await open(CHAT);

    await guard.budget({ usd: 0.1, onExceed: 'clamp' }).run(() => create(ceiling));

    const { body } = provider.requests[0] ?? {};
    expect(CEILINGS.filter((key) => body !== undefined && key in body)).toEqual([name]);
    expect(body?.[name]).toBe(10_000);
  });

  it('divides by the choices asked for', async () => {
    const { provider, guard, create, ceilings } = await open(CHAT);

    await guard
      .budget({ usd: '0.10003', onExceed: 'clamp' })
      .run(() => create({ n: 4, max_completion_tokens: 20_000 }));

    expect(ceilings()).toEqual([2500]);
    expect(provider.billed.usd).toBe('0.1');
  });
});

describe('clamp at the least a service accepts', () => {
  it('is 16 tokens under openai responses', async () => {
    const { provider, guard, create, ceilings } = await open(RESPONSES);
    const send = (usd: string) =>
      guard.budget({ usd, onExceed: 'clamp' }).run(() => create({ max_output_tokens: 500 }));

    await send('0.00016');
    expect(refusalOf(await errorOf(send('0.000159999'))).canFitLater).toBe(false);

    expect(ceilings()).toEqual([16]);
    expect(provider.requests[0]?.status).toBe(200);
  });

  it('is one token under chat completions', async () => {
    const { guard, create, ceilings } = await open(CHAT);
    const send = (usd: string) =>
      guard.budget({ usd, onExceed: 'clamp' }).run(() => create({ max_completion_tokens: 500 }));

    await send('0.00001');
    await errorOf(send('0.000009999'));

    expect(ceilings()).toEqual([1]);
  });

  it('is above the thinking that was asked for under anthropic messages', async () => {
    const { provider, guard, create, ceilings } = await open(MESSAGES);
    const thinking = { type: 'enabled', budget_tokens: 2000 };
    const send = (usd: string) =>
      guard.budget({ usd, onExceed: 'clamp' }).run(() => create({ max_tokens: 8000, thinking }));

    await send('0.02001');
    expect(refusalOf(await errorOf(send('0.02'))).canFitLater).toBe(false);

    expect(ceilings()).toEqual([2001]);
    expect(provider.requests[0]?.status).toBe(200);
  });
});
