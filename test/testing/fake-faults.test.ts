import { describe, expect, it } from 'vitest';
import type { FakeReply } from '../../src/testing/index.js';
import { anthropicFor, dataOf, MESSAGES, openaiFor, postChat, useProviders } from './clients.js';

const start = useProviders();
const STREAM = { stream: true, stream_options: { include_usage: true } };
const COUNTS = { inputTokens: 100, outputTokens: 10 };

describe('faults of a plain answer', () => {
  it.each([
    ['reset-before-headers', 0],
    ['reset-after-headers', 10],
    ['truncated-json', 10],
    ['cut-stream', 10],
    ['malformed-sse', 10],
  ] as const)('%s is billed %i output tokens', async (fault, outputTokens) => {
    const provider = await start({ respond: { ...COUNTS, fault } });
    await expect(postChat(provider).then((response) => response.json())).rejects.toThrow();
    await provider.idle();
    expect(provider.billed).toMatchObject({ outputTokens, calls: outputTokens > 0 ? 1 : 0 });
    expect(provider.requests[0]?.aborted).toBe(false);
  });

  it('lets the headers through before it resets', async () => {
    const provider = await start({ respond: { fault: 'reset-after-headers' } });
    const response = await postChat(provider);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('hangs until the client goes away, and is billed at once', async () => {
    const provider = await start({ respond: { ...COUNTS, fault: 'hang' } });
    const controller = new AbortController();
    const answer = postChat(provider, {}, { signal: controller.signal });
    await provider.waitForRequests(1);
    controller.abort();
    await expect(answer).rejects.toThrow('abort');
    await provider.idle();
    expect(provider.billed.outputTokens).toBe(10);
    expect(provider.requests[0]).toMatchObject({ aborted: true, bytesSent: 0 });
  });

  it('answers errors, HTML and other statuses unbilled, or billed on request', async () => {
    const provider = await start();
    provider.enqueue(
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 500, errorBody: 'oops', billAnyway: true, ...COUNTS },
      { fault: 'html-error' },
      { status: 307, headers: { location: `${provider.openaiBaseURL}/chat/completions` } },
    );
    const limited = await postChat(provider);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await limited.json()).toMatchObject({ error: { type: 'rate_limit_error' } });
    expect(provider.billed.calls).toBe(0);
    expect(await (await postChat(provider)).text()).toBe('oops');
    expect(provider.billed).toMatchObject({ calls: 1, outputTokens: 10 });
    const page = await postChat(provider);
    expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
    expect((await postChat(provider)).status).toBe(200);
    expect(provider.calls).toBe(5);
  });
});

describe('faults of a stream', () => {
  it.each([
    ['cut-stream', 3],
    ['truncated-json', 10],
    ['reset-after-headers', 10],
  ] as const)('%s after three chunks is billed %i output tokens', async (fault, outputTokens) => {
    const provider = await start({ respond: { ...COUNTS, fault, faultAfterChunks: 3 } });
    const chunks: unknown[] = [];
    const read = async () => {
      const stream = await openaiFor(provider).chat.completions.create({
        model: 'gpt-4o',
        messages: MESSAGES,
        stream: true,
      });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) chunks.push(chunk);
    };
    // A body that ends cleanly inside an event reads as a shorter one: only its missing end gives it away.
    if (fault === 'truncated-json') await read().catch(() => undefined);
    else await expect(read()).rejects.toThrow();
    await provider.idle();
    expect(chunks).toHaveLength(3);
    expect(provider.billed).toMatchObject({ inputTokens: 100, outputTokens });
    expect(provider.requests[0]).toMatchObject({ chunksSent: 3, aborted: false });
  });

  it('hangs in the middle', async () => {
    const provider = await start({ respond: { ...COUNTS, fault: 'hang', faultAfterChunks: 2 } });
    const response = await postChat(provider, STREAM);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await provider.idle();
    expect(provider.requests[0]).toMatchObject({ aborted: true, chunksSent: 2 });
    expect(provider.billed.outputTokens).toBe(10);
  });

  it('ends without usage and terminal event', async () => {
    const provider = await start({ respond: { ...COUNTS, fault: 'no-terminal-event' } });
    const text = await (await postChat(provider, STREAM)).text();
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('prompt_tokens');
    expect(provider.billed.outputTokens).toBe(10);
    const ask = { model: 'claude-sonnet-4-6', max_tokens: 99, messages: MESSAGES };
    await expect(anthropicFor(provider).messages.stream(ask).finalMessage()).rejects.toThrow();
    provider.respondWith({ ...COUNTS, fault: 'no-terminal-event', faultAfterChunks: 4 });
    await (await postChat(provider, STREAM)).text();
    expect(provider.billed.outputTokens).toBe(24);
  });

  it('puts nonsense between events', async () => {
    const provider = await start({ respond: { ...COUNTS, fault: 'malformed-sse', faultAfterChunks: 2 } });
    const text = await (await postChat(provider, STREAM)).text();
    expect(text).toContain('nonsense\n\n');
    expect(text).toContain('[DONE]');
    expect(provider.requests[0]).toMatchObject({ chunksSent: 10, aborted: false });
  });

  it('bills an aborted stream for what it had generated', async () => {
    const provider = await start({ respond: { ...COUNTS, reasoningTokens: 6, holdAfterChunks: 2 } });
    const response = await postChat(provider, STREAM);
    const reader = response.body?.getReader();
    await reader?.read();
    expect(provider.billed.calls).toBe(0);
    await reader?.cancel();
    await provider.idle();
    expect(provider.requests[0]).toMatchObject({ aborted: true, chunksSent: 2 });
    // Six tokens of hidden thinking came before the two words.
    expect(provider.requests[0]?.usage).toMatchObject({ inputTokens: 100, outputTokens: 8, reasoningTokens: 6 });
  });
});

describe('lies and framings', () => {
  it.each(['omit', { prompt_tokens: 'NaN', completion_tokens: -1 }, { prompt_tokens: 1e308 }, null])(
    'reports %o as usage and bills the truth',
    async (usage) => {
      const provider = await start({ respond: { ...COUNTS, usage } });
      const body = (await (await postChat(provider)).json()) as object;
      if (usage === 'omit') expect(body).not.toHaveProperty('usage');
      else expect(body).toHaveProperty('usage', usage);
      const events = dataOf(await (await postChat(provider, STREAM)).text());
      if (usage === 'omit') expect(JSON.stringify(events)).not.toContain('completion_tokens');
      else expect(events.at(-2)).toMatchObject({ choices: [], usage });
      expect(provider.billed).toMatchObject({ inputTokens: 200, outputTokens: 20 });
    },
  );

  it('repeats usage, growing', async () => {
    const provider = await start({ respond: { ...COUNTS, outputTokens: 3, usageRepeated: true } });
    const events = dataOf(await (await postChat(provider, STREAM)).text()) as {
      usage?: { completion_tokens: number };
    }[];
    const counts = events.slice(0, -1).map((event) => event.usage?.completion_tokens);
    expect(counts).toEqual([0, 1, 2, 3, 3, 3, 3]);
    const message = await anthropicFor(provider)
      .messages.stream({ model: 'claude-sonnet-4-6', max_tokens: 99, messages: MESSAGES })
      .finalMessage();
    expect(message.usage.output_tokens).toBe(3);
    const answer = await openaiFor(provider).responses.stream({ model: 'gpt-4o', input: 'Hi' }).finalResponse();
    expect(answer.usage?.output_tokens).toBe(3);
  });

  it.each<FakeReply>([{ splitBytes: 1 }, { splitBytes: 7, crlf: true }, { crlf: true }])(
    'survives %o',
    async (reply) => {
      const text = 'Smørrebrød 🥪 på 丹麦';
      const provider = await start({ respond: { text, ...reply } });
      const chat = await openaiFor(provider)
        .chat.completions.stream({ model: 'gpt-4o', messages: MESSAGES })
        .finalChatCompletion();
      expect(chat.choices[0]?.message.content).toBe(text);
      const message = await anthropicFor(provider)
        .messages.stream({ model: 'claude-sonnet-4-6', max_tokens: 99, messages: MESSAGES })
        .finalMessage();
      expect(message.content).toMatchObject([{ text }]);
      expect(await (await postChat(provider)).json()).toMatchObject({ choices: [{ message: { content: text } }] });
      const body = await (await postChat(provider, STREAM)).text();
      expect(body.includes('\r\n\r\n')).toBe(reply.crlf === true);
    },
  );

  it('writes raw events as they are', async () => {
    const rawEvents = ['data: one\n\n', ': comment\n\n', 'data: [DONE]\n\n'];
    const provider = await start({ respond: { ...COUNTS, rawEvents } });
    expect(await (await postChat(provider, STREAM)).text()).toBe(rawEvents.join(''));
    expect(await (await postChat(provider)).text()).toBe(rawEvents.join(''));
    expect(provider.billed.outputTokens).toBe(20);
  });
});
