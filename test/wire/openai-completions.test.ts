import { expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { openaiCompletions } from '../../src/wire/openai-completions.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const read = (body: JsonObject) => openaiCompletions.readRequest({ model: 'gpt-3.5-turbo-instruct', ...body }, '');

test('what a request asks for', () => {
  expect(read({ prompt: 'Hi', max_tokens: 99, stream: true, service_tier: 'flex' })).toEqual({
    operation: 'text_completion',
    model: 'gpt-3.5-turbo-instruct',
    stream: true,
    choices: 1,
    minOutputTokens: 1,
    maxOutputTokens: 99,
    serviceTier: 'flex',
  });
  expect(openaiCompletions.readRequest({}, '').model).toBe('');
});

test('a ceiling of zero means zero; an absent one, or nonsense, is no ceiling, whatever a server makes of it', () => {
  expect(read({ max_tokens: 0, echo: true }).maxOutputTokens).toBe(0);
  for (const max_tokens of [undefined, null, -1, 1.5, '16', true]) {
    expect(read({ max_tokens })).not.toHaveProperty('maxOutputTokens');
  }
});

test.each<[JsonObject, number]>([
  [{ prompt: 'a' }, 1],
  [{ prompt: 'a', n: 3 }, 3],
  [{ prompt: 'a', n: 2, best_of: 5 }, 5],
  [{ prompt: 'a', n: 5, best_of: 2 }, 5],
  [{ prompt: ['a', 'b'], n: 2 }, 4],
  [{ prompt: [1, 2, 3], n: 2 }, 2],
  [{ prompt: [[1, 2], [3]], best_of: 4 }, 8],
  [{ prompt: [] }, 1],
  [{ prompt: null, n: -1, best_of: 'x' }, 1],
  [{ prompt: ['a', 'b'], n: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
])('%j makes %i completions', (body, choices) => {
  expect(read(body).choices).toBe(choices);
});

test('texts are counted, and a token id is a token', () => {
  const input = (prompt: unknown) => openaiCompletions.readInput({ prompt });
  expect(input('Hi')).toEqual({ texts: ['Hi'], schemas: [], media: [], overheadTokens: 0 });
  expect(input(['a', 'b']).texts).toEqual(['a', 'b']);
  expect(input([1, 2, 3]).overheadTokens).toBe(3);
  expect(input([[1, 2], [3], 'x'])).toMatchObject({ texts: ['x'], overheadTokens: 3 });
  expect(input([['not', 'tokens'], { a: 1 }]).schemas).toEqual([['not', 'tokens'], { a: 1 }]);
  expect(openaiCompletions.readInput({ prompt: 'a', suffix: 'b' }).texts).toEqual(['a', 'b']);
});

test('rewriting uses the one name the ceiling has, and leaves the caller’s object', () => {
  const body = Object.freeze({ max_tokens: 100, model: 'a', prompt: 'Hi' });
  const patch = { model: 'b', maxOutputTokens: 7 };
  expect(JSON.stringify(openaiCompletions.rewrite(body, patch, { official: true }))).toBe(
    '{"max_tokens":7,"model":"b","prompt":"Hi"}',
  );
});

test('a stream is asked for its usage, once', () => {
  expect(openaiCompletions.askForUsage({ stream: true })).toEqual({
    stream: true,
    stream_options: { include_usage: true },
  });
  const asked = { stream: true, stream_options: { include_usage: true } };
  expect(openaiCompletions.askForUsage(asked)).toBe(asked);
});

test('the bill of a whole answer', () => {
  const bill = (usage: unknown) => openaiCompletions.readResponse({ model: 'm', usage });
  expect(bill({ prompt_tokens: 14, completion_tokens: 16, total_tokens: 30 })).toEqual({
    servedModel: 'm',
    usage: { inputTokens: 14, outputTokens: 16 },
  });
  // An echo without output has no completion tokens at all.
  expect(bill({ prompt_tokens: 5, total_tokens: 5 }).usage).toEqual({ inputTokens: 5, outputTokens: 0 });
  expect(bill({ prompt_tokens: 1, completion_tokens: 1, cost: 0.000001 }).reportedCostPicoUsd).toBe(1_000_000);
  expect(bill(undefined)).toEqual({ servedModel: 'm' });
  for (const count of [-1, 1.5, '5', Number.NaN, 2 ** 53]) {
    expect(validUsage(bill({ prompt_tokens: count, completion_tokens: 1 }).usage)).toBeUndefined();
  }
});

const chunk = (index: number, text: string, finish_reason: string | null = null, extra: JsonObject = {}) => ({
  model: 'm',
  choices: [{ index, text, finish_reason }],
  ...extra,
});
const usage = { prompt_tokens: 14, completion_tokens: 16 };

test('a stream’s text is seen, and the chunk only we asked for is taken out', () => {
  const shown = [chunk(0, 'The'), chunk(0, ' end', 'stop')];
  const withNulls = shown.map((event) => ({ ...event, usage: null }));
  const result = followText(
    openaiCompletions,
    { stream: true },
    sse([...withNulls, { model: 'm', choices: [], usage }, '[DONE]']),
  );
  expect(result).toEqual({
    shown: sse([...shown, '[DONE]']),
    deltas: ['The', ' end'],
    terminalAt: 4,
    reading: { servedModel: 'm', usage: { inputTokens: 14, outputTokens: 16 } },
  });
});

test('a usage that comes with the choices is the bill once every completion is finished', () => {
  const sent = { prompt: ['a', 'b'], n: 1, stream: true, stream_options: { include_usage: true } };
  const events = [chunk(0, 'x', 'stop', { usage }), chunk(1, 'y', 'length', { usage })];
  expect(followText(openaiCompletions, sent, sse(events.slice(0, 1))).reading).not.toHaveProperty('usage');
  expect(followText(openaiCompletions, sent, sse(events)).reading.usage).toEqual({ inputTokens: 14, outputTokens: 16 });
});

test('a refusal has the shape of an OpenAI error', () => {
  expect(openaiCompletions.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toMatchObject({
    error: { code: 'budget_exceeded', message: 'No.' },
  });
});
