import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSseSplitter, replaceSseData, type SseEvent } from '../../src/wire/sse.js';

function split(chunks: readonly Uint8Array[], maxEventBytes?: number) {
  const splitter = createSseSplitter(maxEventBytes === undefined ? {} : { maxEventBytes });
  const events = chunks.flatMap((chunk) => splitter.push(chunk));
  return { events, ...splitter.end() };
}

function splitText(text: string) {
  return split([Buffer.from(text)]);
}

const dataOf = (events: readonly SseEvent[]) => events.map((event) => event.data);
const bytesOf = (events: readonly SseEvent[], rest: Uint8Array) =>
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

describe('splitting', () => {
  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('lines may end in %s', (_name, end) => {
    const { events, rest } = splitText(`data: one${end}${end}event: b${end}data: two${end}${end}`);
    expect(dataOf(events)).toEqual(['one', 'two']);
    expect(events[1]?.eventName).toBe('b');
    expect(Buffer.from(events[1]!.raw).toString()).toBe(`event: b${end}data: two${end}${end}`);
    expect(rest).toHaveLength(0);
  });

  test('an event comes out as soon as its blank line is complete', () => {
    const splitter = createSseSplitter();
    expect(dataOf(splitter.push(Buffer.from('data: a\n\n')))).toEqual(['a']);
    expect(dataOf(splitter.push(Buffer.from('data: b\r\r')))).toEqual(['b']);
    expect(dataOf(splitter.push(Buffer.from('data: c\r\n\r')))).toEqual([]);
    expect(dataOf(splitter.push(Buffer.from('\n')))).toEqual(['c']);
  });

  test('a CR that no LF follows after all ends the event too', () => {
    const { events } = splitText('data: a\r\n\rdata: b\n\n');
    expect(dataOf(events)).toEqual(['a', 'b']);
  });

  test('comments, ids and retry times are events without data, or lines beside it', () => {
    const { events } = splitText(': ping\n\nid: 7\nretry: 10\ndata: x\n\n\n');
    expect(dataOf(events)).toEqual([undefined, 'x', undefined]);
  });

  test('several data lines are one text; a line without a colon is an empty value; one space is dropped', () => {
    const { events } = splitText('data: a\ndata\ndata:  b\ndatax: no\n\ndata:\n\n');
    expect(dataOf(events)).toEqual(['a\n\n b', '']);
  });

  test('a byte order mark is a piece of its own', () => {
    const bytes = Buffer.from('\ufeffdata: x\n\n');
    for (const chunks of [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]) {
      const { events } = split(chunks);
      expect(dataOf(events)).toEqual([undefined, 'x']);
      expect([...events[0]!.raw]).toEqual([0xef, 0xbb, 0xbf]);
    }
  });

  test('what looks like the start of a mark is an ordinary line', () => {
    expect(dataOf(split([Uint8Array.of(0xef, 0xbb, 10, 10), Buffer.from('data: x\n\n')]).events)).toEqual([
      undefined,
      'x',
    ]);
  });

  test('the end of the stream gives back what no blank line closed, and reads it', () => {
    const { events, rest, last } = splitText('data: a\n\ndata: [DONE]\n');
    expect(dataOf(events)).toEqual(['a']);
    expect(Buffer.from(rest).toString()).toBe('data: [DONE]\n');
    expect(last?.data).toBe('[DONE]');
  });

  test('events own their bytes', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n');
    const { events } = split([chunk]);
    chunk.fill(0);
    expect(Buffer.from(events[0]!.raw).toString()).toBe('data: a\n\n');
  });
});

const streamBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        '\r\r',
        '\r\n\r\n',
        'data: ',
        'data',
        ':',
        'event: x',
        '\ufeff',
        'é👩‍👩',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.from(pieces.join('')));
const anyBytes = fc.oneof(streamBytes, fc.uint8Array({ maxLength: 200 }));
const sizes = fc.array(fc.nat({ max: 9 }), { maxLength: 40 });

describe('for any bytes and any chunks', () => {
  test('the pieces are the input', () => {
    fc.assert(
      fc.property(anyBytes, sizes, fc.option(fc.nat({ max: 40 }), { nil: undefined }), (bytes, chunkSizes, bound) => {
        const { events, rest } = split(cut(bytes, chunkSizes), bound);
        expect(bytesOf(events, rest)).toBe(Buffer.from(bytes).toString('latin1'));
      }),
      { numRuns: 2000 },
    );
  });

  test('the events do not depend on where the chunks were cut', () => {
    fc.assert(
      fc.property(anyBytes, sizes, (bytes, chunkSizes) => {
        const whole = split([bytes]);
        expect(split(cut(bytes, chunkSizes))).toEqual(whole);
        expect(split([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });

  test('an event above the bound passes unread, whatever the chunks, and the ones around it are read', () => {
    fc.assert(
      fc.property(sizes, (chunkSizes) => {
        const bytes = Buffer.from(`data: a\n\ndata: ${'x'.repeat(100)}\n\ndata: b\n\n`);
        const { events, rest } = split(cut(bytes, chunkSizes), 50);
        expect(dataOf(events).filter((data) => data !== undefined)).toEqual(['a', 'b']);
        expect(bytesOf(events, rest)).toBe(bytes.toString('latin1'));
      }),
    );
  });

  test('bytes of an event above the bound come out as they arrive', () => {
    const splitter = createSseSplitter({ maxEventBytes: 10 });
    expect(splitter.push(Buffer.from('data: 1234'))).toEqual([]);
    expect(splitter.push(Buffer.from('5'))[0]?.raw).toHaveLength(11);
    expect(splitter.push(Buffer.from('6789'))[0]?.raw).toHaveLength(4);
    expect(splitter.end().last).toBeUndefined();
  });

  test('a line of 10 MB is read in linear time, even a few bytes at a time', () => {
    const size = 10_000_000;
    const line = Buffer.from(`data: ${'x'.repeat(size)}\n\n`);
    const chunks = Array.from({ length: Math.ceil(line.length / 16) }, (_, index) =>
      line.subarray(index * 16, index * 16 + 16),
    );
    const { events } = split(chunks);
    expect(events).toHaveLength(1);
    expect(events[0]!.data).toHaveLength(size);
  });
});

describe('replacing data', () => {
  const replaced = (text: string, data: string) =>
    Buffer.from(replaceSseData(splitText(text).events[0]!, data)).toString();

  test.each([
    ['data: old\n\n', 'data: new\n\n'],
    ['data:old\r\n\r\n', 'data:new\r\n\r\n'],
    [': c\nevent: e\nid: 1\ndata: old\ndata: more\nretry: 5\n\n', ': c\nevent: e\nid: 1\ndata: new\nretry: 5\n\n'],
    ['data\n\n', 'data: new\n\n'],
    ['event: e\r\r', 'event: e\rdata: new\r\r'],
  ])('%j keeps everything else', (before, after) => {
    expect(replaced(before, 'new')).toBe(after);
  });

  test('bytes that are not text stay as they were', () => {
    const raw = Buffer.concat([Buffer.from('id: '), Buffer.from([0xff, 0xfe]), Buffer.from('\ndata: old\n\n')]);
    const changed = replaceSseData(split([raw]).events[0]!, 'new');
    expect([...changed.subarray(4, 6)]).toEqual([0xff, 0xfe]);
  });

  test('what was put in is what comes out', () => {
    fc.assert(
      fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.string({ unit: 'grapheme' }), (end, data) => {
        const event = splitText(`event: e${end}data: old${end}${end}`).events[0]!;
        const again = split([replaceSseData(event, data)]);
        expect(dataOf(again.events)).toEqual([data.replace(/\r\n|\r/g, '\n')]);
        expect(again.events[0]!.eventName).toBe('e');
      }),
    );
  });
});
