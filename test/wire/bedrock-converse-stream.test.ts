import { describe, expect, test } from 'vitest';
import { createAwsEventStreamSplitter } from '../../src/wire/aws-event-stream.js';
import { bedrockConverse } from '../../src/wire/bedrock-converse.js';
import { parseJson } from '../../src/wire/json.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { awsEvent, awsException } from './aws-message.js';

const usage = { inputTokens: 22, outputTokens: 55, totalTokens: 77 };
const bill = { inputTokens: 22, outputTokens: 55 };
const EVENTS: readonly JsonObject[] = [
  { messageStart: { role: 'assistant' } },
  { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } } },
  { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'sig' } } } },
  { contentBlockStop: { contentBlockIndex: 0 } },
  { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'Let me' } } },
  { contentBlockStart: { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'u', name: 'find' } } } },
  { contentBlockDelta: { contentBlockIndex: 2, delta: { toolUse: { input: '{"q":' } } } },
  { contentBlockDelta: { contentBlockIndex: 3, delta: { toolResult: [{ text: 'found' }] } } },
  { messageStop: { stopReason: 'end_turn' } },
  { metadata: { usage, metrics: { latencyMs: 5 }, serviceTier: { type: 'default' } } },
];
const DELTAS = ['hm', 'Let me', 'find', '{"q":', 'found'];

/** Follows parsed events, as the AWS SDK hands them out. */
function followEvents(events: readonly JsonObject[]) {
  const reader = bedrockConverse.followStream({});
  const readings = events.map((event) => reader.read('', event));
  return {
    deltas: readings.flatMap((reading) => reading.deltas ?? []),
    terminal: readings.flatMap((reading, index) => (reading.terminal ? [index] : [])),
    reading: reader.result(),
  };
}

/** Follows bytes: the name of each event in the headers of its message, the body alone in its payload. */
function followBytes(events: readonly JsonObject[]) {
  const messages = events.map((event) => {
    const [[type, body]] = Object.entries(event) as [[string, JsonObject]];
    return awsEvent(type, JSON.stringify({ ...body, p: 'abcdefgh' }));
  });
  const splitter = createAwsEventStreamSplitter();
  return followEvents(splitter.push(Buffer.concat(messages)).map(({ data }) => parseJson(data!)!));
}

describe.each([
  ['parsed events', followEvents],
  ['binary messages', followBytes],
])('%s', (_name, follow) => {
  test('the metadata at the end tells the bill', () => {
    expect(follow(EVENTS)).toEqual({
      deltas: DELTAS,
      terminal: [9],
      reading: { usage: bill, serviceTier: 'default' },
    });
  });

  test('a stream that is cut before it has none', () => {
    expect(follow(EVENTS.slice(0, -1))).toEqual({ deltas: DELTAS, terminal: [], reading: {} });
  });

  test('metadata that comes before the stop, or without usage, ends the stream all the same', () => {
    expect(follow([{ metadata: { usage } }, { messageStop: { stopReason: 'end_turn' } }])).toMatchObject({
      terminal: [0],
      reading: { usage: bill },
    });
    expect(follow([{ metadata: { metrics: { latencyMs: 1 } } }])).toMatchObject({ terminal: [0], reading: {} });
  });
});

test('an exception ends the stream without a bill', () => {
  const splitter = createAwsEventStreamSplitter();
  const [event] = splitter.push(awsException('throttlingException', '{"message":"Slow down."}'));
  expect(followEvents([parseJson(event!.data!)!])).toEqual({ deltas: [], terminal: [0], reading: {} });
  expect(followEvents([{ modelStreamErrorException: { message: 'No.' } }]).terminal).toEqual([0]);
});

test('a tool that is called “message” is no exception', () => {
  const event = { contentBlockStart: { start: { toolUse: { name: 'message' } } } };
  expect(followEvents([event])).toMatchObject({ terminal: [], deltas: ['message'] });
});
