import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, errorOf, MESSAGES, RESPONSES, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

/** The APIs whose ceiling may be left out, and a request without one. */
const WITHOUT_CEILING = [
  { call: CHAT, body: { max_completion_tokens: undefined } },
  { call: RESPONSES, body: { max_output_tokens: undefined } },
];

/** A priced model: free input, $10 a million out. Ten cents are 10 000 tokens of output. */
const MODEL = 'ten-dollar-model';
const PRICES = { [MODEL]: { input: 0, output: 10 } };

function textOfTokens(count: number): string {
  const text = 'hello '.repeat(count - 1).concat('hello');
  expect(countTokens(text)).toBe(count);
  return text;
}

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

describe.each([
  { call: CHAT, prompt: (text: string) => ({ messages: [{ role: 'user', content: text }] }) },
  { call: RESPONSES, prompt: (text: string) => ({ input: text }) },
])('block under $call.name', ({ call, prompt }) => {
  it('sends exactly one call of a loop where two would pass the cap, because it counts the input exactly', async () => {
    const provider = await startProvider({ countTokens, respond: { outputTokens: 500 } });
    const guard = createGuard();
    const { create } = call.open(provider, { guard, maxRetries: 2 });
    const body = prompt(textOfTokens(1000));
    // By bytes alone the input would be 5 999 tokens and more, and not even one call would fit.
    const loop = guard.budget({ usd: 0.01 }, async () => {
      for (let turn = 0; turn < 100; turn += 1) await create(body);
    });

    const error = refusalOf(await errorOf(loop()));

    expect(provider.calls).toBe(1);
    expect(provider.billed.usd).toBe('0.0075');
    expect(error).toMatchObject({ unit: 'usd', cap: 0.01, spent: 0.0075, held: 0, canFitLater: false });
  });

  it('refuses the same call where the input may only be bounded by its bytes', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = call.open(provider, { guard });

    await errorOf(guard.budget({ usd: 0.01, inputBound: 'bytes' }).run(() => create(prompt(textOfTokens(1000)))));

    expect(provider.calls).toBe(0);
  });
});

describe.each(SDK_CALLS)('block under $name', (call) => {
  it('leaves a call with a ceiling of its own as the SDK sent it', async () => {
    const provider = await startProvider();
    await call.open(provider).create();
    await readAll(await call.open(provider).stream());
    const guard = createGuard();
    const { create, stream } = call.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(async () => {
      await create();
      await readAll(await stream());
    });

    const [bare, bareStream, guarded, guardedStream] = provider.requests;
    expect(guarded?.bodyText).toBe(bare?.bodyText);
    const { stream_options: _, ...rest } = guardedStream?.body ?? {};
    expect(rest).toEqual(bareStream?.body);
    expect(guard.clamps()).toEqual([]);
  });

  it('holds a call at its own ceiling and no more', async () => {
    const provider = await startProvider();
    provider.hold();
    const guard = createGuard();
    guard.prices.register(MODEL, { input: 0, output: 10, maxOutputTokens: 100_000 });
    const { create } = call.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(async (scope) => {
      const pending = create({ model: MODEL, [call.ceiling]: 700 });
      await provider.waitForRequests(1);
      expect(scope.held.usd).toBe(0.007);
      provider.releaseAll();
      await pending;
      expect(scope.held.usd).toBe(0);
    });
  });

  it('refuses a call whose own ceiling does not fit, instead of tightening it', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    guard.prices.register(MODEL, { input: 0, output: 10 });
    const { create, stream } = call.open(provider, { guard });
    const body = { model: MODEL, [call.ceiling]: 5001 };

    await guard.budget({ usd: 0.05 }).run(async () => {
      expect(refusalOf(await errorOf(create(body)))).toMatchObject({ requested: 0.05001, canFitLater: false });
      expect(refusalOf(await errorOf(stream(body)))).toMatchObject({ requested: 0.05001, canFitLater: false });
    });

    expect(provider.calls).toBe(0);
  });

  it('refuses what only held money stands in the way of, and sends it once that settled', async () => {
    const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 100 } });
    provider.hold();
    const guard = createGuard();
    guard.prices.register(MODEL, { input: 0, output: 10 });
    const { create } = call.open(provider, { guard });
    const body = { model: MODEL, [call.ceiling]: 6000 };

    await guard.budget({ usd: 0.1 }).run(async () => {
      const first = create(body);
      await provider.waitForRequests(1);
      const error = refusalOf(await errorOf(create(body)));
      expect(error).toMatchObject({ spent: 0, held: 0.06, requested: 0.06, remaining: 0.04, canFitLater: true });
      provider.releaseAll();
      await first;
      await create(body);
    });

    expect(provider.calls).toBe(2);
  });
});

describe.each(WITHOUT_CEILING)('block, for a call of $call.name without a ceiling,', ({ call, body }) => {
  async function sendUnder(budget: object, price: object = { maxOutputTokens: 100_000 }) {
    const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 1 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    guard.prices.register({ model: MODEL, provider: 'openai' }, { input: 0, output: 10, ...price });
    const { create } = call.open(provider, { guard });
    const error = await guard
      .budget({ usd: 1, ...budget })
      .run(() => create({ ...body, model: MODEL }))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    const sent = provider.requests[0]?.body ?? {};
    return { provider, guard, error, sent, record: (await records())[0], ceiling: sent[call.ceiling] };
  }

  it('sends none where the maximum of the model fits exactly', async () => {
    const { ceiling, sent, guard, record } = await sendUnder({ usd: 1 });
    expect(ceiling).toBeUndefined();
    expect(sent).not.toHaveProperty('max_tokens');
    expect(guard.clamps()).toEqual([]);
    expect(record).not.toHaveProperty('ceilingInjected');
    expect(record?.holdNanoUsd).toBe(1_000_000_000);
  });

  it('sends a quarter of what is not spent where the maximum does not fit by one nano-dollar', async () => {
    const { ceiling, guard, record } = await sendUnder({ usd: '0.999999999' });
    expect(ceiling).toBe(24_999);
    expect(record).toMatchObject({ ceilingInjected: true, ceilingTokens: 24_999, holdNanoUsd: 249_990_000 });
    expect(guard.clamps()).toMatchObject([{ model: MODEL, maxOutputTokens: 24_999, injected: true }]);
  });

  it('sends 4096 where a quarter would be less', async () => {
    expect((await sendUnder({ usd: 0.1 })).ceiling).toBe(4096);
  });

  it('sends all that fits where even 4096 do not', async () => {
    expect((await sendUnder({ usd: 0.03 })).ceiling).toBe(3000);
  });

  it('refuses where less than the reserve fits, and it can never fit', async () => {
    const least = await sendUnder({ usd: 0.00256 });
    expect(least.ceiling).toBe(256);
    const { provider, error } = await sendUnder({ usd: '0.002559999' });
    expect(provider.calls).toBe(0);
    expect(refusalOf(error).canFitLater).toBe(false);
    expect((await sendUnder({ usd: 0.001, outputReserve: 100 })).ceiling).toBe(100);
  });

  it('sends the reserve where that is more than a quarter', async () => {
    expect((await sendUnder({ usd: 0.5, outputReserve: 30_000 })).ceiling).toBe(30_000);
  });

  it('sends one where nobody knows the maximum, whatever the cap', async () => {
    expect((await sendUnder({ usd: 100 }, {})).ceiling).toBe(2_500_000);
  });

  it('bounds by a cap in tokens too', async () => {
    const { provider, ceiling } = await sendUnder({ usd: 1, tokens: 2000 });
    const { usage } = provider.requests[0] ?? {};
    expect(ceiling).toBeGreaterThan(1700);
    expect((ceiling as number) + (usage?.inputTokens ?? 0)).toBeLessThanOrEqual(2000);
  });

  it('sends the ceiling of the budget where that is set, and leaves a call with its own alone', async () => {
    const { ceiling, record } = await sendUnder({ maxOutputTokens: 321 });
    expect(ceiling).toBe(321);
    expect(record?.holdNanoUsd).toBe(3_210_000);
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = call.open(provider, { guard });
    await guard.budget({ usd: 1, maxOutputTokens: 321 }).run(() => create({ [call.ceiling]: 400 }));
    expect(provider.requests[0]?.body[call.ceiling]).toBe(400);
  });

  it('tightens by what is spent, and never because money is merely held', async () => {
    const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 20_000 } });
    const guard = createGuard();
    guard.prices.register({ model: MODEL, provider: 'openai' }, { input: 0, output: 10, maxOutputTokens: 100_000 });
    const { create } = call.open(provider, { guard });
    const send = () => create({ ...body, model: MODEL });

    await guard.budget({ usd: 1.5 }).run(async () => {
      provider.hold();
      const first = send();
      await provider.waitForRequests(1);
      const refused = refusalOf(await errorOf(send()));
      expect(refused).toMatchObject({ held: 1, canFitLater: true });
      provider.releaseAll();
      await first;
      await send();
      await send();
      // 0.6 of 1.5 dollars are spent, so the maximum no longer fits: a quarter of the rest.
      await send();
    });

    expect(provider.requests.map((request) => request.body[call.ceiling])).toEqual([
      undefined,
      undefined,
      undefined,
      22_500,
    ]);
  });

  it('keeps to what is held by others for a ceiling that an inner budget sent', async () => {
    const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 1 } });
    const guard = createGuard();
    guard.prices.register({ model: MODEL, provider: 'openai' }, { input: 0, output: 10, maxOutputTokens: 100_000 });
    const { create } = call.open(provider, { guard });
    provider.hold();

    await guard.budget({ usd: 1.2, name: 'outer' }).run(async () => {
      const first = create({ model: MODEL, [call.ceiling]: 90_000 });
      await provider.waitForRequests(1);
      // The inner budget sends 40 000; the outer one, which has spent nothing, may not tighten that further.
      const inner = guard.budget({ usd: 0.4, outputReserve: 40_000, name: 'inner' });
      const error = refusalOf(await errorOf(inner.run(() => create({ ...body, model: MODEL, n: undefined }))));
      expect(error).toMatchObject({ budget: 'outer', canFitLater: true });
      provider.releaseAll();
      await first;
    });

    expect(provider.calls).toBe(1);
  });
});

describe('block', () => {
  it('multiplies by the choices that were asked for', async () => {
    const provider = await startProvider({ prices: PRICES, respond: { outputTokens: 1 } });
    const guard = createGuard();
    guard.prices.register(MODEL, { input: 0, output: 10, maxOutputTokens: 10_000 });
    const { create } = CHAT.open(provider, { guard });

    await guard.budget({ usd: 0.05 }).run(async () => {
      await create({ model: MODEL, n: 5, max_completion_tokens: 1000 });
      expect(findBudgetError(await errorOf(create({ model: MODEL, n: 5, max_completion_tokens: 1001 })))).toBeDefined();
    });

    expect(provider.calls).toBe(1);
  });

  it('takes a ceiling of zero as zero output', async () => {
    const provider = await startProvider({ strict: false, prices: PRICES });
    const guard = createGuard();
    guard.prices.register(MODEL, { input: 0, output: 10 });
    const { create } = MESSAGES.open(provider, { guard });

    await guard.budget({ usd: 0 }).run(() => create({ model: MODEL, max_tokens: 0 }));

    expect(provider.requests[0]?.body.max_tokens).toBe(0);
  });
});
