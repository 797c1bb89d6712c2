import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/wire/gemini.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const chunk = (text: string, more: JsonObject = {}, usageMetadata?: JsonObject) => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
  ...(usageMetadata && { usageMetadata }),
  modelVersion: 'gemini-3-pro',
});
const usage = (prompt: number, candidates: number, more: JsonObject = {}) => ({
  promptTokenCount: prompt,
  candidatesTokenCount: candidates,
  ...more,
});
const follow = (events: JsonObject[], sent: JsonObject = {}) => followText(gemini, sent, sse(events));
const finished = { finishReason: 'STOP' };

test('the last usage is the bill, and nothing the user sees changes', () => {
  const events = [
    chunk('Hi', {}, usage(9, 1, { thoughtsTokenCount: 200, totalTokenCount: 210 })),
    chunk(' you', finished, usage(9, 5, { totalTokenCount: 14 })),
  ];
  expect(follow(events)).toEqual({
    shown: sse(events),
    deltas: ['Hi', ' you'],
    terminalAt: undefined,
    // Fields of earlier chunks are not mixed in.
    reading: { servedModel: 'gemini-3-pro', usage: { inputTokens: 9, outputTokens: 5 } },
  });
});

test('a stream that is one JSON array reads the same', () => {
  const events = [chunk('Hi', {}, usage(9, 1)), chunk('"]},{', finished, usage(9, 5))];
  const text = `[${events.map((event) => JSON.stringify(event, undefined, 2)).join('\n,\r\n')}\n]\n`;
  const { shown, reading, deltas } = followText(gemini, {}, text);
  expect(shown).toBe(text);
  expect({ reading, deltas }).toEqual({ reading: follow(events).reading, deltas: ['Hi', '"]},{'] });
});

describe('the usage is the bill', () => {
  test('only once every candidate has finished', () => {
    const sent = { generationConfig: { candidateCount: 2 } };
    const events = [chunk('a', { index: 0, ...finished }, usage(9, 5))];
    expect(follow(events, sent).reading).not.toHaveProperty('usage');
    events.push(chunk('b', { index: 1, ...finished }, usage(9, 9)));
    expect(follow(events, sent).reading.usage?.outputTokens).toBe(9);
  });

  test('not before the end', () => {
    expect(follow([chunk('a', {}, usage(9, 5))]).reading).not.toHaveProperty('usage');
  });

  test('not where output came after it without counts', () => {
    const events = [chunk('a', {}, usage(9, 5)), chunk('b', finished, { trafficType: 'ON_DEMAND' })];
    expect(follow(events).reading).not.toHaveProperty('usage');
  });

  test('where it comes after the last candidate, and where nothing else does', () => {
    expect(follow([chunk('a', finished), { usageMetadata: usage(9, 5) }]).reading.usage?.outputTokens).toBe(5);
    const trailing = [chunk('a', finished, usage(9, 5)), { usageMetadata: { trafficType: 'ON_DEMAND' } }];
    expect(follow(trailing).reading.usage?.outputTokens).toBe(5);
  });

  test('of a prompt that was blocked', () => {
    const blocked = {
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
    };
    expect(follow([blocked]).reading.usage).toEqual({ inputTokens: 9, outputTokens: 0 });
  });

  test('not of an error, which ends the stream', () => {
    const seen = follow([chunk('a', {}, usage(9, 5)), { error: { code: 503 } }]);
    expect(seen.terminalAt).toBe(2);
    expect(seen.reading).not.toHaveProperty('usage');
  });
});

test('the input is known early', () => {
  const reader = gemini.followStream({});
  expect(reader.inputUsage).toBeUndefined();
  reader.read('', chunk('a', {}, usage(9, 5, { cachedContentTokenCount: 4, totalTokenCount: 14 })));
  expect(reader.inputUsage).toEqual({ inputTokens: 9, outputTokens: 0, cacheReadInputTokens: 4 });
});

test('a search that several chunks tell of is one search', () => {
  const grounding = { groundingMetadata: { webSearchQueries: ['q'] } };
  const events = [chunk('a', grounding), chunk('b', { ...grounding, ...finished }, usage(9, 5))];
  expect(follow(events).reading.usage?.webSearchRequests).toBe(1);
});

test('text, thoughts, calls and code are deltas; signatures and media are not', () => {
  const parts = [
    { text: 'a', thought: true, thoughtSignature: 'sig' },
    { functionCall: { name: 'find', args: { q: 'x' } } },
    { functionCall: { partialArgs: [{ stringValue: 'y' }] } },
    { executableCode: { code: '1+1' } },
    { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
    { text: 7 },
    null,
  ];
  const { deltas } = follow([{ candidates: [{ content: { parts } }, null] }]);
  expect([...deltas].sort()).toEqual(['1+1', 'a', 'find', 'x', 'y']);
});
