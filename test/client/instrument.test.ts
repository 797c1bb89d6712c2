import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, ConfigError, createGuard, findBudgetError } from '../../src/index.js';
import { CHAT, collectRecords, errorOf, readAll, SDK_CALLS } from '../behaviours/sdk-calls.js';
import { useProviders } from '../testing/clients.js';

const startProvider = useProviders();
const REPLY = { inputTokens: 20, outputTokens: 30 };

describe.each(SDK_CALLS)('a guarded client of $name', (sdk) => {
  it('is the same object, guarded once however often it is instrumented', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { client, create } = sdk.open(provider, { guard });

    expect(guard.instrument(client)).toBe(client);
    expect(guard.instrument(guard.instrument(client))).toBe(client);
    await create();

    expect(guard.report().total().calls).toBe(1);
  });

  it('is as before once it is restored', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const opened = sdk.open(provider, { guard });

    expect(guard.restore(opened.client)).toBe(opened.client);
    await guard.budget({ usd: 0 }).run(() => opened.create());

    expect(provider.calls).toBe(1);
    expect(guard.report().total().calls).toBe(0);
    expect(guard.restore(opened.client)).toBe(opened.client);
    guard.instrument(opened.client);
    await opened.create();
    expect(guard.report().total().calls).toBe(1);
  });

  it('takes clones of itself under the guard, and a restored clone out of it', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { client } = sdk.open(provider, { guard });
    const clone = client.withOptions({ maxRetries: 4 });
    const grandchild = clone.withOptions({ timeout: 50_000 });
    const call = (target: OpenAI | Anthropic) =>
      target.post(sdk === CHAT ? '/chat/completions' : 'chat' in target ? '/responses' : '/v1/messages', {
        body: sdk.body,
      });

    await call(clone);
    await call(grandchild);
    expect(guard.report().total().calls).toBe(2);
    const error = await guard.budget({ usd: 0 }).run(() => errorOf(call(grandchild)));
    expect(BudgetExceededError.isInstance(error)).toBe(true);

    guard.restore(clone);
    await guard.budget({ usd: 0 }).run(() => call(clone));
    expect(provider.calls).toBe(3);
    expect(guard.report().total().calls).toBe(2);
  });

  it('books to the budgets and tags that are bound to it, besides the ambient ones', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const records = collectRecords(guard);
    const own = guard.budget({ calls: 2, name: 'own' });
    const { client, create } = sdk.open(provider);
    guard.instrument(client, { budgets: [own], tags: { team: 'red', feature: 'default' }, provider: 'my-proxy' });
    guard.prices.register({ model: sdk.model, provider: 'my-proxy' }, { input: 1, output: 1 });

    await guard.track({ feature: 'search' }, () => guard.budget({ usd: 1, name: 'ambient' }).run(() => create()));
    await create();
    const error = await errorOf(create());

    expect(error).toMatchObject({ code: 'budget_exceeded', budget: 'own', unit: 'calls', spent: 2 });
    expect(provider.calls).toBe(2);
    const [first, second] = await records();
    expect(first?.budgets.map(({ name }) => name)).toEqual(['own', 'ambient']);
    expect(first?.tags).toEqual({ team: 'red', feature: 'search' });
    expect(second?.budgets.map(({ name }) => name)).toEqual(['own']);
    expect(second?.tags).toEqual({ team: 'red', feature: 'default' });
    expect(first?.provider).toBe('my-proxy');
    expect(first?.costNanoUsd).toBe(50_000);
  });

  it('wraps a refusal where the helper class of the SDK does, with our error inside', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { client } = sdk.open(provider, { guard });

    const error = await guard.budget({ usd: 0.000001 }).run(() => {
      if (!('chat' in client)) return errorOf(client.messages.stream(sdk.body as never).finalMessage());
      return sdk === CHAT
        ? errorOf(client.chat.completions.stream(sdk.body as never).finalChatCompletion())
        : errorOf(client.responses.stream(sdk.body as never).finalResponse());
    });

    expect(BudgetExceededError.isInstance(findBudgetError(error))).toBe(true);
    expect(provider.calls).toBe(0);
  });

  it('is guarded when its connection is through a custom fetch of the user', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const urls: string[] = [];
    const fetchOfUser: typeof fetch = (input, init) => {
      urls.push(String(input));
      return fetch(input, init);
    };
    const client =
      sdk.name === 'anthropic messages'
        ? new Anthropic({ apiKey: 'none', baseURL: provider.anthropicBaseURL, fetch: fetchOfUser })
        : new OpenAI({ apiKey: 'none', baseURL: provider.openaiBaseURL, fetch: fetchOfUser });
    guard.instrument(client);

    if ('messages' in client) await client.messages.create(sdk.body as never);
    else if (sdk === CHAT) await client.chat.completions.create(sdk.body as never);
    else await client.responses.create(sdk.body as never);

    expect(urls).toHaveLength(1);
    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 50 });
  });
});

describe('instrument', () => {
  it.each<[string, unknown]>([
    ['an object without any method it knows', {}],
    ['an object with a transport it does not know', { fetch() {}, chat: { completions: { create() {} } } }],
    ['a client with a base URL and other methods', { baseURL: 'http://127.0.0.1', generate() {} }],
    ['a function', () => undefined],
    ['nothing', null],
    ['a text', 'client'],
  ])('refuses %s, naming what it knows', (_, client) => {
    const guard = createGuard();

    expect(() => guard.instrument(client as object)).toThrow(ConfigError);
    expect(() => guard.instrument(client as object)).toThrow(/openai.*@anthropic-ai\/sdk.*guardFetch/);
  });

  it.each<[string, object]>([
    ['an unknown option', { budget: [] }],
    ['something that is no budget', { budgets: [{}] }],
    ['a provider that is no name', { provider: 5 }],
    ['tags that are no values', { tags: { feature: {} } }],
  ])('refuses %s at once', (_, options) => {
    const guard = createGuard();

    expect(() => guard.instrument(new OpenAI({ apiKey: 'none' }), options)).toThrow(ConfigError);
    expect(() => guard.guardFetch(fetch, options)).toThrow(ConfigError);
  });

  it('refuses a budget of another guard', () => {
    const budget = createGuard().budget({ usd: 1 });

    expect(() => createGuard().instrument(new OpenAI({ apiKey: 'none' }), { budgets: [budget] })).toThrow(ConfigError);
  });

  it('binds the budgets of one guard to its own clients alone', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const { stream } = CHAT.open(provider, { guard: createGuard() });

    await guard.budget({ usd: 0 }).run(async () => readAll(await stream()));

    expect(provider.calls).toBe(1);
  });
});
