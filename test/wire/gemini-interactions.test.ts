import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { geminiInteractions } from '../../src/wire/gemini-interactions.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const read = (body: JsonObject) => geminiInteractions.readRequest({ model: 'gemini-3-pro', input: 'Hi', ...body }, '');
const follow = (...events: (JsonObject | string)[]) => followText(geminiInteractions, {}, sse(events));

test.each([
  ['/v1beta/interactions', true],
  ['/v1/interactions/', true],
  ['/v1beta1/projects/p/locations/l/interactions', true],
  ['/v1beta/interactions/v1_x', false],
  ['/v1beta/interactions/v1_x/cancel', false],
  ['/interactions', false],
])('%s is such a call: %j', (path, matches) => {
  expect(geminiInteractions.matches(path)).toBe(matches);
});

describe('reading a request', () => {
  test('a plain request', () => {
    expect(
      read({
        stream: true,
        generation_config: { max_output_tokens: 50, thinking_level: 'low' },
        service_tier: 'flex',
      }),
    ).toEqual({
      operation: 'generate_content',
      model: 'gemini-3-pro',
      stream: true,
      choices: 1,
      minOutputTokens: 1,
      maxOutputTokens: 50,
      serviceTier: 'flex',
      hidesReasoning: true,
    });
    expect(read({ model: 'models/gemini-3-pro' }).model).toBe('gemini-3-pro');
    expect(geminiInteractions.readRequest({}, '').model).toBe('');
    expect(read({ generation_config: { max_output_tokens: -1 } })).not.toHaveProperty('maxOutputTokens');
  });

  test.each(['previous_interaction_id', 'cached_content', 'continuation_token'])('%s holds input back', (field) => {
    expect(read({ [field]: 'x' }).unboundedInput).toContain(field);
    expect(read({ [field]: null })).not.toHaveProperty('unboundedInput');
  });

  test.each<[JsonObject, object | undefined]>([
    [{ tools: [{ type: 'google_search' }] }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ tools: [{ type: 'function' }, { type: 'url_context' }] }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ environment: 'env' }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ agent: 'deep-research' }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ tools: [{ type: 'function' }, { type: 'computer_use' }, null] }, undefined],
  ])('the hosted tools of %j are %j', (body, hosted) => {
    expect(read(body).hostedTools).toEqual(hosted);
  });

  test('an agent stands in the place of a model', () => {
    expect(geminiInteractions.readRequest({ agent: 'deep-research' }, '').model).toBe('deep-research');
  });
});

test('the input: instructions, steps, content, tools', () => {
  const odd = { type: 'google_search_result', result: [{ text: 'x' }] };
  const input = geminiInteractions.readInput({
    system_instruction: 'Be brief.',
    input: [
      {
        type: 'user_input',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'image', data: 'AAAA' },
        ],
      },
      { type: 'thought', signature: 'sig', summary: [{ type: 'text', text: 'Hm' }] },
      { type: 'function_call', id: '1', name: 'find', arguments: { q: 1 } },
      { type: 'function_result', call_id: '1', name: 'find', result: { found: true } },
      { type: 'function_result', call_id: '2', result: [{ type: 'text', text: 'listed' }] },
      { type: 'model_output', content: [{ type: 'text', text: 'A', annotations: [{ url: 'u' }] }] },
      { role: 'user', content: 'turn' },
      { type: 'audio', data: 'AAA' },
      { type: 'document', uri: 'https://example.com' },
      odd,
      7,
    ],
    tools: [{ type: 'function', name: 'find' }],
    response_format: { type: 'object' },
  });
  expect(input).toEqual({
    texts: ['Be brief.', 'Hi', 'Hm', 'find', '1', 'find', '1', '2', 'listed', 'A', 'turn'],
    schemas: [
      'sig',
      { q: 1 },
      { found: true },
      [{ url: 'u' }],
      odd,
      7,
      { type: 'function', name: 'find' },
      { type: 'object' },
    ],
    media: [
      { kind: 'image', inlineCharacters: 4 },
      { kind: 'audio', inlineCharacters: 3 },
      { kind: 'file', inlineCharacters: 0 },
    ],
    overheadTokens: 8 + 16 * 8 + 16,
  });
  expect(geminiInteractions.readInput({ input: 'Hi' }).texts).toEqual(['Hi']);
});

test('rewriting keeps the other settings', () => {
  const body = { model: 'a', generation_config: { seed: 1, max_output_tokens: 9 } };
  expect(geminiInteractions.rewrite(body, { model: 'b', maxOutputTokens: 5 }, { official: true })).toEqual({
    model: 'b',
    generation_config: { seed: 1, max_output_tokens: 5 },
  });
  expect(geminiInteractions.rewrite({}, { maxOutputTokens: 5 }, { official: true })).toEqual({
    generation_config: { max_output_tokens: 5 },
  });
});

const rawUsage = {
  total_input_tokens: 100,
  total_tool_use_tokens: 20,
  total_cached_tokens: 40,
  total_output_tokens: 30,
  total_thought_tokens: 50,
  total_tokens: 200,
  input_tokens_by_modality: [
    { modality: 'audio', tokens: 10 },
    { modality: 'image', tokens: 7 },
  ],
  output_tokens_by_modality: [{ modality: 'image', tokens: 30 }],
};
const usage = {
  inputTokens: 120,
  outputTokens: 80,
  cacheReadInputTokens: 40,
  audioInputTokens: 10,
  imageInputTokens: 7,
  imageOutputTokens: 30,
  reasoningOutputTokens: 50,
};

describe('reading the bill', () => {
  const bill = (body: JsonObject) => geminiInteractions.readResponse(body);

  test('thoughts are output, what tools brought in is input', () => {
    expect(bill({ model: 'gemini-3-pro', service_tier: 'standard', usage: rawUsage })).toEqual({
      usage,
      servedModel: 'gemini-3-pro',
      serviceTier: 'standard',
    });
  });

  test('searches: as counted by Google, else as the steps show them', () => {
    const steps = [{ type: 'google_search_call', arguments: { queries: ['a', 'b'] } }, { type: 'thought' }, null];
    const counted = {
      ...rawUsage,
      grounding_tool_count: [{ type: 'google_search', count: 5 }, { type: 'google_maps' }],
    };
    expect(bill({ usage: rawUsage, steps }).usage?.webSearchRequests).toBe(2);
    expect(bill({ model: 'gemini-2.5-flash', usage: rawUsage, steps }).usage?.webSearchRequests).toBe(1);
    expect(bill({ usage: counted, steps }).usage?.webSearchRequests).toBe(5);
  });

  test('none, or one that lies', () => {
    expect(bill({ status: 'in_progress' })).toEqual({});
    expect(bill({ usage: {} })).toEqual({});
    expect(validUsage(bill({ usage: { ...rawUsage, total_output_tokens: '30' } }).usage)).toBeUndefined();
  });
});

describe('following a stream', () => {
  const completed = { event_type: 'interaction.completed', interaction: { model: 'gemini-3-pro', usage: rawUsage } };

  test('the last event carries the bill, and nothing the user sees changes', () => {
    const events = [
      { event_type: 'interaction.created', interaction: { model: 'gemini-3-pro', usage: { total_tokens: 1 } } },
      { event_type: 'step.start', step: { type: 'function_call', name: 'find', id: 'x' } },
      { event_type: 'step.delta', delta: { type: 'arguments_delta', arguments: '{"q' } },
      { event_type: 'step.delta', delta: { type: 'thought_summary', content: { text: 'Hm' } } },
      { event_type: 'step.delta', delta: { type: 'thought_signature', signature: 'sig' } },
      { event_type: 'step.delta', delta: { type: 'google_search_result', result: [{ search_suggestions: 'x' }] } },
      { event_type: 'step.delta', delta: { type: 'image', data: 'AAAA' } },
      { event_type: 'step.delta', delta: { type: 'text', text: 'Hi' } },
      completed,
    ];
    expect(follow(...events)).toEqual({
      shown: sse(events),
      deltas: ['find', '{"q', 'Hm', 'Hi'],
      terminalAt: 9,
      reading: { servedModel: 'gemini-3-pro', usage },
    });
  });

  test('searches are counted on the way', () => {
    const call = {
      event_type: 'step.delta',
      delta: { type: 'google_search_call', arguments: { queries: ['a', 'b'] } },
    };
    expect(follow(call, call, completed).reading.usage?.webSearchRequests).toBe(4);
  });

  test('a cut has no bill, and an error ends the stream', () => {
    const created = { event_type: 'interaction.created', interaction: { model: 'm', usage: rawUsage } };
    expect(follow(created).reading).toEqual({ servedModel: 'm' });
    expect(follow(created, { event_type: 'error', error: {} })).toMatchObject({ terminalAt: 2 });
    expect(follow('[DONE]').terminalAt).toBe(1);
  });
});

test('a refusal has the shape of Google’s errors', () => {
  expect(geminiInteractions.refusalBody({ code: 'c', message: 'No.' })).toMatchObject({ error: { message: 'No.' } });
});
