import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { errorOf, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

const REPLY = { inputTokens: 1000, outputTokens: 500 };

/** What one such answer costs in US dollars. */
function costOf({ rates }: SdkCall): number {
  return (1000 * rates.input + 500 * rates.output) / 1e6;
}

function refusalOf(error: unknown): BudgetExceededError {
  const found = findBudgetError(error);
  expect(found).toBeInstanceOf(BudgetExceededError);
  return found as BudgetExceededError;
}

describe.each(SDK_CALLS)('raise under $name', (call) => {
  it('stops a loop of 100 after the second call, whose answer is on the error', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = call.open(provider, { guard, maxRetries: 2 });
    const answers: unknown[] = [];
    const cap = (costOf(call) * 4) / 3;

    const loop = guard.budget({ usd: cap, onExceed: 'raise', name: 'loop' }, async () => {
      for (let turn = 0; turn < 100; turn += 1) answers.push(await create());
    });
    const error = refusalOf(await errorOf(guard.track({ feature: 'agent' }, loop)));

    expect(provider.calls).toBe(2);
    expect(answers).toHaveLength(1);
    expect(error).toMatchObject({
      budget: 'loop',
      unit: 'usd',
      cap: expect.closeTo(cap, 8),
      spent: expect.closeTo(2 * costOf(call), 8),
      remaining: 0,
      canFitLater: false,
      model: call.model,
      tags: { feature: 'agent' },
    });
    // The paid answer is the body as it came: the first one but for its id.
    const shape = (body: unknown) => ({ ...(body as object), id: '', created: 0, created_at: 0, _request_id: null });
    expect(shape(error.response)).toMatchObject({ model: call.model, usage: expect.anything() });
    expect(Object.keys(error.response as object)).toEqual(
      expect.arrayContaining(
        Object.keys(answers[0] as object).filter((key) => !['_request_id', 'output_text'].includes(key)),
      ),
    );
    expect(JSON.stringify(error)).not.toContain('"response"');
  });

  it('is latched: a caller that swallows the error gets every later call refused unsent', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create, stream } = call.open(provider, { guard });

    await guard.budget({ usd: costOf(call) / 2, onExceed: 'raise' }).run(async () => {
      expect(refusalOf(await errorOf(create()))).toHaveProperty('response');
      for (const send of [create, stream, create]) {
        const later = refusalOf(await errorOf(send()));
        expect('response' in later).toBe(false);
        expect(later.canFitLater).toBe(false);
      }
    });

    expect(provider.calls).toBe(1);
  });

  it('delivers a stream whole, then ends it with an error that has no response', async () => {
    const provider = await startProvider({ respond: { ...REPLY, text: 'one two three' } });
    const guard = createGuard();
    const whole = await readAll(await call.open(provider).stream());

    const { events, error } = await guard.budget({ usd: costOf(call) / 2, onExceed: 'raise' }).run(async () => {
      const seen: unknown[] = [];
      const stream = await call.open(provider, { guard }).stream();
      const reason = await errorOf(
        (async () => {
          for await (const event of stream) seen.push(event);
        })(),
      );
      return { events: seen, error: reason };
    });

    const anonymous = (list: readonly unknown[]) =>
      list.map((event) => JSON.stringify(event).replaceAll(/fake\d+|"created(_at)?":\d+/g, ''));
    expect(anonymous(events)).toEqual(anonymous(whole));
    expect(refusalOf(error).spent).toBeCloseTo(costOf(call), 8);
    expect('response' in refusalOf(error)).toBe(false);
  });

  it('throws nothing where a call lands exactly on the cap, and refuses the next', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = call.open(provider, { guard });

    await guard.budget({ usd: costOf(call), onExceed: 'raise' }).run(async () => {
      await create();
      expect('response' in refusalOf(await errorOf(create()))).toBe(false);
    });

    expect(provider.calls).toBe(1);
  });

  it('lets at most one of many calls at once cross, each answer but that one delivered', async () => {
    const provider = await startProvider({
      prices: { 'ten-cent-model': { input: 0, output: 10 } },
      respond: { outputTokens: 10_000, text: 'Done.' },
    });
    const guard = createGuard();
    guard.prices.register('ten-cent-model', { input: 0, output: 10, maxOutputTokens: 10_000 });
    const { create } = call.open(provider, { guard });
    const body = { model: 'ten-cent-model', [call.ceiling]: 10_000 };

    const results = await guard
      .budget({ usd: 0.25, onExceed: 'raise' })
      .run(() => Promise.allSettled(Array.from({ length: 30 }, () => create(body))));

    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [refusalOf(result.reason)] : []));
    expect(provider.calls).toBe(3);
    expect(provider.billed.usd).toBe('0.3');
    expect(refusals.filter((error) => 'response' in error)).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('holds for tokens and for calls too', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { create } = call.open(provider, { guard });

    const tokens = await errorOf(
      guard.budget({ tokens: 2000, onExceed: 'raise' }).run(async () => {
        for (;;) await create();
      }),
    );
    expect(provider.calls).toBe(2);
    expect(refusalOf(tokens)).toMatchObject({ unit: 'tokens', cap: 2000, spent: 3000 });
    expect(refusalOf(tokens)).toHaveProperty('response');

    provider.reset();
    const calls = await errorOf(
      guard.budget({ calls: 3, onExceed: 'raise' }).run(async () => {
        for (;;) await create();
      }),
    );
    expect(provider.calls).toBe(3);
    expect(refusalOf(calls)).toMatchObject({ unit: 'calls', cap: 3, spent: 3 });
  });
});

describe('raise', () => {
  it('throws from one call only when all answers arrive in the same instant', async () => {
    const guard = createGuard();
    guard.prices.register('ten-cent-model', { input: 0, output: 10, maxOutputTokens: 10_000 });
    const usage = { prompt_tokens: 1, completion_tokens: 10_000, total_tokens: 10_001 };
    let answerAll: (answer: object) => void = () => undefined;
    const answered = new Promise<object>((resolve) => {
      answerAll = resolve;
    });
    const double = guard.instrument({ chat: { completions: { create: (_: object): Promise<object> => answered } } });

    const results = await guard.budget({ usd: 0.25, onExceed: 'raise' }).run(() => {
      const calls = Array.from({ length: 10 }, () =>
        double.chat.completions.create({ model: 'ten-cent-model', max_tokens: 10_000, messages: [] }),
      );
      const ended = Promise.allSettled(calls);
      setImmediate(() => answerAll({ model: 'ten-cent-model', choices: [], usage }));
      return ended;
    });

    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [refusalOf(result.reason)] : []));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(refusals.filter((error) => 'response' in error)).toHaveLength(1);
  });
});
