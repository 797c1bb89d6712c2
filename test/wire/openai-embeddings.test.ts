import { expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { openaiEmbeddings } from '../../src/wire/openai-embeddings.js';

test('what a request asks for: never any output, never a stream', () => {
  expect(
    openaiEmbeddings.readRequest({ model: 'text-embedding-3-small', input: 'Hi', stream: true, max_tokens: 5 }, ''),
  ).toEqual({
    operation: 'embeddings',
    model: 'text-embedding-3-small',
    stream: false,
    choices: 1,
    minOutputTokens: 1,
    maxOutputTokens: 0,
  });
  expect(openaiEmbeddings.readRequest({ service_tier: 'flex' }, '').serviceTier).toBe('flex');
});

test('texts are counted, a token id is a token, and an image has its own rule', () => {
  const input = (value: unknown) => openaiEmbeddings.readInput({ input: value });
  expect(input('Hi')).toEqual({ texts: ['Hi'], schemas: [], media: [], overheadTokens: 0 });
  expect(input(['a', 'b']).texts).toEqual(['a', 'b']);
  expect(input([1, 2, 3]).overheadTokens).toBe(3);
  expect(input([[1, 2], [3]]).overheadTokens).toBe(3);
  expect(input([{ text: 'a' }]).schemas).toEqual([{ text: 'a' }]);
  expect(input([{ image: 'https://x/y.png', text: 'a' }])).toEqual({
    texts: ['a'],
    schemas: [],
    media: [{ kind: 'image', inlineCharacters: 0 }],
    overheadTokens: 0,
  });
  expect(openaiEmbeddings.readInput({})).toEqual({ texts: [], schemas: [], media: [], overheadTokens: 0 });
});

test('rewriting changes the model alone', () => {
  const body = Object.freeze({ model: 'a', input: 'Hi' });
  expect(openaiEmbeddings.rewrite(body, { model: 'b', maxOutputTokens: 7 }, { official: true })).toEqual({
    model: 'b',
    input: 'Hi',
  });
  expect(openaiEmbeddings.rewrite(body, { maxOutputTokens: 7 }, { official: true })).toBe(body);
});

test('the bill is input alone, also where only the total is told', () => {
  const bill = (usage: unknown) => openaiEmbeddings.readResponse({ model: 'm', usage });
  expect(bill({ prompt_tokens: 12, total_tokens: 12 })).toEqual({
    servedModel: 'm',
    usage: { inputTokens: 12, outputTokens: 0 },
  });
  expect(bill({ total_tokens: 9 }).usage).toEqual({ inputTokens: 9, outputTokens: 0 });
  expect(bill({ prompt_tokens: 12, cost: 0.5 }).reportedCostPicoUsd).toBe(5e11);
  for (const usage of [undefined, null, {}, [], 'x']) expect(bill(usage)).toEqual({ servedModel: 'm' });
  for (const count of [-1, 1.5, '5', Number.NaN, 2 ** 53]) {
    expect(validUsage(bill({ prompt_tokens: count, total_tokens: 1 }).usage)).toBeUndefined();
  }
});

test('nothing comes of a stream', () => {
  const reader = openaiEmbeddings.followStream({});
  expect(reader.read('', { usage: { prompt_tokens: 1 } })).toEqual({});
  expect(reader.result()).toEqual({});
});
