import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { Prices } from '../../src/pricing/prices.js';

const rates = (model: string, provider?: string) => {
  const found = new Prices().lookup(model, provider);
  return found && [found.input, found.output];
};

describe('the bundled table', () => {
  test.each([
    ['gpt-5', 1.25, 10],
    ['gpt-5-mini', 0.25, 2],
    ['gpt-5.2', 1.75, 14],
    ['gpt-5.5', 5, 30],
    ['o3', 2, 8],
    ['o4-mini', 1.1, 4.4],
    ['gpt-4o', 2.5, 10],
    ['gpt-4.1', 2, 8],
    ['claude-sonnet-4-5', 3, 15],
    ['claude-haiku-4-5', 1, 5],
    ['claude-opus-4-1', 15, 75],
    ['claude-opus-4-7', 5, 25],
    ['claude-sonnet-5', 2, 10],
    ['gemini-2.5-pro', 1.25, 10],
    ['gemini-2.5-flash', 0.3, 2.5],
    ['gemini-3-pro-preview', 2, 12],
    ['mistral-large-latest', 0.5, 1.5],
  ])('%s costs what the price lists agree on', (model, input, output) => {
    expect(rates(model)).toEqual([input, output]);
  });

  test('has the rate of audio where a model has one', () => {
    const found = new Prices().lookup('gpt-4o-audio-preview');
    expect([found?.audioInput, found?.audioOutput]).toEqual([40, 80]);
  });

  test('knows the largest output, the context and whether reasoning is hidden', () => {
    const prices = new Prices();
    expect(prices.match('gpt-4o')?.price).toMatchObject({ maxOutputTokens: 16_384, hidesReasoning: false });
    expect(prices.match('o3')?.price).toMatchObject({ maxOutputTokens: 100_000, hidesReasoning: true });
    expect(prices.match('claude-sonnet-4-5')?.price).toMatchObject({ maxOutputTokens: 64_000, contextTokens: 200_000 });
  });

  test('says where each row comes from and of which day it is', () => {
    const prices = new Prices();
    expect(prices.asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(prices.lookup('gpt-4o')).toMatchObject({
      source: expect.stringContaining('genai-prices'),
      asOf: prices.asOf,
    });
  });
});

describe('a look-up', () => {
  test.each([
    ['openai/gpt-5', 'gpt-5', 'openai'],
    ['models/gemini-2.5-pro', 'gemini-2.5-pro', 'google'],
    ['publishers/google/models/gemini-2.5-pro', 'gemini-2.5-pro', 'google'],
    ['gpt-4o-2024-08-06', 'gpt-4o', 'openai'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5', 'anthropic'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5', 'anthropic'],
    ['GPT-4o', 'gpt-4o', 'openai'],
    ['ft:gpt-4.1-mini-2025-04-14:my-org::abc', 'gpt-4.1-mini', 'openai'],
  ])('finds %s', (asked, model, provider) => {
    expect(new Prices().match(asked)?.price).toMatchObject({ model, provider });
  });

  test('takes the regional rate of Bedrock for a profile of one region, and the plain one for a global profile', () => {
    const prices = new Prices();
    const regional = prices.lookup('us.anthropic.claude-haiku-4-5-20251001-v1:0', 'aws');
    const global = prices.lookup('global.anthropic.claude-haiku-4-5-20251001-v1:0', 'aws');
    expect([regional?.input, global?.input]).toEqual([1.1, 1]);
  });

  test('prefers the provider that is called, and says so where it has no row of its own', () => {
    const prices = new Prices();
    expect(prices.match('openai/gpt-oss-120b', 'groq')?.price.provider).toBe('groq');
    expect(prices.match('gpt-4o', 'some-proxy')?.reason).toContain('no row of its own');
  });

  test.each(['claude-sonnet-5-9', 'gpt-4o-turbo-x', 'gpt', '', '__proto__', 'constructor', 'my-deployment'])(
    'never guesses from the shape of a name: %s is unknown',
    (model) => {
      const prices = new Prices();
      expect(prices.lookup(model)).toBeUndefined();
      expect(prices.explain(model)).toMatchObject({ found: false });
    },
  );

  test('explains in one sentence which rate, from where, as of when and why', () => {
    const text = String(new Prices().explain('claude-sonnet-4-5-20250929'));
    expect(text).toMatch(/\$3 in and \$15 out .* genai-prices .* as of \d{4}-\d{2}-\d{2}, because a snapshot of/);
  });
});

describe('registered prices and aliases', () => {
  test('outrank the table', () => {
    const prices = new Prices();
    prices.register('gpt-4o', { input: 1, output: '2.5' });
    expect(prices.lookup('gpt-4o')).toMatchObject({ input: 1, output: 2.5, source: 'registered' });
    prices.reset();
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
  });

  test('zero is a price', () => {
    const prices = new Prices();
    prices.register('local', { input: 0, output: 0 });
    expect(prices.lookup('local')).toMatchObject({ input: 0, output: 0 });
  });

  test('like fills what is not given', () => {
    const prices = new Prices();
    prices.register('mine', { like: 'gpt-4o', output: 20 });
    expect(prices.lookup('mine')).toMatchObject({ input: 2.5, output: 20, cacheRead: 1.25, maxOutputTokens: 16_384 });
  });

  test('an alias takes every figure of the other model', () => {
    const prices = new Prices();
    prices.alias('my-azure-deployment', { like: 'gpt-4o' });
    expect(prices.match('my-azure-deployment')).toMatchObject({ via: 'alias', price: { model: 'gpt-4o' } });
  });

  test('the narrower target wins: base URL, then provider, then all', () => {
    const prices = new Prices();
    prices.register('llama', { input: 1, output: 1 });
    prices.register({ model: 'llama', provider: 'groq' }, { input: 2, output: 2 });
    prices.register({ model: 'llama', baseURL: 'http://gpu-1/' }, { input: 3, output: 3 });
    const inputOf = (provider: string, url?: string) => prices.match('llama', provider, url)?.price.input;
    expect([inputOf('x'), inputOf('groq'), inputOf('groq', 'http://gpu-1/v1/chat')]).toEqual([1e6, 2e6, 3e6]);
  });

  test('registering again replaces', () => {
    const prices = new Prices();
    prices.register('m', { input: 1, output: 1 });
    prices.register('m', { input: 2, output: 2 });
    expect(prices.lookup('m')?.input).toBe(2);
  });

  test.each([
    [{ input: -1, output: 1 }, 'input'],
    [{ input: Number.NaN, output: 1 }, 'input'],
    [{ input: 1 }, 'output'],
    [{ input: 'cheap', output: 1 }, 'input'],
    [{ input: 1, output: Number.POSITIVE_INFINITY }, 'output'],
    [{ like: 'no-such-model' }, 'like'],
    [{ input: 1, output: 1, price: 3 }, 'figure'],
    [{ input: 1, output: 1, maxOutputTokens: 0.5 }, 'maxOutputTokens'],
  ])('refuses %j, naming %s', (input, named) => {
    const attempt = () => new Prices().register('m', input as never);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(named);
  });
});
