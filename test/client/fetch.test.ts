import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, type Fetch } from '../../src/index.js';
import type { FakeProvider } from '../../src/testing/index.js';
import { errorOf, readAll } from '../behaviours/sdk-calls.js';
import { useProviders } from '../testing/clients.js';

const startProvider = useProviders();
const BODY = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const JSON_HEADERS = { 'content-type': 'application/json' };

function chatUrl(provider: FakeProvider): string {
  return `${provider.openaiBaseURL}/chat/completions`;
}

/** Every form a request to `fetch` can have. */
const FORMS: readonly (readonly [string, (url: string, text: string) => [string | URL | Request, RequestInit?]])[] = [
  ['an address and a text', (url, body) => [url, { method: 'POST', headers: JSON_HEADERS, body }]],
  ['a lower-case method', (url, body) => [url, { method: 'post', headers: JSON_HEADERS, body }]],
  ['a URL object', (url, body) => [new URL(url), { method: 'POST', headers: JSON_HEADERS, body }]],
  ['an address with a query', (url, body) => [`${url}?api-version=1`, { method: 'POST', headers: JSON_HEADERS, body }]],
  ['bytes', (url, body) => [url, { method: 'POST', headers: JSON_HEADERS, body: new TextEncoder().encode(body) }]],
  [
    'an array buffer',
    (url, body) => [url, { method: 'POST', headers: JSON_HEADERS, body: new TextEncoder().encode(body).buffer }],
  ],
  ['a blob', (url, body) => [url, { method: 'POST', body: new Blob([body], { type: 'application/json' }) }]],
  [
    'a stream',
    (url, body) => [
      url,
      { method: 'POST', headers: JSON_HEADERS, body: new Blob([body]).stream(), duplex: 'half' } as RequestInit,
    ],
  ],
  [
    'an async iterable',
    (url, body) => {
      async function* pieces() {
        yield new TextEncoder().encode(body.slice(0, 10));
        yield new TextEncoder().encode(body.slice(10));
      }
      return [url, { method: 'POST', headers: JSON_HEADERS, body: pieces(), duplex: 'half' } as unknown as RequestInit];
    },
  ],
  ['a request object', (url, body) => [new Request(url, { method: 'POST', headers: JSON_HEADERS, body })]],
  [
    'a request object and other options',
    (url, body) => [new Request(url, { method: 'POST', headers: JSON_HEADERS, body: '{}' }), { body }],
  ],
];

describe('a guarded fetch', () => {
  it.each(FORMS)('meters a call made with %s, and sends it as it is', async (_, form) => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const text = JSON.stringify(BODY);

    const response = await guard.guardFetch()(...form(chatUrl(provider), text));

    expect(((await response.json()) as { usage: object }).usage).toMatchObject({ total_tokens: 30 });
    expect(provider.requests[0]?.bodyText).toBe(text);
    expect(provider.requests[0]?.headers['content-type']).toBe('application/json');
    expect(guard.report().total()).toMatchObject({ calls: 1, costUsd: '0.000225' });
  });

  it.each(FORMS)('rewrites a call made with %s', async (_, form) => {
    const provider = await startProvider();
    const guard = createGuard();
    const text = JSON.stringify({ ...BODY, max_tokens: 5000 });

    const response = await guard
      .budget({ usd: 0.01, onExceed: 'clamp' })
      .run(() => guard.guardFetch()(...form(chatUrl(provider), text)));

    expect(response.status).toBe(200);
    const sent = provider.requests[0]?.body.max_tokens as number;
    expect(sent).toBeGreaterThan(900);
    expect(sent).toBeLessThan(1000);
    expect(provider.requests[0]?.headers['content-type']).toBe('application/json');
  });

  it.each(FORMS)('refuses a call made with %s by rejecting, with nothing sent', async (_, form) => {
    const provider = await startProvider();
    const guard = createGuard();

    const error = await guard
      .budget({ usd: 0.000001 })
      .run(() => errorOf(guard.guardFetch()(...form(chatUrl(provider), JSON.stringify(BODY)))));

    expect(BudgetExceededError.isInstance(error)).toBe(true);
    expect(provider.calls).toBe(0);
  });

  it.each([
    ['https://api.openai.com/v1', 'thinker', 'max_completion_tokens'],
    ['https://team.openai.azure.com/openai/deployments/x', 'thinker', 'max_completion_tokens'],
    ['https://api.groq.com/openai/v1', 'gpt-4o', 'max_tokens'],
    ['http://127.0.0.1:1/v1', 'gpt-4o', 'max_completion_tokens'],
    ['http://127.0.0.1:1/v1', 'thinker', 'max_tokens'],
  ])('adds a ceiling under the name that %s knows for %s', async (baseURL, model, name) => {
    const guard = createGuard();
    guard.prices.register('thinker', { input: 2.5, output: 10, maxOutputTokens: 64_000, contextTokens: 200_000 });
    let sent: Record<string, unknown> = {};
    const guarded = guard.guardFetch(async (_, init) => {
      sent = JSON.parse(String(init?.body)) as Record<string, unknown>;
      return Response.json({});
    });
    const init = { method: 'POST', body: JSON.stringify({ model, messages: BODY.messages }) };

    await guard
      .budget({ usd: 0.05, onExceed: 'clamp', onUnpriced: { assume: 'gpt-4o' } })
      .run(() => guarded(`${baseURL}/chat/completions`, init));

    expect(Object.keys(sent)).toEqual(['model', 'messages', name]);
    expect(sent[name]).toBeGreaterThan(1000);
  });

  it.each<[string, string, RequestInit]>([
    ['a GET', '/v1/chat/completions', { method: 'GET' }],
    ['a call to an unknown path', '/v1/files', { method: 'POST', body: JSON.stringify(BODY) }],
    ['token counting', '/v1/messages/count_tokens', { method: 'POST', body: JSON.stringify(BODY) }],
  ])('passes %s through untouched', async (_, path, init) => {
    const guard = createGuard();
    const seen: unknown[] = [];
    const answer = new Response('as it came');
    const guarded = guard.guardFetch(async (...parameters) => {
      seen.push(...parameters);
      return answer;
    });

    const response = await guard.budget({ usd: 0 }).run(() => guarded(`https://api.openai.com${path}`, init));

    expect(response).toBe(answer);
    expect(seen).toEqual([`https://api.openai.com${path}`, init]);
    expect(seen[1]).toBe(init);
  });

  it('passes addresses of other schemes through untouched', async () => {
    const guarded = createGuard().guardFetch();

    expect(await (await guarded('data:text/plain,hello', { method: 'GET' })).text()).toBe('hello');
    expect(await (await guarded('data:,', { method: 'POST', body: '{}' })).text()).toBe('');
  });

  it('releases the hold of a call whose signal was aborted before it was sent', async () => {
    const guard = createGuard();
    const controller = new AbortController();
    const reason = new Error('No longer needed');
    let calls = 0;
    const guarded = guard.guardFetch(async () => {
      calls += 1;
      return new Response('{}');
    });
    controller.abort(reason);

    const [error, spent, held] = await guard.budget({ usd: 1 }).run(async (scope) => {
      const init = { method: 'POST', body: JSON.stringify(BODY), signal: controller.signal };
      return [
        await errorOf(guarded('https://api.openai.com/v1/chat/completions', init)),
        scope.spent,
        scope.held,
      ] as const;
    });

    expect(error).toBe(reason);
    expect(calls).toBe(0);
    expect(spent.calls + held.calls).toBe(0);
  });

  it('follows a stream whose server gave it no type', async () => {
    const frames = [
      { model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] },
      { model: 'gpt-4o', choices: [], usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } },
    ].map((data) => `data: ${JSON.stringify(data)}\n\n`);
    const text = `${frames.join('')}data: [DONE]\n\n`;
    const guard = createGuard();
    const guarded = guard.guardFetch(async () => new Response(new TextEncoder().encode(text)));
    const body = { ...BODY, stream: true, stream_options: { include_usage: true } };

    const response = await guarded('https://api.openai.com/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
    });

    expect(await response.text()).toBe(text);
    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 30, presumedCalls: 0 });
  });

  it('gives a response with the address, the status and the headers of the real one', async () => {
    const provider = await startProvider({ respond: { headers: { 'x-own': 'kept' }, status: 201 } });
    const init = { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(BODY) };

    const response = await createGuard().guardFetch()(chatUrl(provider), init);

    expect(response.url).toBe(chatUrl(provider));
    expect(response.status).toBe(201);
    expect(response.headers.get('x-own')).toBe('kept');
    expect(response.bodyUsed).toBe(false);
  });

  it("rejects with what the caller's own fetch threw, unchanged", async () => {
    const failure = new TypeError('fetch failed');
    const guarded = createGuard().guardFetch(() => Promise.reject(failure));

    const error = await errorOf(
      guarded('https://api.openai.com/v1/chat/completions', { method: 'POST', body: JSON.stringify(BODY) }),
    );

    expect(error).toBe(failure);
  });

  it.each(['twice', 'by two guards'])('is held once by each guard of a call that is guarded %s', async (how) => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const other = how === 'twice' ? guard : createGuard();
    const guarded = guard.guardFetch(other.guardFetch());

    await guarded(chatUrl(provider), { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(BODY) });

    expect(guard.report().total().calls).toBe(1);
    expect(other.report().total().calls).toBe(1);
    expect(provider.calls).toBe(1);
  });
});

describe('an SDK that is given a guarded fetch', () => {
  function openClient(provider: FakeProvider, fetch: Fetch): OpenAI {
    return new OpenAI({ apiKey: 'none', baseURL: provider.openaiBaseURL, fetch, logLevel: 'off' });
  }

  it('hands the caller our own error, without a retry', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const blocked: unknown[] = [];
    guard.on('blocked', (event) => blocked.push(event.error));
    const openai = openClient(provider, guard.guardFetch());

    const error = await guard
      .budget({ usd: 0.000001 })
      .run(() => errorOf(openai.chat.completions.create(BODY as never)));

    expect(error).toBe(blocked[0]);
    expect(blocked).toHaveLength(1);
    expect(provider.calls).toBe(0);
  });

  it('is metered, streamed and not', async () => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const openai = openClient(provider, guard.guardFetch());

    await openai.chat.completions.create(BODY as never);
    await readAll((await openai.chat.completions.create({ ...BODY, stream: true } as never)) as never);

    expect(guard.report().total()).toMatchObject({ calls: 2, costUsd: '0.00045' });
  });

  it('holds once when the client is instrumented too', async () => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const openai = guard.instrument(openClient(provider, guard.guardFetch()));

    await openai.chat.completions.create(BODY as never);

    expect(guard.report().total().calls).toBe(1);
  });
});
