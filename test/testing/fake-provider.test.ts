import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../src/testing/index.js';
import { anthropicFor, MESSAGES, openaiFor, postChat, useProviders } from './clients.js';

const start = useProviders();

describe('the record', () => {
  it('keeps what was sent, without credentials', async () => {
    const provider = await start({ respond: { inputTokens: 4, outputTokens: 2 } });
    await openaiFor(provider).chat.completions.create({ model: 'gpt-4o-mini', messages: MESSAGES });
    await anthropicFor(provider).messages.create({ model: 'claude-sonnet-4-6', max_tokens: 5, messages: MESSAGES });
    const [chat, message] = provider.requests;
    expect(chat).toMatchObject({
      index: 0,
      path: '/v1/chat/completions',
      wire: 'openai-chat',
      body: { model: 'gpt-4o-mini', messages: MESSAGES },
      model: 'gpt-4o-mini',
      stream: false,
      status: 200,
      aborted: false,
      billedNanoUsd: 1800n,
    });
    expect(chat?.bytesSent).toBeGreaterThan(100);
    expect(message).toMatchObject({ index: 1, path: '/v1/messages', wire: 'anthropic-messages' });
    expect(message?.headers).toHaveProperty('anthropic-version');
    expect(
      JSON.stringify(provider.requests, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain('canary');
  });

  it('drops bodies when told to, after the script has seen them', async () => {
    const seen: unknown[] = [];
    const provider = await start({
      keepBodies: false,
      respond: (request) => {
        seen.push(request.body.model);
        return {};
      },
    });
    await postChat(provider);
    await provider.idle();
    expect(seen).toEqual(['gpt-4o']);
    expect(provider.requests[0]).toMatchObject({ body: {}, bodyText: '', model: 'gpt-4o' });
  });

  it('counts input by itself, or with the tokenizer it is given', async () => {
    const counted = await start();
    await postChat(counted, { messages: [{ role: 'user', content: [{ type: 'text', text: '123456789' }] }] });
    expect(counted.billed.inputTokens).toBe(3);
    const exact = await start({ countTokens: (text) => text.split(' ').length, respond: { text: 'a b c d' } });
    await postChat(exact);
    expect(exact.billed).toMatchObject({ inputTokens: 2, outputTokens: 4 });
  });
});

describe('the script', () => {
  it('takes enqueued replies first, then what it was told last', async () => {
    const provider = await start({ respond: { text: 'default' } });
    const ask = async () =>
      ((await (await postChat(provider)).json()) as { choices: [{ message: { content: string } }] }).choices[0].message
        .content;
    provider.enqueue({ text: 'one' }, async (request, index) => ({ text: `${request.wire} ${index}` }));
    expect([await ask(), await ask(), await ask()]).toEqual(['one', 'openai-chat 1', 'default']);
    provider.respondWith({ text: 'changed' });
    expect(await ask()).toBe('changed');
  });

  it('answers 500 when it throws or makes no sense', async () => {
    const provider = await start();
    provider.enqueue(
      () => Promise.reject(new Error('broken script')),
      { outputTokens: -1 },
      { outputTokens: 1, reasoningTokens: 2 },
    );
    for (const reason of ['broken script', 'outputTokens', 'reasoningTokens']) {
      const response = await postChat(provider);
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([500, 'false']);
      expect(await response.text()).toContain(reason);
    }
  });

  it('waits on its clock only when there is a delay', async () => {
    const clock = createFakeClock();
    const provider = await start({ clock, respond: { outputTokens: 3, latencyMs: 1000, chunkDelayMs: 50 } });
    const answer = postChat(provider, { stream: true }).then((response) => response.text());
    await provider.waitForRequests(1);
    await clock.advanceAsync(999);
    expect(provider.requests[0]?.status).toBeUndefined();
    await clock.advanceAsync(1);
    expect(provider.requests[0]).toMatchObject({ status: 200, chunksSent: 1 });
    await clock.advanceAsync(50);
    expect(provider.requests[0]?.chunksSent).toBe(2);
    await clock.advanceAsync(100);
    expect(await answer).toContain('[DONE]');
    expect(clock.pendingTimers).toBe(0);
  });

  it('cancels its timers when the client goes away', async () => {
    const clock = createFakeClock();
    const provider = await start({ clock, respond: { inputTokens: 5, outputTokens: 3, latencyMs: 1000 } });
    const controller = new AbortController();
    const plain = postChat(provider, {}, { signal: controller.signal });
    const stream = postChat(provider, { stream: true }, { signal: controller.signal });
    await provider.waitForRequests(2);
    controller.abort();
    await Promise.allSettled([plain, stream]);
    await provider.idle();
    expect(clock.pendingTimers).toBe(0);
    // The plain call was worked on to its end; the stream had not begun.
    expect(provider.billed).toMatchObject({ calls: 2, inputTokens: 10, outputTokens: 3 });
  });
});

describe('the server', () => {
  it('knows no other path', async () => {
    const provider = await start();
    const response = await fetch(`${provider.url}/v1/models`);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json']);
    expect(await response.json()).toHaveProperty('error.message');
    expect((await fetch(provider.url, { method: 'HEAD' })).status).toBe(404);
    expect((await fetch(`${provider.url}/v1/embeddings`, { method: 'POST', body: '{}' })).status).toBe(404);
    expect(
      (
        await fetch(`${provider.url}/openai/deployments/x/chat/completions?api-version=1`, {
          method: 'POST',
          body: '{}',
        })
      ).status,
    ).toBe(200);
    expect(provider.calls).toBe(1);
  });

  it('holds a thousand calls in flight and answers them all', async () => {
    const provider = await start({ keepBodies: false, respond: { inputTokens: 1000, outputTokens: 500 } });
    provider.hold();
    const calls = Array.from({ length: 1000 }, async () => (await postChat(provider)).text());
    await provider.waitForRequests(1000);
    expect(provider.billed.calls).toBe(0);
    provider.releaseAll();
    await Promise.all(calls);
    await provider.idle();
    expect(provider.billed).toMatchObject({ calls: 1000, usd: '7.5', nanoUsd: 7_500_000_000n });
  });

  it('forgets, and does not bill what was open before', async () => {
    const provider = await start();
    provider.hold();
    const old = postChat(provider);
    await provider.waitForRequests(1);
    provider.reset();
    provider.releaseAll();
    await old;
    expect(provider.calls).toBe(0);
    expect(provider.billed.calls).toBe(0);
    await postChat(provider);
    expect(provider.requests[0]?.index).toBe(0);
    expect(provider.billed.calls).toBe(1);
  });

  it('closes with requests open', async () => {
    const provider = await start({ respond: { fault: 'hang' } });
    const outcome = expect(postChat(provider)).rejects.toThrow();
    await provider.waitForRequests(1);
    const never = expect(provider.waitForRequests(2)).rejects.toThrow('closed');
    await provider.close();
    await outcome;
    await never;
    await provider.idle();
  });
});

describe('a thousand streams', () => {
  it('stay open together, and each is billed for what it had sent', async () => {
    const respond = { inputTokens: 10, outputTokens: 10_000, holdAfterChunks: 2 };
    const provider = await start({ keepBodies: false, respond });
    const responses = await Promise.all(Array.from({ length: 1000 }, () => postChat(provider, { stream: true })));
    expect(provider.billed.calls).toBe(0);
    await Promise.all(responses.map((response) => response.body?.cancel()));
    await provider.idle();
    expect(provider.billed).toMatchObject({ calls: 1000, outputTokens: 2000 });
    expect(provider.requests.every((request) => request.aborted)).toBe(true);
  });
});
