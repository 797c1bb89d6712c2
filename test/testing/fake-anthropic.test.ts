import { describe, expect, it } from 'vitest';
import { anthropicFor, MESSAGES, useProviders } from './clients.js';

const start = useProviders();
const ASK = { model: 'claude-sonnet-4-6', max_tokens: 1000, messages: MESSAGES };

describe('messages', () => {
  it('answers and bills a plain call; cached input stands beside the rest', async () => {
    const provider = await start({
      respond: { inputTokens: 1000, cachedTokens: 300, cacheWriteTokens: 200, outputTokens: 10 },
    });
    const answer = await anthropicFor(provider).messages.create(ASK);
    expect(answer.stop_reason).toBe('end_turn');
    expect(answer.usage).toMatchObject({
      input_tokens: 500,
      cache_read_input_tokens: 300,
      cache_creation_input_tokens: 200,
      output_tokens: 10,
    });
    // 500 × 3 + 300 × 0.3 + 200 × 3.75 + 10 × 15 dollars per million
    expect(provider.billed).toMatchObject({ usd: '0.00249', inputTokens: 1000 });
  });

  it('sends the events of the protocol in order, input usage first', async () => {
    const provider = await start({ respond: { inputTokens: 9, outputTokens: 2 } });
    const events = [];
    for await (const event of await anthropicFor(provider).messages.create({ ...ASK, stream: true }))
      events.push(event);
    expect(events.map((event) => event.type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]).toMatchObject({ message: { usage: { input_tokens: 9, output_tokens: 1 } } });
    expect(events[5]).toMatchObject({ usage: { input_tokens: 9, output_tokens: 2 } });
  });

  it('works with the stream helper, thinking and tools', async () => {
    const call = { name: 'weather', arguments: { city: 'Zürich' } };
    const provider = await start({ respond: { text: 'Let me see', toolCalls: [call], reasoningTokens: 5 } });
    const anthropic = anthropicFor(provider);
    const thinking = { type: 'enabled' as const, budget_tokens: 999 };
    const message = await anthropic.messages.stream({ ...ASK, thinking }).finalMessage();
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'one two three four five' },
      { type: 'text', text: 'Let me see' },
      { type: 'tool_use', name: 'weather', input: call.arguments },
    ]);
    expect(message.stop_reason).toBe('tool_use');
    const hidden = await anthropic.messages.create(ASK);
    expect(hidden.content.map((block) => block.type)).toEqual(['text', 'tool_use']);
    expect(hidden.usage.output_tokens).toBe(message.usage.output_tokens);
    expect(provider.requests[1]?.usage?.reasoningTokens).toBe(5);
  });

  it('stops at max_tokens, and rejects what the service rejects', async () => {
    const provider = await start({ respond: { outputTokens: 50 } });
    const anthropic = anthropicFor(provider);
    const cut = await anthropic.messages.stream({ ...ASK, max_tokens: 20 }).finalMessage();
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 20 } });
    const warm = await anthropic.messages.create({ ...ASK, max_tokens: 0 });
    expect(warm.content).toEqual([]);
    const { max_tokens: _, ...unbounded } = ASK;
    await expect(anthropic.messages.create(unbounded as typeof ASK)).rejects.toMatchObject({ status: 400 });
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 };
    await expect(anthropic.messages.create({ ...ASK, thinking })).rejects.toMatchObject({ status: 400 });
    expect(provider.billed.calls).toBe(2);
  });

  it('reports errors in its own shape', async () => {
    const provider = await start({ respond: { status: 529 } });
    await expect(anthropicFor(provider).messages.create(ASK)).rejects.toMatchObject({
      status: 529,
      error: { type: 'error', error: { type: 'overloaded_error' } },
    });
  });
});
