import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { ConfigError, createGuard, type EstimateRequest, UnpricedModelError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const LONG = 'The quick brown fox jumps over the lazy dog. '.repeat(50);
const TOOLS = [{ type: 'function', function: { name: 'look_up', description: LONG, parameters: { type: 'object' } } }];

describe('an estimate', () => {
  it.each(SDK_CALLS)('is made of a request body of $name, with no call and no record', async (sdk) => {
    const provider = await startProvider();
    const guard = createGuard();
    sdk.open(provider, { guard });

    const { usd, outputTokens, inputTokens, worstCase } = await guard.estimate(sdk.body as EstimateRequest);

    expect(provider.calls).toBe(0);
    expect(guard.report().total().calls).toBe(0);
    expect(outputTokens).toBe(500);
    expect(inputTokens).toBeGreaterThan(5);
    expect(inputTokens).toBeLessThan(20);
    expect(usd).toBeCloseTo((inputTokens * sdk.rates.input + 500 * sdk.rates.output) / 1e6, 9);
    expect(worstCase.outputTokens).toBe(500);
    expect(worstCase.inputTokens).toBeGreaterThanOrEqual(inputTokens);
    expect(worstCase.usd).toBeGreaterThanOrEqual(usd);
  });

  it.each(SDK_CALLS)('says at least what a call of $name then costs, in its worst case', async (sdk) => {
    const provider = await startProvider({
      respond: { outputTokens: 10_000 },
      countTokens: (text) => encode(text).length,
    });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { worstCase } = await guard.estimate(sdk.body as EstimateRequest);

    await sdk.open(provider, { guard }).create();

    expect(Math.round(worstCase.usd * 1e9)).toBeGreaterThanOrEqual((await records())[0]?.costNanoUsd ?? Infinity);
  });

  it.each<[string, EstimateRequest, EstimateRequest]>([
    [
      'a system prompt',
      { model: 'claude-sonnet-4-6', messages: [], max_tokens: 1 },
      { model: 'claude-sonnet-4-6', messages: [], max_tokens: 1, system: LONG },
    ],
    ['tools', { model: 'gpt-4o', messages: [] }, { model: 'gpt-4o', messages: [], tools: TOOLS }],
    ['input', { model: 'gpt-4o', input: '' }, { model: 'gpt-4o', input: LONG }],
    ['instructions', { model: 'gpt-4o', input: '' }, { model: 'gpt-4o', input: '', instructions: LONG }],
    ['messages', { model: 'gpt-4o', messages: [] }, { model: 'gpt-4o', messages: [{ role: 'user', content: LONG }] }],
  ])('counts %s', async (_, without, withText) => {
    const guard = createGuard();

    const less = await guard.estimate(without);
    const more = await guard.estimate(withText);

    expect(more.inputTokens - less.inputTokens).toBeGreaterThan(400);
    expect(more.usd).toBeGreaterThan(less.usd);
    expect(more.worstCase.inputTokens - less.worstCase.inputTokens).toBeGreaterThan(400);
  });

  it('is exact for a text of a model whose tokenizer is known', async () => {
    const { inputTokens } = await createGuard().estimate({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: LONG }],
    });

    expect(inputTokens).toBe(encode(LONG).length);
  });

  it('counts no output without a ceiling, and the maximum of the model in its worst case', async () => {
    const guard = createGuard();
    const request = { model: 'gpt-4o', messages: CHAT.body.messages } as EstimateRequest;

    const { outputTokens, usd, inputTokens, worstCase } = await guard.estimate(request);

    expect(outputTokens).toBe(0);
    expect(usd).toBeCloseTo((inputTokens * 2.5) / 1e6, 9);
    expect(worstCase.outputTokens).toBe(guard.prices.lookup('gpt-4o')?.maxOutputTokens);
  });

  it('takes the neutral form too', async () => {
    const guard = createGuard();
    const messages = CHAT.body.messages;

    const neutral = await guard.estimate({ model: 'gpt-4o', messages, maxOutputTokens: 500 });
    const claude = await guard.estimate({ model: 'claude-sonnet-4-6', messages, maxOutputTokens: 500 });

    expect(neutral).toEqual(await guard.estimate(CHAT.body as EstimateRequest));
    expect(claude.outputTokens).toBe(500);
    expect(claude.usd).toBeGreaterThan(neutral.usd);
  });

  it('prices by the provider that is named', async () => {
    const guard = createGuard();
    guard.prices.register({ model: 'house-model', provider: 'house' }, { input: 1, output: 2, maxOutputTokens: 100 });

    const { usd } = await guard.estimate({ model: 'house-model', provider: 'house', input: '', maxOutputTokens: 100 });

    expect(usd).toBe(0.0002);
  });

  it('multiplies by the choices', async () => {
    const { outputTokens, worstCase } = await createGuard().estimate({ ...CHAT.body, n: 3 } as never);

    expect(outputTokens).toBe(1500);
    expect(worstCase.outputTokens).toBe(1500);
  });

  it('does not exist for a model without a price', async () => {
    const failing = createGuard().estimate({ model: 'no-such-model', input: 'Hi' });

    await expect(failing).rejects.toThrow(UnpricedModelError);
    await expect(failing).rejects.toThrow(/no-such-model.*prices\.register/);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'gpt-4o'],
    ['a body without a model', { messages: [] }],
    ['a body without messages or input', { model: 'gpt-4o' }],
  ])('does not exist for %s', async (_, request) => {
    await expect(createGuard().estimate(request as EstimateRequest)).rejects.toThrow(ConfigError);
  });
});
