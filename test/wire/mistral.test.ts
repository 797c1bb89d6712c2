import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { mistralChat, mistralFim } from '../../src/wire/mistral.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

test('a stream is not asked for its usage: the field would be refused', () => {
  const body = { stream: true, messages: [] };
  expect(mistralChat.askForUsage(body)).toBe(body);
});

test('the ceiling is max_tokens, unless the caller has the other name', () => {
  const rewrite = (body: JsonObject) => mistralChat.rewrite(body, { maxOutputTokens: 5 }, { official: true });
  expect(rewrite({})).toEqual({ max_tokens: 5 });
  expect(rewrite({ max_tokens: 9 })).toEqual({ max_tokens: 5 });
  expect(rewrite({ max_completion_tokens: 9 })).toEqual({ max_completion_tokens: 5 });
});

test.each<[JsonObject, number]>([
  [{ model: 'mistral-small-latest' }, 0],
  [{ model: 'mistral-small-latest', safe_prompt: false, prompt_mode: null }, 0],
  [{ model: 'mistral-small-latest', safe_prompt: true }, 512],
  [{ model: 'mistral-small-latest', prompt_mode: 'reasoning' }, 512],
  [{ model: 'magistral-medium-2507' }, 512],
])('%j has hidden prompts of at most %i tokens', (body, tokens) => {
  const plain = mistralChat.readInput({ messages: [] }).overheadTokens;
  expect(mistralChat.readInput({ messages: [], ...body }).overheadTokens - plain).toBe(tokens);
});

describe('the bill', () => {
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

  test('Mistral’s own count of cached tokens, where OpenAI’s is missing', () => {
    const bill = (more: JsonObject) => mistralChat.readResponse({ model: 'm', usage: { ...usage, ...more } }).usage;
    expect(bill({})).toEqual({ inputTokens: 100, outputTokens: 20 });
    expect(bill({ num_cached_tokens: 64 })?.cacheReadInputTokens).toBe(64);
    expect(bill({ num_cached_tokens: 64, prompt_tokens_details: { cached_tokens: 32 } })?.cacheReadInputTokens).toBe(
      32,
    );
    expect(validUsage(bill({ num_cached_tokens: 'x' }))).toBeUndefined();
  });

  test('comes in the last chunk, and nothing the user sees changes', () => {
    const chunk = (content: string, finish: string | null, more: JsonObject = {}) => ({
      model: 'm',
      choices: [{ index: 0, delta: { content }, finish_reason: finish }],
      ...more,
    });
    const events = [
      chunk('Hi', null, { usage: null }),
      chunk('', 'stop', { usage: { ...usage, num_cached_tokens: 64 } }),
      '[DONE]',
    ];
    expect(followText(mistralChat, {}, sse(events))).toEqual({
      shown: sse(events),
      deltas: ['Hi'],
      terminalAt: 3,
      reading: { servedModel: 'm', usage: { inputTokens: 100, outputTokens: 20, cacheReadInputTokens: 64 } },
    });
  });
});

describe('fill-in-the-middle', () => {
  test.each([
    ['/v1/fim/completions', true],
    ['/v1/chat/completions', false],
    ['/v1/completions', false],
    ['/v1/conversations', false],
  ])('%s is such a call: %j', (path, matches) => {
    expect(mistralFim.matches(path)).toBe(matches);
  });

  test('a prompt and a suffix go in', () => {
    const body = { model: 'codestral-latest', prompt: 'def f(', suffix: 'return x', max_tokens: 9, stream: true };
    expect(mistralFim.readRequest(body, '')).toMatchObject({
      operation: 'text_completion',
      model: 'codestral-latest',
      maxOutputTokens: 9,
      stream: true,
    });
    expect(mistralFim.readInput(body)).toEqual({
      texts: ['def f(', 'return x'],
      schemas: [],
      media: [],
      overheadTokens: 16,
    });
    expect(mistralFim.readInput({ prompt: ['a'] }).schemas).toEqual([['a']]);
  });

  test('a chat completion comes back', () => {
    const usage = { prompt_tokens: 8, completion_tokens: 9, total_tokens: 17 };
    expect(mistralFim.readResponse({ usage }).usage).toEqual({ inputTokens: 8, outputTokens: 9 });
  });
});

test('a refusal has the shape of Mistral’s errors', () => {
  expect(mistralChat.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    object: 'error',
    message: 'No.',
    type: 'budget_exceeded',
    param: null,
    code: 'budget_exceeded',
  });
});
