import { describe, expect, test } from 'vitest';
import { anthropicMessages } from '../../src/wire/anthropic-messages.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const start = (usage: JsonObject, model = 'claude-sonnet-4-5') => ({
  type: 'message_start',
  message: { model, usage },
});
const delta = (fields: JsonObject) => ({ type: 'content_block_delta', delta: fields });
const end = (usage: JsonObject, reason: string | null = 'end_turn') => ({
  type: 'message_delta',
  delta: { stop_reason: reason },
  usage,
});
const stop = { type: 'message_stop' };
const follow = (...events: JsonObject[]) => followText(anthropicMessages, {}, sse(events));

test('input comes early, output at the end, and nothing the user sees changes', () => {
  const events = [
    start({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1, service_tier: 'standard' }),
    { type: 'ping' },
    delta({ type: 'text_delta', text: 'Hi' }),
    end({ output_tokens: 7, server_tool_use: { web_search_requests: 1 } }),
    stop,
  ];
  expect(follow(...events)).toEqual({
    shown: sse(events),
    deltas: ['Hi'],
    terminalAt: 5,
    reading: {
      servedModel: 'claude-sonnet-4-5',
      serviceTier: 'standard',
      usage: { inputTokens: 15, outputTokens: 7, cacheReadInputTokens: 5, webSearchRequests: 1 },
    },
  });
});

test('the early input is there before the answer', () => {
  const reader = anthropicMessages.followStream({});
  expect(reader.inputUsage).toBeUndefined();
  reader.read('', start({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 3 }));
  expect(reader.inputUsage).toEqual({ inputTokens: 15, outputTokens: 0, cacheReadInputTokens: 5 });
  expect(reader.result()).toEqual({ servedModel: 'claude-sonnet-4-5' });
});

test('later counts replace earlier ones; what is left out or null stays', () => {
  const { usage } = follow(
    start({ input_tokens: 43, cache_creation_input_tokens: 100, cache_creation: { ephemeral_1h_input_tokens: 100 } }),
    end({ input_tokens: 61, cache_creation_input_tokens: 40, cache_read_input_tokens: null, output_tokens: 2 }),
  ).reading;
  expect(usage).toEqual({
    inputTokens: 101,
    outputTokens: 2,
    cacheWriteInputTokens: 0,
    cacheWrite1hInputTokens: 40,
  });
});

test('counts that grow are the bill only with the stop reason or the end', () => {
  const growing = [start({ input_tokens: 1 }), end({ output_tokens: 1 }, null), end({ output_tokens: 2 }, null)];
  expect(follow(...growing).reading).not.toHaveProperty('usage');
  expect(follow(...growing, end({ output_tokens: 3 })).reading.usage?.outputTokens).toBe(3);
  expect(follow(...growing, stop).reading.usage?.outputTokens).toBe(2);
});

test('a start that comes twice counts once, and the later model answers', () => {
  const { reading } = follow(
    start({ input_tokens: 17, output_tokens: 1 }, 'first'),
    start({ input_tokens: 17, output_tokens: 1 }, 'second'),
    end({ output_tokens: 65 }),
    stop,
  );
  expect(reading).toEqual({ servedModel: 'second', usage: { inputTokens: 17, outputTokens: 65 } });
});

test('after a fallback another model answers', () => {
  const { reading } = follow(
    start({ input_tokens: 8 }, 'asked'),
    { type: 'content_block_start', content_block: { type: 'fallback', to: { model: 'served' } } },
    end({
      input_tokens: 9,
      output_tokens: 2,
      iterations: [{ input_tokens: 8 }, { input_tokens: 9, output_tokens: 2 }],
    }),
  );
  expect(reading).toEqual({ servedModel: 'served', usage: { inputTokens: 17, outputTokens: 2 } });
});

test('what another model did on the side is told with the end, at the model that answered last', () => {
  const iterations = [
    { type: 'message', model: 'asked', input_tokens: 408, output_tokens: 0 },
    { type: 'fallback_message', model: 'served', input_tokens: 412, output_tokens: 264 },
  ];
  const events = [
    start({ input_tokens: 408, output_tokens: 1 }, 'asked'),
    { type: 'content_block_start', content_block: { type: 'fallback', to: { model: 'served' } } },
    end({ input_tokens: 412, output_tokens: 264, iterations }),
  ];
  expect(follow(...events).reading).toEqual({
    servedModel: 'served',
    usage: { inputTokens: 412, outputTokens: 264 },
    sideRounds: [{ model: 'asked', usage: { inputTokens: 408, outputTokens: 0 } }],
  });
  expect(follow(...events.slice(0, 2)).reading).not.toHaveProperty('sideRounds');
});

describe('no bill', () => {
  test('after a cut', () => {
    expect(follow(start({ input_tokens: 8, output_tokens: 1 })).reading).not.toHaveProperty('usage');
  });

  test('after an end that does not tell the output', () => {
    const { reading } = follow(start({ input_tokens: 8, output_tokens: 1 }), { ...end({}), usage: null }, stop);
    expect(reading).not.toHaveProperty('usage');
  });

  test('after an error, which ends the stream', () => {
    const seen = follow(start({ input_tokens: 8 }), { type: 'error', error: { type: 'overloaded_error' } });
    expect(seen).toMatchObject({ terminalAt: 2 });
    expect(seen.reading).not.toHaveProperty('usage');
  });
});

test('text, thinking and tool input are deltas; signatures are not', () => {
  const { deltas } = follow(
    { type: 'content_block_start', content_block: { type: 'text', text: 'a' } },
    { type: 'content_block_start', content_block: { type: 'tool_use', name: 'find', input: {} } },
    delta({ type: 'thinking_delta', thinking: 'b' }),
    delta({ type: 'input_json_delta', partial_json: '{"q' }),
    delta({ type: 'signature_delta', signature: 'sig' }),
    delta({ type: 'text_delta', text: 7 }),
  );
  expect(deltas).toEqual(['a', 'find', 'b', '{"q']);
});
