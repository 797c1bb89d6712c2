import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonArraySplitter } from '../../src/wire/json-array.js';
import { createNdjsonSplitter } from '../../src/wire/ndjson.js';
import { createSplitter, type Splitter, type SplitterOptions, type StreamEvent } from '../../src/wire/splitter.js';

type Make = (options?: SplitterOptions) => Splitter;

function split(splitter: Splitter, chunks: readonly Uint8Array[]) {
  const events = chunks.flatMap((chunk) => splitter.push(chunk));
  return { events, ...splitter.end() };
}

const splitText = (make: Make, text: string) => split(make(), [Buffer.from(text)]);
const dataOf = (events: readonly StreamEvent[]) => events.map((event) => event.data);
const bytesOf = (events: readonly StreamEvent[], rest: Uint8Array) =>
  Buffer.concat([...events.map((event) => event.raw), rest]).toString('latin1');

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...chunks, bytes.subarray(start)];
}

describe('JSON lines', () => {
  test('every line that is not blank is an event, whatever ends it', () => {
    const { events, rest } = splitText(createNdjsonSplitter, '{"a":1}\n\r\n {"b":"é"}\r\n\n');
    expect(dataOf(events)).toEqual(['{"a":1}', undefined, '{"b":"é"}', undefined]);
    expect(Buffer.from(events[2]!.raw).toString()).toBe(' {"b":"é"}\r\n');
    expect(rest).toHaveLength(0);
  });

  test('the end gives back a line that no line feed ended, and reads it', () => {
    const { events, rest, last } = splitText(createNdjsonSplitter, '{"a":1}\n{"done":true}');
    expect(dataOf(events)).toEqual(['{"a":1}']);
    expect(Buffer.from(rest).toString()).toBe('{"done":true}');
    expect(last?.data).toBe('{"done":true}');
  });

  test('replaced data keeps its line end', () => {
    const splitter = createNdjsonSplitter();
    const [first, second] = splitter.push(Buffer.from('{"a":1}\r\n{"b":2}\n'));
    expect(Buffer.from(splitter.replaceData(first!, '{}')).toString()).toBe('{}\r\n');
    expect(Buffer.from(splitter.replaceData(second!, '{}')).toString()).toBe('{}\n');
  });
});

describe('a JSON array', () => {
  test('every object at the top is an event; what stands between belongs to the next', () => {
    const text = '[{"a":"}]\\"{"}\n,\r\n{"b":[{"c":{}}]},{}\n]\n';
    const { events, rest } = splitText(createJsonArraySplitter, text);
    expect(dataOf(events)).toEqual(['{"a":"}]\\"{"}', '{"b":[{"c":{}}]}', '{}']);
    expect(Buffer.from(events[1]!.raw).toString()).toBe('\n,\r\n{"b":[{"c":{}}]}');
    expect(Buffer.from(rest).toString()).toBe('\n]\n');
  });

  test('half an object is not read', () => {
    expect(splitText(createJsonArraySplitter, '[{"a":1},{"b":').last).toBeUndefined();
  });

  test('replaced data keeps what stands before it', () => {
    const splitter = createJsonArraySplitter();
    const events = splitter.push(Buffer.from('[{"a":1}\n,{"b":2}'));
    expect(Buffer.from(splitter.replaceData(events[1]!, '{}')).toString()).toBe('\n,{}');
  });
});

describe('a framing’s splitter', () => {
  test('server-sent events, unless the stream begins with a bracket', () => {
    const make = () => createSplitter('sse');
    expect(dataOf(splitText(make, 'data: [1]\n\n').events)).toEqual(['[1]']);
    expect(dataOf(splitText(make, '[{"a":1}]').events)).toEqual(['{"a":1}']);
    expect(dataOf(split(make(), [new Uint8Array(), Buffer.from('['), Buffer.from('{}]')]).events)).toEqual(['{}']);
    expect(split(make(), [])).toEqual({ events: [], rest: new Uint8Array(), last: undefined });
  });

  test('replaces data in the framing it has found', () => {
    const splitter = createSplitter('sse');
    const [event] = splitter.push(Buffer.from('id: 1\ndata: a\n\n'));
    expect(Buffer.from(splitter.replaceData(event!, 'b')).toString()).toBe('id: 1\ndata: b\n\n');
  });

  test('JSON lines and binary messages', () => {
    expect(dataOf(splitText(() => createSplitter('ndjson'), '{}\n').events)).toEqual(['{}']);
    const { events, rest } = splitText(() => createSplitter('aws-event-stream'), 'no message of theirs');
    expect(bytesOf(events, rest)).toBe('no message of theirs');
  });
});

const PIECES = [
  '\n',
  '\r\n',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  '{"a":1}',
  '[{"a":"x"}\n,',
  'é👩‍👩',
  '\ufeff',
  'data: x\n\n',
];
const pieces = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 }));
const textBytes = fc.array(pieces, { maxLength: 30 }).map((parts) => Buffer.from(parts.join('')));
const anyBytes = fc.oneof(textBytes, fc.uint8Array({ maxLength: 200 }));
const sizes = fc.array(fc.nat({ max: 9 }), { maxLength: 40 });

describe.each<[string, Make]>([
  ['JSON lines', createNdjsonSplitter],
  ['a JSON array', createJsonArraySplitter],
  ['server-sent events or an array', (options) => createSplitter('sse', options)],
])('%s, for any bytes and any chunks', (_name, make) => {
  test('the pieces are the input', () => {
    fc.assert(
      fc.property(anyBytes, sizes, fc.option(fc.nat({ max: 40 }), { nil: undefined }), (bytes, chunkSizes, bound) => {
        const options = bound === undefined ? {} : { maxEventBytes: bound };
        const { events, rest } = split(make(options), cut(bytes, chunkSizes));
        expect(bytesOf(events, rest)).toBe(Buffer.from(bytes).toString('latin1'));
      }),
      { numRuns: 1500 },
    );
  });

  test('the events do not depend on where the chunks were cut', () => {
    fc.assert(
      fc.property(anyBytes, sizes, (bytes, chunkSizes) => {
        const whole = split(make(), [bytes]);
        expect(split(make(), cut(bytes, chunkSizes))).toEqual(whole);
        const single = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(split(make(), single)).toEqual(whole);
      }),
      { numRuns: 700 },
    );
  });
});

describe.each<[string, Make, string, string]>([
  ['JSON lines', createNdjsonSplitter, '\n', '\n'],
  ['a JSON array', createJsonArraySplitter, ',', ']'],
])('%s', (_name, make, separator, end) => {
  const start = end === ']' ? '[' : '';

  test('an event above the bound passes unread, whatever the chunks, and the ones around it are read', () => {
    fc.assert(
      fc.property(sizes, (chunkSizes) => {
        const big = `{"b":"${'x'.repeat(100)}"}`;
        const bytes = Buffer.from(`${start}{"a":1}${separator}${big}${separator}{"c":3}${end}`);
        const { events, rest } = split(make({ maxEventBytes: 50 }), cut(bytes, chunkSizes));
        expect(dataOf(events).filter((data) => data !== undefined)).toEqual(['{"a":1}', '{"c":3}']);
        expect(bytesOf(events, rest)).toBe(bytes.toString('latin1'));
      }),
      { numRuns: 200 },
    );
  });

  test('events own their bytes', () => {
    const chunk = Buffer.from(`${start}{"a":1}${separator}{"b":2}${end}`);
    const [event] = make().push(chunk);
    const before = Buffer.from(event!.raw).toString();
    chunk.fill(0);
    expect(Buffer.from(event!.raw).toString()).toBe(before);
  });

  test('10 MB in one event are read in linear time, even a few bytes at a time', () => {
    const bytes = Buffer.from(`${start}{"a":"${'x'.repeat(10 * 1024 * 1024)}"}${end}`);
    const splitter = make();
    let read = 0;
    for (let place = 0; place < bytes.length; place += 32) {
      for (const event of splitter.push(bytes.subarray(place, place + 32))) read += event.data?.length ?? 0;
    }
    expect(read).toBe(10 * 1024 * 1024 + 8);
  }, 120_000);

  test('10 MB of small events are read in linear time', () => {
    const bytes = Buffer.from(start + `{"a":1}${separator}`.repeat(1_250_000));
    expect(make().push(bytes)).toHaveLength(1_250_000);
  }, 120_000);
});
