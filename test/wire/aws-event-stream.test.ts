import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAwsEventStreamSplitter } from '../../src/wire/aws-event-stream.js';
import type { SseEvent } from '../../src/wire/sse-event.js';
import { awsEvent, awsException, awsFrame, awsMessage, awsPrelude } from './aws-message.js';
import { cutAt } from './follow.js';

function split(chunks: readonly Uint8Array[], maxEventBytes?: number) {
  const splitter = createAwsEventStreamSplitter(maxEventBytes === undefined ? {} : { maxEventBytes });
  const events = chunks.flatMap((chunk) => splitter.push(chunk));
  return { events, ...splitter.end() };
}

const read = (events: readonly SseEvent[]) =>
  events.filter(({ data }) => data !== undefined).map(({ data, eventName }) => [eventName, data]);
const bytesOf = ({ events, rest }: { events: readonly SseEvent[]; rest: Uint8Array }) =>
  Buffer.concat([...events.map(({ raw }) => raw), rest]).toString('hex');
const flipped = (message: Buffer, index: number) => {
  const copy = Buffer.from(message);
  copy[index] = copy[index]! ^ 1;
  return copy;
};

const first = awsEvent('messageStart', '{"role":"assistant"}');
const last = awsEvent('metadata', '{"usage":{}}');

describe('messages', () => {
  test('an event has its type and its payload, and its own bytes', () => {
    const result = split([Buffer.concat([first, last])]);
    expect(read(result.events)).toEqual([
      ['messageStart', '{"role":"assistant"}'],
      ['metadata', '{"usage":{}}'],
    ]);
    expect(Buffer.from(result.events[1]!.raw).equals(last)).toBe(true);
    expect(result.rest).toHaveLength(0);
  });

  // Written by the encoder of `@smithy/eventstream-codec` 4.5.2, with a header of each kind of value.
  test('what the AWS SDK encodes is read', () => {
    const message = Buffer.from(
      'AAAAwwAAAH3lI0DjCzpldmVudC10eXBlBwAIbWV0YWRhdGENOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2Ut' +
        'dHlwZQcABWV2ZW50AXQIAAAAAAAAAAABYgABbgP//gNiaW4GAAIBAgF1CQAAAAAAAEAAgAAAAAAAAAB7InVzYWdlIjp7ImlucHV0VG9r' +
        'ZW5zIjoxLCJvdXRwdXRUb2tlbnMiOjJ9LCJwIjoiYWJjIn0yZIK0',
      'base64',
    );
    expect(read(split([message]).events)).toEqual([
      ['metadata', '{"usage":{"inputTokens":1,"outputTokens":2},"p":"abc"}'],
    ]);
  });

  test('an exception, and an error the service does not model, have a name of their own', () => {
    const { events } = split([
      awsException('throttlingException', '{"message":"Slow down."}'),
      awsMessage({ ':message-type': 'error', ':error-code': 'InternalFailure' }, ''),
    ]);
    expect(read(events)).toEqual([
      [':exception', '{"message":"Slow down."}'],
      [':exception', ''],
    ]);
  });

  test('a message comes out with its last byte, not before', () => {
    const splitter = createAwsEventStreamSplitter();
    expect(splitter.push(first.subarray(0, -1))).toEqual([]);
    expect(read(splitter.push(first.subarray(-1)))).toHaveLength(1);
  });
});

describe('what cannot be trusted passes unread', () => {
  test.each([
    ['a payload that was changed', flipped(first, first.length - 5)],
    ['headers that were changed', flipped(first, 20)],
    ['a checksum that was changed', flipped(first, first.length - 1)],
    ['a message without a type', awsMessage({}, '{"role":"assistant"}')],
    ['headers that end too early', awsFrame(Buffer.from([4, 65]), Buffer.from('{}'))],
    ['a header whose value is longer than the headers', awsFrame(Buffer.from([1, 65, 7, 0, 9, 65]), Buffer.from('{}'))],
    ['a header of no known kind', awsFrame(Buffer.from([1, 65, 77, 0, 0]), Buffer.from('{}'))],
  ])('%s: that message, and none behind it', (_name, damaged) => {
    const result = split([Buffer.concat([damaged, last])]);
    expect(read(result.events)).toEqual([['metadata', '{"usage":{}}']]);
    expect(bytesOf(result)).toBe(Buffer.concat([damaged, last]).toString('hex'));
  });

  test.each([
    ['a prelude that was changed', flipped(first, 0)],
    ['a length that has no room for the headers', awsPrelude(20, 5)],
    ['text', Buffer.from('data: not a binary stream\n\n')],
  ])('%s: everything from there on', (_name, damaged) => {
    const result = split([Buffer.concat([last, damaged, last])]);
    expect(read(result.events)).toHaveLength(1);
    expect(bytesOf(result)).toBe(Buffer.concat([last, damaged, last]).toString('hex'));
  });

  test('a message above the limit, and none behind it; its bytes are not kept', () => {
    const large = awsEvent('contentBlockDelta', JSON.stringify({ delta: { text: 'x'.repeat(5000) } }));
    const splitter = createAwsEventStreamSplitter({ maxEventBytes: 1000 });
    const half = splitter.push(large.subarray(0, 2000));
    expect(Buffer.concat(half.map(({ raw }) => raw))).toHaveLength(2000);
    expect(read([...half, ...splitter.push(Buffer.concat([large.subarray(2000), last]))])).toHaveLength(1);
  });

  test('a stream that ends inside a message leaves it as the rest', () => {
    const result = split([Buffer.concat([last, first.subarray(0, 30)])]);
    expect(result.rest).toHaveLength(30);
    expect(result.last).toBeUndefined();
    expect(split([first.subarray(0, 5)]).rest).toHaveLength(5);
  });
});

test('the events do not depend on where the chunks were cut, and no byte is lost', () => {
  const piece = fc.oneof(
    fc
      .tuple(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 80 }))
      .map(([type, text]) => awsEvent(type.replaceAll(/[^a-z]/gi, 'x'), JSON.stringify({ text }))),
    fc.constant(flipped(first, first.length - 3)),
    fc.constant(awsEvent('large', 'x'.repeat(400))),
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  );
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), places, (pieces, cuts) => {
      const bytes = Buffer.concat(pieces);
      const whole = split([bytes], 300);
      const cut = split(cutAt(bytes, cuts), 300);
      expect(read(cut.events)).toEqual(read(whole.events));
      expect(bytesOf(cut)).toBe(bytes.toString('hex'));
      expect(bytesOf(whole)).toBe(bytes.toString('hex'));
    }),
    { numRuns: 300 },
  );
});

test('a message of 10 MB is read in linear time, even a few bytes at a time', () => {
  const message = awsEvent('contentBlockDelta', 'x'.repeat(10_000_000));
  const splitter = createAwsEventStreamSplitter();
  let events = 0;
  for (let start = 0; start < message.length; start += 64) {
    events += splitter.push(message.subarray(start, start + 64)).length;
  }
  expect(events).toBe(1);
});

test('what comes out shares no memory with what went in', () => {
  const input = Buffer.from(first);
  const [event] = createAwsEventStreamSplitter().push(input);
  input.fill(0);
  expect(Buffer.from(event!.raw).equals(first)).toBe(true);
});
