import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { cohere } from '../../src/wire/cohere.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const read = (body: JsonObject) => cohere.readRequest({ model: 'command-a', messages: [], ...body }, '');

test.each([
  ['/v2/chat', true],
  ['/proxy/v2/chat/', true],
  ['/v1/chat', false],
  ['/v2/chat/x', false],
  ['/v2/embed', false],
  ['/v2/rerank', false],
])('%s is such a call: %j', (path, matches) => {
  expect(cohere.matches(path)).toBe(matches);
});

test('reading a request', () => {
  expect(read({ stream: true, max_tokens: 100, thinking: { type: 'enabled', token_budget: 500 } })).toEqual({
    operation: 'chat',
    model: 'command-a',
    stream: true,
    choices: 1,
    minOutputTokens: 1,
    maxOutputTokens: 100,
    hidesReasoning: true,
  });
  expect(read({ max_tokens: 0 }).maxOutputTokens).toBe(0);
  expect(read({ max_tokens: -5 })).not.toHaveProperty('maxOutputTokens');
  expect(read({ thinking: { type: 'disabled' } }).hidesReasoning).toBe(false);
  expect(cohere.readRequest({}, '')).toMatchObject({ model: '', stream: false });
});

test('the input: texts, media, calls, documents, tools', () => {
  const input = cohere.readInput({
    messages: [
      { role: 'user', content: 'Hi' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'strange' },
        ],
      },
      {
        role: 'assistant',
        tool_plan: 'plan',
        content: [{ type: 'thinking', thinking: 'Hm' }],
        tool_calls: [{ id: 't', function: { name: 'find', arguments: '{}' } }, { id: 'u' }],
        citations: [{ text: 'c' }],
      },
      {
        role: 'tool',
        tool_call_id: 't',
        content: [{ type: 'document', document: { id: 'd', data: 'found' } }],
      },
      7,
    ],
    documents: ['plain', { id: 'e', data: { title: 'T' } }],
    tools: [{ type: 'function' }],
    response_format: { type: 'json_object' },
  });
  expect(input).toEqual({
    texts: ['Hi', 'a', 'Hm', 't', 'find', '{}', 'u', 'plan', 'found', 'd', 't', 'plain'],
    schemas: [
      { type: 'strange' },
      { id: 'u' },
      [{ text: 'c' }],
      7,
      { id: 'e', data: { title: 'T' } },
      { type: 'function' },
      { type: 'json_object' },
    ],
    media: [
      { kind: 'image', inlineCharacters: 26, detail: 'low' },
      { kind: 'image', inlineCharacters: 0 },
    ],
    overheadTokens: 5 * 4 + 2 * 4 + 2 * 4 + 16,
  });
});

test('rewriting', () => {
  expect(cohere.rewrite({ model: 'a', p: 1 }, { model: 'b', maxOutputTokens: 5 }, { official: true })).toEqual({
    model: 'b',
    p: 1,
    max_tokens: 5,
  });
});

describe('reading the bill', () => {
  const bill = (usage: unknown) => cohere.readResponse({ usage });

  test('billed units are the bill, and what was cached is not in them', () => {
    expect(
      bill({
        billed_units: { input_tokens: 12, output_tokens: 7 },
        tokens: { input_tokens: 507, output_tokens: 10 },
        cached_tokens: 448,
      }),
    ).toEqual({ usage: { inputTokens: 12, outputTokens: 7 } });
  });

  test('without them, all tokens are', () => {
    const tokens = { input_tokens: 507, output_tokens: 10 };
    expect(bill({ billed_units: { search_units: 1 }, tokens, cached_tokens: 448 })).toEqual({
      usage: { inputTokens: 507, outputTokens: 10, cacheReadInputTokens: 448 },
    });
    expect(bill({ tokens })).toEqual({ usage: { inputTokens: 507, outputTokens: 10 } });
  });

  test.each([
    { billed_units: { input_tokens: 12 } },
    { billed_units: { input_tokens: 12, output_tokens: '7' } },
    { billed_units: { input_tokens: -12, output_tokens: 7 } },
  ])('%j is a bill that lies', (usage) => {
    expect(validUsage(bill(usage).usage)).toBeUndefined();
    expect(bill(usage)).toHaveProperty('usage');
  });

  test.each([undefined, null, 'x', {}, { billed_units: null }])('%j is no bill', (usage) => {
    expect(bill(usage)).toEqual({});
  });
});

describe('following a stream', () => {
  const delta = (message: JsonObject) => ({ type: 'content-delta', delta: { message } });
  const end = {
    type: 'message-end',
    delta: { finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 3, output_tokens: 4 } } },
  };

  test('the last event carries the bill, and nothing the user sees changes', () => {
    const events = [
      { type: 'message-start', delta: { message: { role: 'assistant', content: [], tool_plan: '' } } },
      delta({ tool_plan: 'plan' }),
      delta({ content: { type: 'thinking', thinking: 'Hm' } }),
      delta({ content: { type: 'text', text: 'Hi' } }),
      delta({ tool_calls: { id: 't', function: { name: 'find', arguments: '{"q' } } }),
      end,
    ];
    expect(followText(cohere, {}, sse(events))).toEqual({
      shown: sse(events),
      deltas: ['plan', 'Hm', 'Hi', 'find', '{"q'],
      terminalAt: 6,
      reading: { usage: { inputTokens: 3, outputTokens: 4 } },
    });
  });

  test('a cut has no bill', () => {
    expect(followText(cohere, {}, sse([delta({})])).reading).toEqual({});
    expect(followText(cohere, {}, sse(['[DONE]'])).terminalAt).toBe(1);
  });
});

test('a refusal has the shape of Cohere’s errors', () => {
  expect(cohere.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    message: 'No.',
    code: 'budget_exceeded',
  });
});
