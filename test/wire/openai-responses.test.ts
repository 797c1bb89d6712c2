import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { openaiResponses } from '../../src/wire/openai-responses.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const read = (body: JsonObject) => openaiResponses.readRequest({ model: 'gpt-5', input: 'Hi', ...body }, '');

describe('reading a request', () => {
  test('a plain request', () => {
    expect(read({ stream: true, max_output_tokens: 99, service_tier: 'flex' })).toEqual({
      operation: 'chat',
      model: 'gpt-5',
      stream: true,
      choices: 1,
      minOutputTokens: 16,
      maxOutputTokens: 99,
      serviceTier: 'flex',
    });
    expect(openaiResponses.readRequest({}, '').model).toBe('');
    expect(read({ max_output_tokens: '99' })).not.toHaveProperty('maxOutputTokens');
  });

  test.each<JsonObject>([
    { previous_response_id: 'resp_1' },
    { conversation: 'conv_1' },
    { conversation: { id: 'conv_1' } },
    { prompt: { id: 'pmpt_1' } },
    { input: [{ type: 'item_reference', id: 'msg_1' }] },
    { input: [{ id: 'msg_1' }] },
  ])('nothing in %j bounds the input', (body) => {
    expect(read(body).unboundedInput).toMatch(/kept at the provider/);
  });

  test('fields that are null, and items with content, bound it', () => {
    const input = [{ id: 'msg_1', type: 'message', role: 'user', content: 'a' }, { role: 'user', content: 'b' }, null];
    expect(read({ previous_response_id: null, conversation: null, prompt: null, input })).not.toHaveProperty(
      'unboundedInput',
    );
  });

  const tools = (...types: string[]) => types.map((type) => ({ type }));
  test.each<[JsonObject, object]>([
    [{ tools: tools('web_search') }, { maxCalls: undefined, maxWebSearches: 1 }],
    [
      { tools: tools('web_search_preview_2025_03_11'), max_tool_calls: 3 },
      { maxCalls: 3, maxWebSearches: 3 },
    ],
    [
      { tools: tools('function', 'file_search'), max_tool_calls: 2 },
      { maxCalls: 2, maxWebSearches: 0, maxFileSearches: 2 },
    ],
    [{ tools: tools('file_search') }, { maxCalls: undefined, maxWebSearches: 0, maxFileSearches: 1 }],
    [
      { tools: tools('file_search', 'web_search'), max_tool_calls: 2 },
      { maxCalls: 2, maxWebSearches: 2, maxFileSearches: 2 },
    ],
    [
      { tools: tools('mcp'), max_tool_calls: '2' },
      { maxCalls: undefined, maxWebSearches: 0 },
    ],
    [{ tools: tools('code_interpreter') }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ tools: tools('image_generation') }, { maxCalls: undefined, maxWebSearches: 0, maxImages: 1 }],
    [
      { tools: tools('image_generation'), max_tool_calls: 4 },
      { maxCalls: 4, maxWebSearches: 0, maxImages: 4 },
    ],
    [{ tools: tools('tool_of_tomorrow') }, { maxCalls: undefined, maxWebSearches: 0 }],
    [
      { tools: [{ type: 'shell', environment: { type: 'container_auto' } }] },
      { maxCalls: undefined, maxWebSearches: 0, maxCodeSessions: 1 },
    ],
    [
      { tools: [{ type: 'code_interpreter', container: { type: 'auto', memory_limit: '4g' } }], max_tool_calls: 2 },
      { maxCalls: 2, maxWebSearches: 0, maxCodeSessions: 4 },
    ],
    [{ tools: tools('tool_search') }, { maxCalls: undefined, maxWebSearches: 0 }],
  ])('%j is %j', (body, hosted) => {
    expect(read(body).hostedTools).toEqual(hosted);
  });

  test('tools that the caller runs are not hosted', () => {
    const client = [
      ...tools('function', 'custom', 'namespace', 'local_shell', 'apply_patch', 'computer_use_preview', 'shell'),
      { type: 'shell', environment: { type: 'local' } },
      { type: 'tool_search', execution: 'client' },
      { name: 'no type' },
      null,
    ];
    expect(read({ tools: client })).not.toHaveProperty('hostedTools');
  });
});

test('the input, item by item', () => {
  const reasoning = { type: 'reasoning', summary: [], encrypted_content: 'gAAA' };
  const tool = { type: 'function', name: 'find', parameters: {} };
  const input = openaiResponses.readInput({
    instructions: 'Be brief.',
    input: [
      { role: 'user', content: 'Hi' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: 'DATA:image/png;base64,AA', detail: 'high' },
          { type: 'input_image', file_id: 'file_1' },
          { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' },
          { type: 'input_audio', input_audio: { data: 'AAA' } },
          { type: 'input_video', video: 'x' },
        ],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'Yes' },
          { type: 'refusal', refusal: 'No' },
        ],
      },
      { type: 'function_call', call_id: 'c', name: 'find', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'found' }] },
      reasoning,
    ],
    tools: [tool],
    text: { format: { type: 'json_schema', schema: {} } },
  });
  expect(input).toEqual({
    texts: ['Be brief.', 'Hi', 'Look', 'a.pdf', 'Yes', 'No', 'find', 'c', '{}', 'c', 'found'],
    schemas: [{ type: 'input_video', video: 'x' }, reasoning, tool, { type: 'json_schema', schema: {} }],
    media: [
      { kind: 'image', inlineCharacters: 24, detail: 'high' },
      { kind: 'image', inlineCharacters: 0 },
      { kind: 'file', inlineCharacters: 32 },
      { kind: 'audio', inlineCharacters: 3 },
    ],
    overheadTokens: 3 + 4 + 6 * 4 + 2 * 16,
  });
  expect(openaiResponses.readInput({ input: 'Hi' })).toEqual({
    texts: ['Hi'],
    schemas: [],
    media: [],
    overheadTokens: 7,
  });
});

test('rewriting keeps the order of the keys and the caller’s object', () => {
  const body = Object.freeze({ max_output_tokens: 100, model: 'gpt-5', input: 'Hi' });
  expect(
    JSON.stringify(openaiResponses.rewrite(body, { maxOutputTokens: 20, model: 'gpt-5-mini' }, { official: true })),
  ).toBe('{"max_output_tokens":20,"model":"gpt-5-mini","input":"Hi"}');
  expect(openaiResponses.askForUsage(body)).toBe(body);
});

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 8 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 130,
};
const bill = {
  inputTokens: 100,
  outputTokens: 30,
  cacheReadInputTokens: 40,
  cacheWriteInputTokens: 8,
  reasoningOutputTokens: 20,
};

describe('reading a response', () => {
  test('usage, model, tier and the searches that are billed', () => {
    const call = (type?: string) => ({ type: 'web_search_call', ...(type && { action: { type } }) });
    const files = Array(3).fill({ type: 'file_search_call', status: 'completed', queries: ['a', 'b'] });
    const output = [call('search'), call('open_page'), call('find_in_page'), call(), ...files, { type: 'message' }];
    expect(openaiResponses.readResponse({ model: 'gpt-5-2025', service_tier: 'default', output, usage })).toEqual({
      servedModel: 'gpt-5-2025',
      serviceTier: 'default',
      usage: { ...bill, webSearchRequests: 2, fileSearchRequests: 3 },
    });
  });

  test('a queued response has no usage; xAI reports its cost', () => {
    expect(openaiResponses.readResponse({ model: 'gpt-5', status: 'queued', usage: null })).toEqual({
      servedModel: 'gpt-5',
    });
    expect(openaiResponses.readResponse({ usage: { ...usage, cost_in_usd_ticks: 12 } }).reportedCostPicoUsd).toBe(1200);
  });

  test('usage that lies is invalid', () => {
    expect(validUsage(openaiResponses.readResponse({ usage: { ...usage, output_tokens: -1 } }).usage)).toBeUndefined();
  });
});

describe('following a stream', () => {
  const created = { type: 'response.created', response: { model: 'gpt-5-2025', service_tier: 'auto', usage: null } };
  const last = (type: string) => ({ type, response: { model: 'gpt-5-2025', service_tier: 'default', usage } });
  const delta = (type: string, text: unknown) => ({ type, delta: text });

  test.each(['response.completed', 'response.incomplete', 'response.failed'])('%s ends it with its bill', (type) => {
    const text = sse([created, delta('response.output_text.delta', 'Hi'), last(type)]);
    expect(followText(openaiResponses, {}, text)).toEqual({
      shown: text,
      deltas: ['Hi'],
      terminalAt: 3,
      reading: { servedModel: 'gpt-5-2025', serviceTier: 'default', usage: bill },
    });
  });

  test('the last event tells the searches that are billed', () => {
    const response = { usage, output: [{ type: 'file_search_call' }, { type: 'web_search_call' }] };
    const { reading } = followText(openaiResponses, {}, sse([created, { type: 'response.completed', response }]));
    expect(reading.usage).toEqual({ ...bill, webSearchRequests: 1, fileSearchRequests: 1 });
  });

  test('an error, a failure without usage, and a cut have no bill', () => {
    const failed = { type: 'response.failed', response: { model: 'gpt-5-2025', usage: null } };
    for (const events of [[created, { type: 'error' }], [created, failed], [created]]) {
      expect(followText(openaiResponses, {}, sse(events)).reading).not.toHaveProperty('usage');
    }
    expect(followText(openaiResponses, {}, sse([created, { type: 'error' }, failed])).terminalAt).toBe(2);
  });

  test('every text in a delta counts, sound does not', () => {
    const events = [
      delta('response.reasoning_summary_text.delta', 'a'),
      delta('response.function_call_arguments.delta', 'b'),
      delta('response.code_interpreter_call_code.delta', 'c'),
      delta('response.output_audio.delta', 'AAAA'),
      delta('response.output_audio_transcript.delta', 'd'),
      delta('response.shell_call_output_content.delta', { stdout: 'x' }),
      delta('response.output_text.done', 'whole'),
    ];
    expect(followText(openaiResponses, {}, sse(events)).deltas).toEqual(['a', 'b', 'c', 'd']);
  });
});
