import { describe, expect, it } from 'vitest';
import { dataOf, MESSAGES, openaiFor, postChat, useProviders } from './clients.js';

const start = useProviders();
const CHAT = { model: 'gpt-4o', messages: MESSAGES };

describe('chat completions', () => {
  it('answers and bills a plain call', async () => {
    const provider = await start({ respond: { inputTokens: 1000, outputTokens: 500 } });
    const answer = await openaiFor(provider).chat.completions.create(CHAT);
    expect(answer.usage).toMatchObject({ prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 });
    expect(answer.choices[0]?.message.content?.split(' ')).toHaveLength(500);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(provider.billed).toEqual({
      nanoUsd: 7_500_000n,
      usd: '0.0075',
      inputTokens: 1000,
      outputTokens: 500,
      calls: 1,
    });
  });

  it('cuts the answer at the ceiling of the request, reasoning first', async () => {
    const provider = await start({ respond: { outputTokens: 100, reasoningTokens: 30 } });
    const openai = openaiFor(provider);
    const cut = await openai.chat.completions.create({ ...CHAT, max_completion_tokens: 40 });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.choices[0]?.message.content?.split(' ')).toHaveLength(10);
    expect(cut.usage).toMatchObject({ completion_tokens: 40, completion_tokens_details: { reasoning_tokens: 30 } });
    const silent = await openai.chat.completions.create({ ...CHAT, max_tokens: 20 });
    expect(silent.choices[0]?.message.content).toBe('');
    expect(silent.usage?.completion_tokens_details?.reasoning_tokens).toBe(20);
    const none = await openai.chat.completions.create({ ...CHAT, max_tokens: 0 });
    expect(none.usage?.completion_tokens).toBe(0);
  });

  it('multiplies the output by n', async () => {
    const provider = await start({ respond: { inputTokens: 10, outputTokens: 5 } });
    const openai = openaiFor(provider);
    const answer = await openai.chat.completions.create({ ...CHAT, n: 3 });
    expect(answer.choices.map((choice) => choice.message.content)).toEqual(Array(3).fill('one two three four five'));
    expect(answer.usage?.completion_tokens).toBe(15);
    const final = await openai.chat.completions.stream({ ...CHAT, n: 3 }).finalChatCompletion();
    expect(final.choices.map((choice) => choice.message.content)).toEqual(Array(3).fill('one two three four five'));
    expect(provider.billed.outputTokens).toBe(30);
  });

  it('streams usage only when it is asked for', async () => {
    const provider = await start({ respond: { inputTokens: 7, outputTokens: 2 } });
    const without = dataOf(await (await postChat(provider, { stream: true })).text());
    expect(without.at(-1)).toBe('[DONE]');
    expect(JSON.stringify(without)).not.toContain('"usage"');
    const asked = { stream: true, stream_options: { include_usage: true } };
    const events = dataOf(await (await postChat(provider, asked)).text());
    const chunks = events.slice(0, -1) as { choices: unknown[]; usage: unknown }[];
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } });
    expect(provider.requests[1]).toMatchObject({ stream: true, chunksSent: 2, aborted: false });
  });

  it('works with the stream helper, parse and tool calls', async () => {
    const provider = await start();
    const openai = openaiFor(provider);
    const call = { name: 'weather', arguments: { city: 'København', unit: 'celsius' } };
    provider.enqueue({ text: 'Let me see.', toolCalls: [call, call] }, { toolCalls: [call] }, { text: '{"a":1}' });
    const streamed = await openai.chat.completions.stream(CHAT).finalChatCompletion();
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
    const calls = streamed.choices[0]?.message.tool_calls ?? [];
    expect(calls).toHaveLength(2);
    expect(calls.map((made) => JSON.parse(made.type === 'function' ? made.function.arguments : ''))).toEqual([
      call.arguments,
      call.arguments,
    ]);
    const plain = await openai.chat.completions.create(CHAT);
    expect(plain.choices[0]?.message).toMatchObject({
      content: null,
      tool_calls: [{ type: 'function', function: { name: 'weather' } }],
    });
    const schema = { type: 'json_schema' as const, json_schema: { name: 'a', schema: { type: 'object' } } };
    const parsed = await openai.chat.completions.parse({ ...CHAT, response_format: schema });
    expect(parsed.choices[0]?.message.parsed).toEqual({ a: 1 });
  });

  it('names the served model and tier, and bills them', async () => {
    const provider = await start({
      prices: { 'gpt-4o-2024-11-20': { input: 1, output: 2, tiers: { flex: { input: '0.5', output: '1' } } } },
      respond: { inputTokens: 1000, outputTokens: 10, servedModel: 'gpt-4o-2024-11-20', serviceTier: 'flex' },
    });
    const answer = await openaiFor(provider).chat.completions.create(CHAT);
    expect(answer).toMatchObject({ model: 'gpt-4o-2024-11-20', service_tier: 'flex' });
    expect(provider.billed.usd).toBe('0.00051');
  });

  it('rejects what the real service rejects, unless told not to', async () => {
    const provider = await start({ maxOutputTokens: { 'gpt-4o': 50 }, respond: { outputTokens: 80 } });
    for (const body of [
      { max_tokens: 5, max_completion_tokens: 5 },
      { max_tokens: -5 },
      { max_tokens: 'abc' },
      { max_completion_tokens: 51 },
      { n: 0 },
      { stream_options: { include_usage: true } },
    ]) {
      expect((await postChat(provider, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await postChat(provider, {}, { body: '{' })).status).toBe(400);
    expect(provider.billed.calls).toBe(0);
    await postChat(provider, { max_tokens: null });
    expect(provider.billed.outputTokens).toBe(50);
    const lenient = await start({ strict: false, respond: { outputTokens: 80 } });
    expect((await postChat(lenient, { max_tokens: 'abc', n: -2 })).status).toBe(200);
    expect(lenient.billed.outputTokens).toBe(80);
  });

  it('shows reasoning where it is told to', async () => {
    const provider = await start({ respond: { text: 'Yes', reasoningTokens: 3, visibleReasoning: true } });
    const answer = await openaiFor(provider).chat.completions.create(CHAT);
    expect(answer.choices[0]?.message).toMatchObject({ content: 'Yes', reasoning_content: 'one two three' });
    const text = await (await postChat(provider, { stream: true })).text();
    expect(text.match(/reasoning_content/g)).toHaveLength(3);
  });
});
