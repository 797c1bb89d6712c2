import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../src/wire/openai-chat.js';
import { followText, sse } from './follow.js';

const notAsked = { model: 'gpt-4o', stream: true };
const asked = { ...notAsked, stream_options: { include_usage: true } };
const chunk = (delta: object, extra: object = {}) => ({
  id: 'c',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, delta, finish_reason: null }],
  ...extra,
});
const finish = (index = 0, extra: object = {}) => ({
  id: 'c',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index, delta: {}, finish_reason: 'stop' }],
  ...extra,
});
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const usageChunk = { id: 'c', model: 'gpt-4o-2024-08-06', choices: [], usage };

describe('what the user sees', () => {
  test('the usage chunk we asked for is gone, and so is the null usage it caused', () => {
    const seen = followText(
      openaiChat,
      notAsked,
      sse([chunk({ content: 'Hi' }, { usage: null, z: 1 }), finish(0, { usage: null }), usageChunk, '[DONE]']),
    );
    expect(seen.shown).toBe(sse([chunk({ content: 'Hi' }, { z: 1 }), finish(), '[DONE]']));
    expect(seen.reading).toEqual({
      servedModel: 'gpt-4o-2024-08-06',
      usage: { inputTokens: 10, outputTokens: 5 },
    });
    expect(seen.terminalAt).toBe(4);
  });

  test('who asked for usage sees every byte', () => {
    const text = sse([chunk({ content: 'Hi' }, { usage: null }), finish(0, { usage: null }), usageChunk, '[DONE]']);
    expect(followText(openaiChat, asked, text)).toMatchObject({ shown: text, reading: { usage: { outputTokens: 5 } } });
  });

  test('usage beside choices, and usage in a place of its own, are the provider’s', () => {
    const text = sse([finish(0, { usage, x_groq: { usage } }), '[DONE]']);
    expect(followText(openaiChat, notAsked, text)).toMatchObject({
      shown: text,
      reading: { usage: { inputTokens: 10 } },
    });
    const groq = sse([finish(0, { x_groq: { usage } }), { choices: [], x_groq: { usage } }]);
    expect(followText(openaiChat, notAsked, groq)).toMatchObject({
      shown: groq,
      reading: { usage: { inputTokens: 10 } },
    });
  });

  test('Azure’s first chunk without choices stays', () => {
    const first = { choices: [], model: '', prompt_filter_results: [{ prompt_index: 0 }] };
    const text = sse([first, { ...first, usage }, finish(), '[DONE]']);
    expect(followText(openaiChat, notAsked, text).shown).toBe(text);
  });

  test.each([
    ['{"a":1,"usage":null,"choices":[1]}', '{"a":1,"choices":[1]}'],
    ['{"usage":null,"choices":[1]}', '{"choices":[1]}'],
    ['{ "choices": [1], "usage" : null }', '{ "choices": [1] }'],
    ['{"usage":null}', '{}'],
    ['{"t":"\\"usage\\":null","usage":null,"n":1.0}', '{"t":"\\"usage\\":null","n":1.0}'],
    ['{"x":{"usage":null},"usage":null}', '{"x":{"usage":null}}'],
    ['{"x":{"usage":null},"us\\u0061ge":null}', '{"x":{"usage":null}}'],
    ['{"x\\"usage":null,"usage":null}', '{"x\\"usage":null}'],
    ['{"t":"usage","usage":null}', '{"t":"usage"}'],
    ['{"x":{"usage":1},"us\\u0061ge":null}', '{"x":{"usage":1}}'],
  ])('%s is shown as %s', (data, shown) => {
    expect(followText(openaiChat, notAsked, `data: ${data}\n\n`).shown).toBe(`data: ${shown}\n\n`);
  });

  test('text, comments and broken JSON pass untouched', () => {
    const text = ': ping\n\ndata: not json\n\ndata: [1]\n\ndata: {"choices":[{}]}\n\n';
    expect(followText(openaiChat, notAsked, text).shown).toBe(text);
  });
});

describe('the bill', () => {
  const readingOf = (events: object[], sent: object = notAsked) =>
    followText(openaiChat, { ...sent }, sse(events as [])).reading;

  test('a stream cut before its usage has none', () => {
    expect(readingOf([chunk({ content: 'Hi' }, { usage: null })])).toEqual({ servedModel: 'gpt-4o-2024-08-06' });
  });

  test('a usage that grows is the bill only at the end, and the last one counts', () => {
    const growing = (tokens: number) => ({ usage: { prompt_tokens: 10, completion_tokens: tokens } });
    const events = [chunk({ content: 'a' }, growing(1)), chunk({ content: 'b' }, growing(2))];
    expect(readingOf(events)).not.toHaveProperty('usage');
    expect(readingOf([...events, finish(0, growing(3))]).usage?.outputTokens).toBe(3);
    expect(readingOf([...events, finish(0, growing(3)), finish(0, growing(3))]).usage?.outputTokens).toBe(3);
  });

  test('one finished choice of two does not finish the answer', () => {
    expect(readingOf([finish(0, { usage })], { ...notAsked, n: 2 })).not.toHaveProperty('usage');
    expect(readingOf([finish(0), finish(1, { usage })], { ...notAsked, n: 2 })).toHaveProperty('usage');
  });

  test('service tier and reported cost', () => {
    expect(readingOf([finish(0, { service_tier: 'flex', usage: { ...usage, cost: 0.5 } })])).toMatchObject({
      serviceTier: 'flex',
      reportedCostPicoUsd: 5e11,
    });
  });

  test('an error ends the stream without a bill', () => {
    const seen = followText(openaiChat, notAsked, sse([chunk({ content: 'a' }), { error: { message: 'overloaded' } }]));
    expect(seen.terminalAt).toBe(2);
    expect(seen.reading).not.toHaveProperty('usage');
  });
});

test('visible text, reasoning, refusals, tool calls and transcripts are deltas', () => {
  const { deltas } = followText(
    openaiChat,
    notAsked,
    sse([
      chunk({ content: 'text' }),
      chunk({ content: '', reasoning_content: 'thought', reasoning: 'thought' }),
      chunk({ reasoning: 'other thought' }),
      chunk({ refusal: 'no' }),
      chunk({ tool_calls: [{ function: { name: 'find', arguments: '{"q' } }, { function: { arguments: '":1}' } }] }),
      chunk({ function_call: { name: 'old', arguments: '{}' } }),
      chunk({ audio: { transcript: 'said' } }),
      chunk({ content: [{ text: 'part' }] }),
      chunk({ content: 7, tool_calls: 'nonsense', audio: null }),
    ]),
  );
  expect(deltas).toEqual([
    ...['text', 'thought', 'other thought', 'no', 'find', '{"q', '":1}', 'old', '{}', 'said', 'part'],
  ]);
});
