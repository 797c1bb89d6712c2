import { describe, expect, it } from 'vitest';
import { openaiFor, useProviders } from './clients.js';

const start = useProviders();
const ASK = { model: 'gpt-4o', input: 'Hello there' };

describe('responses', () => {
  it('answers and bills a plain call', async () => {
    const provider = await start({ respond: { inputTokens: 1000, outputTokens: 500, cachedTokens: 400 } });
    const answer = await openaiFor(provider).responses.create(ASK);
    expect(answer.status).toBe('completed');
    expect(answer.output_text.split(' ')).toHaveLength(500);
    expect(answer.usage).toMatchObject({ input_tokens: 1000, output_tokens: 500, total_tokens: 1500 });
    expect(answer.usage?.input_tokens_details.cached_tokens).toBe(400);
    expect(provider.billed.usd).toBe('0.007');
  });

  it('sends the events of the protocol in order', async () => {
    const provider = await start({ respond: { outputTokens: 2 } });
    const types: string[] = [];
    const numbers: number[] = [];
    for await (const event of await openaiFor(provider).responses.create({ ...ASK, stream: true })) {
      types.push(event.type);
      numbers.push(event.sequence_number);
    }
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(numbers).toEqual(types.map((_, index) => index));
  });

  it.each([{ visibleReasoning: false }, { visibleReasoning: true }])(
    'streams reasoning, text and tools: %o',
    async (more) => {
      const call = { name: 'weather', arguments: { city: 'Genève' } };
      const provider = await start({ respond: { text: 'Let me see', toolCalls: [call], reasoningTokens: 4, ...more } });
      const streamed = await openaiFor(provider).responses.stream(ASK).finalResponse();
      expect(streamed.output.map((item) => item.type)).toEqual(['reasoning', 'message', 'function_call']);
      expect(streamed.output_text).toBe('Let me see');
      expect(streamed.output[2]).toMatchObject({ name: 'weather', arguments: '{"city":"Genève"}' });
      const summary = more.visibleReasoning ? [{ text: 'one two three four' }] : [];
      expect(streamed.output[0]).toMatchObject({ summary });
      const plain = await openaiFor(provider).responses.create(ASK);
      expect(plain.output).toEqual(JSON.parse(JSON.stringify(plain.output)));
      expect(plain.usage?.output_tokens_details.reasoning_tokens).toBe(4);
    },
  );

  it('ends incomplete at the ceiling', async () => {
    const provider = await start({ respond: { outputTokens: 100 } });
    const openai = openaiFor(provider);
    const plain = await openai.responses.create({ ...ASK, max_output_tokens: 20 });
    expect(plain).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    const types: string[] = [];
    for await (const event of await openai.responses.create({ ...ASK, max_output_tokens: 20, stream: true })) {
      types.push(event.type);
    }
    expect(types.at(-1)).toBe('response.incomplete');
    expect(provider.billed.outputTokens).toBe(40);
    await expect(openai.responses.create({ ...ASK, max_output_tokens: 15 })).rejects.toMatchObject({ status: 400 });
  });

  it('parses', async () => {
    const provider = await start({ respond: { text: '{"a":1}' } });
    const format = { type: 'json_schema' as const, name: 'a', schema: { type: 'object' } };
    const parsed = await openaiFor(provider).responses.parse({ ...ASK, text: { format } });
    expect(parsed.output_parsed).toEqual({ a: 1 });
  });
});
