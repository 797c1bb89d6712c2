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
    ['whisper-1', 0, 0],
    ['claude-sonnet-4-5', 3, 15],
    ['claude-haiku-4-5', 1, 5],
    ['claude-opus-4-1', 15, 75],
    ['claude-opus-4-7', 5, 25],
    ['claude-sonnet-5', 2, 10],
    ['gemini-2.5-pro', 1.25, 10],
    ['gemini-2.5-flash', 0.3, 2.5],
    ['gemini-3-pro-preview', 2, 12],
    ['mistral-large-latest', 0.5, 1.5],
    ['grok-4', 3, 15],
    ['grok-4-fast', 0.2, 0.5],
    ['llama-3.3-70b-versatile', 0.59, 0.79],
    ['meta.llama3-3-70b-instruct-v1:0', 0.72, 0.72],
    ['gpt-6-sol', 2, 10],
    ['claude-opus-5-5', 4, 20],
    ['gemini-3.8-flash', 0.75, 3.75],
    ['ft:gpt-4o-mini', 0.3, 1.2],
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
    ['ft:gpt-4.1-mini-2025-04-14:my-org::abc', 'ft:gpt-4.1-mini', 'openai'],
    ['ft:o4-mini-2025-04-16:my-org::abc', 'o4-mini', 'openai'],
    ['gpt-4o-mini-2024-07-18.ft-0123', 'ft:gpt-4o-mini', 'openai'],
    ['openai:gpt-4o', 'gpt-4o', 'openai'],
    ['openrouter/anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5', 'openrouter'],
    ['groq/llama-3.3-70b-versatile', 'llama-3.3-70b-versatile', 'groq'],
    ['gemini-2.0-flash-001', 'gemini-2.0-flash', 'google'],
    ['claude-3-5-haiku-20241022', 'claude-3-5-haiku-latest', 'anthropic'],
    ['us.meta.llama3-3-70b-instruct-v1:0', 'meta.llama3-3-70b-instruct-v1:0', 'aws'],
    ['anthropic.claude-3-sonnet-20240229-v1:0:200k', 'anthropic.claude-3-sonnet-20240229-v1:0', 'aws'],
    [
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0',
      'anthropic.claude-opus-4-5-v1:0',
      'aws',
    ],
  ])('finds %s', (asked, model, provider) => {
    expect(new Prices().match(asked)?.price).toMatchObject({ model, provider });
  });

  test('takes the regional rate of Bedrock for a profile of one region, and the plain one for a global profile', () => {
    const prices = new Prices();
    const regional = prices.lookup('us.anthropic.claude-haiku-4-5-20251001-v1:0', 'aws');
    const global = prices.lookup('global.anthropic.claude-haiku-4-5-20251001-v1:0', 'aws');
    expect([regional?.input, global?.input]).toEqual([1.1, 1]);
  });

  test('says of a fine-tune whether the rate is its own or that of its base', () => {
    const prices = new Prices();
    expect(prices.match('ft:gpt-4o-mini-2024-07-18:org::id')?.reason).toContain('the rate of fine-tunes of');
    expect(prices.match('ft:o4-mini-2025-04-16:org::id')?.reason).toContain('priced as its base');
  });

  test.each(['vertex', 'gcp.vertex_ai', 'gemini', 'GOOGLE'])('knows the provider by the name %s', (provider) => {
    expect(new Prices().match('gemini-2.5-pro', provider)?.reason).toBe('the table has this name');
  });

  test.each([
    ...['claude-sonnet-5-9', 'gpt-4o-turbo-x', 'gpt-5-turbo', 'gpt', '', '/', 'openai/', 'my-deployment'],
    ...[
      '__proto__',
      'constructor',
      'hasOwnProperty',
      'constructor/gpt-4o',
      'ft:',
      'ft:unknown:org',
      'azure/my-deployment',
    ],
    ...[
      'gpt-4o-2024-13-45',
      'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc',
      'us.',
      'x'.repeat(100_000),
    ],
  ])('never guesses from the shape of a name: %s is unknown', (model) => {
    const prices = new Prices();
    expect(prices.lookup(model)).toBeUndefined();
    expect(prices.explain(model)).toMatchObject({ found: false });
  });

  test('explains in one sentence which rate, from where, as of when and why', () => {
    const text = String(new Prices().explain('claude-sonnet-4-5-20260101'));
    expect(text).toMatch(/\$3 in and \$15 out .* genai-prices .* as of \d{4}-\d{2}-\d{2}, because a snapshot of/);
  });
});

describe('the provider that is called', () => {
  const prices = new Prices();

  test('has the first word', () => {
    expect(prices.match('openai/gpt-oss-120b', 'groq')?.price.provider).toBe('groq');
    expect(prices.match('claude-haiku-4-5', 'aws')?.price).toMatchObject({ provider: 'aws', input: 1_100_000 });
  });

  test.each(['some-proxy', 'openai', 'azure'])('%s charges what the maker does, and the reason says so', (provider) => {
    const found = prices.match('claude-sonnet-4-5', provider);
    expect(found?.price.provider).toBe('anthropic');
    expect(found?.reason).toContain(`${provider} has no row of its own, so the rate is that of anthropic`);
  });

  test.each(['groq', 'together', 'aws'])(
    '%s sets prices of its own, so a model it does not list is unknown',
    (provider) => {
      expect(prices.match('gpt-4o', provider)).toBeUndefined();
    },
  );

  test('is not needed for open weights: the dearest host bounds them', () => {
    const found = prices.match('openai/gpt-oss-120b');
    const hosts = ['groq', 'together', 'openrouter'].map((provider) => prices.match('openai/gpt-oss-120b', provider));
    expect(found?.price.output).toBe(Math.max(...hosts.map((each) => each?.price.output ?? 0)));
    expect(found?.reason).toContain('the dearest of');
  });

  test('gives away what only it gives away', () => {
    expect(prices.lookup('qwen/qwen3-coder:free', 'openrouter')).toMatchObject({ input: 0, output: 0 });
    expect(prices.lookup('qwen/qwen3-coder:free', 'some-proxy')).toBeUndefined();
  });
});

describe('a look-up that was made before', () => {
  test('is remembered for a bounded number of names, misses included', () => {
    const asked: string[] = [];
    const table = { source: 'none', asOf: '2026-01-01', rows: '' };
    const empty = { table, asOf: table.asOf, size: 0, at: () => undefined, rows: () => [], kindOf: () => undefined };
    const prices = new Prices({
      ...empty,
      everywhere(name) {
        asked.push(name);
        return [];
      },
    });
    prices.match('unknown');
    const once = asked.length;
    prices.match('unknown');
    expect(asked).toHaveLength(once);
    for (let index = 0; index < 1000; index += 1) prices.match(`unknown-${index}`);
    prices.match('unknown');
    expect(asked.filter((name) => name === 'unknown')).toHaveLength(once * 2);
  });

  test('is forgotten when a price is registered', () => {
    const prices = new Prices();
    expect(prices.lookup('mine')).toBeUndefined();
    prices.register('mine', { input: 1, output: 1 });
    expect(prices.lookup('mine')?.input).toBe(1);
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

  test('outrank aliases, whichever came first', () => {
    const prices = new Prices();
    prices.register('mine', { input: 7, output: 7 });
    prices.alias('mine', { like: 'gpt-4o' });
    expect(prices.match('mine')).toMatchObject({ via: 'registered', price: { input: 7e6 } });
  });

  test('hold for the name with its decoration, but not for fine-tunes', () => {
    const prices = new Prices();
    prices.register('gpt-4o', { input: 1, output: 2 });
    const inputOf = (model: string) => prices.match(model, 'openai')?.price.input;
    expect(inputOf('openai/gpt-4o')).toBe(1e6);
    expect(inputOf('gpt-4o-2024-08-06')).toBe(1e6);
    expect(inputOf('ft:gpt-4o-2024-08-06:org::id')).toBe(3.75e6);
    expect([prices.isRegistered('openai/gpt-4o'), prices.isRegistered('gpt-4o-mini')]).toEqual([true, false]);
  });

  test('a base URL is that of a whole path segment', () => {
    const prices = new Prices();
    prices.register({ model: 'm', baseURL: 'HTTP://GPU-1/v1/' }, { input: 3, output: 3 });
    const isKnown = (url?: string) => prices.match('m', 'openai', url) !== undefined;
    expect([isKnown('http://gpu-1/v1/chat/completions'), isKnown('http://gpu-1/v1')]).toEqual([true, true]);
    expect([isKnown('http://gpu-10/v1/chat'), isKnown('http://gpu-1/v10'), isKnown()]).toEqual([false, false, false]);
  });

  test('a provider may be called by any of its names', () => {
    const prices = new Prices();
    prices.register({ model: 'm', provider: 'bedrock' }, { input: 3, output: 3 });
    expect([prices.lookup('m', 'aws')?.input, prices.lookup('m', 'openai'), prices.lookup('m')]).toEqual([
      3,
      undefined,
      undefined,
    ]);
  });

  test('take the day they were registered, an alias the day of the row it is like', () => {
    const clock = { nowMs: () => Date.UTC(2027, 0, 2), monotonicMs: () => 0, schedule: () => () => {} };
    const prices = new Prices(undefined, clock);
    prices.register('mine', { input: 1, output: 1 });
    prices.alias('other', { like: 'gpt-4o' });
    expect([prices.lookup('mine')?.asOf, prices.lookup('other')?.asOf]).toEqual(['2027-01-02', prices.asOf]);
  });

  test("a dearer rate of one's own holds for long requests, too", () => {
    const prices = new Prices();
    prices.register('mine', { like: 'gemini-2.5-pro', input: 9 });
    expect(prices.match('mine')?.price.longContext?.[0]).toMatchObject({ input: 9_000_000, output: 15_000_000 });
  });

  test.each(['__proto__', 'constructor', 'toString'])('%s is a name like any other', (model) => {
    const prices = new Prices();
    prices.register(model, { input: 1, output: 2 });
    expect(prices.lookup(model)).toMatchObject({ model, input: 1, output: 2 });
    expect(new Prices().lookup(model)).toBeUndefined();
  });

  test('what is shown is frozen', () => {
    const prices = new Prices();
    expect([prices.lookup('gpt-4o'), prices.explain('gpt-4o'), prices.explain('x')].every(Object.isFrozen)).toBe(true);
  });

  test('may be apiece, in US dollars, to the last digit', () => {
    const prices = new Prices();
    prices.register('painter', { input: 0, output: 0, perImage: 0.04 });
    prices.register('listener', { input: '0', output: 0, perAudioSecond: '0.0000308333333', maxAudioSeconds: 600 });
    expect(prices.match('painter')?.price.perImage).toBe(40_000_000_000);
    expect(prices.match('listener')?.price).toMatchObject({ perAudioSecond: 30_833_334, maxAudioSeconds: 600 });
    expect(prices.lookup('painter')).toMatchObject({ input: 0, output: 0, perImage: 0.04 });
    expect(`${prices.explain('painter')}`).toContain('painter: $0.04 per image, from registered');
    prices.register('both', { input: 1, output: 2, perImage: 0.011, imageInput: 8, imageOutput: 32 });
    expect(prices.match('both')?.price).toMatchObject({
      ...{ perImage: 11_000_000_000, imageInput: 8_000_000, imageOutput: 32_000_000 },
    });
    expect(`${prices.explain('both')}`).toContain('$1 in and $2 out per million tokens, $0.011 per image,');
    prices.register('gpt-5', { like: 'gpt-5', codeSession: 0, webSearch: 0.02, request: '0.001' });
    expect(prices.lookup('gpt-5')).toMatchObject({ input: 1.25, codeSession: 0, webSearch: 0.02, request: 0.001 });
  });

  test.each([
    [{ model: '' }, 'model'],
    [{}, 'model'],
    [undefined, 'model'],
    [{ model: 'm', provider: 3 }, 'provider'],
    [{ model: 'm', baseURL: 'gpu-1' }, 'baseURL'],
    [{ model: 'm', providr: 'x' }, 'providr'],
  ])('refuse the target %j, naming %s', (target, named) => {
    const attempt = () => new Prices().register(target as never, { input: 1, output: 1 });
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(named);
  });

  test.each([undefined, {}, { like: 'no-such-model' }, { like: 'gpt-4o', input: 3 }])(
    'refuse the alias of %j',
    (options) => {
      expect(() => new Prices().alias('m', options as never)).toThrow(ConfigError);
    },
  );

  test.each([
    [{ input: -1, output: 1 }, 'input'],
    [{ input: Number.NaN, output: 1 }, 'input'],
    [{ input: 1 }, 'output'],
    [{ input: 'cheap', output: 1 }, 'input'],
    [{ input: 1, output: Number.POSITIVE_INFINITY }, 'output'],
    [{ like: 'no-such-model' }, 'like'],
    [{ input: 1, output: 1, price: 3 }, 'price'],
    [{ input: 1, output: 1, hidesReasoning: 'no' }, 'hidesReasoning'],
    [undefined, "price of 'm'"],
    [{ input: 1, output: 1, maxOutputTokens: 0.5 }, 'maxOutputTokens'],
    [{ input: 1, output: 1, imageOutput: -1 }, 'imageOutput'],
    [{ input: 1, output: 1, perImage: -0.04 }, 'perImage'],
    [{ input: 1, output: 1, perImage: '4 cents' }, 'perImage'],
    [{ input: 1, output: 1, perImage: 1e9 }, 'perImage'],
    [{ input: 1, output: 1, perAudioSecond: Number.NaN }, 'perAudioSecond'],
    [{ input: 1, output: 1, webSearch: null }, 'webSearch'],
    [{ input: 1, output: 1, maxAudioSeconds: 0 }, 'maxAudioSeconds'],
    [{ perImage: 1 }, 'input'],
  ])('refuses %j, naming %s', (input, named) => {
    const attempt = () => new Prices().register('m', input as never);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(named);
  });
});
