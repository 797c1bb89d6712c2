import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '../../src/wire/json.js';
import { createSplitter, type Splitter, type StreamEvent } from '../../src/wire/splitter.js';
import { createByteTap } from '../../src/wire/tap.js';
import type { JsonObject, ResponseReading, Wire } from '../../src/wire/wire.js';
import { checkReading } from './check-amounts.js';

const OPENING_BRACKET = 91;

/** What came of following one stream. */
interface Followed {
  readonly shown: Buffer;
  readonly reading: ResponseReading;
  readonly seenTokens: number;
}

function followChunks(wire: Wire, sent: JsonObject, chunks: readonly Uint8Array[]): Followed {
  const reader = wire.followStream(sent);
  const tap = createByteTap(reader, wire.framing);
  const shown: Uint8Array[] = [];
  for (const chunk of chunks) {
    const { before, terminal, after } = tap.push(chunk);
    shown.push(...before, ...(terminal ? [terminal.raw] : []), ...after);
  }
  shown.push(tap.end());
  if (reader.inputUsage !== undefined) checkReading({ usage: reader.inputUsage });
  return { shown: Buffer.concat(shown), reading: reader.result(), seenTokens: tap.seenTokens() };
}

/**
 * Whether `shown` is `received` without what was asked for in the caller's place: chunks that carry nothing but the usage,
 * and the `usage: null` of the others. Written from the rule, not from the codec.
 */
function isShownAsWithoutUs(wire: Wire, received: Uint8Array, shown: Buffer): boolean {
  const splitter = createSplitter(wire.framing);
  const events = splitter.push(received);
  events.push(...lastOf(splitter));
  let at = 0;
  for (const { raw, data } of events) {
    if (shown.subarray(at, at + raw.length).equals(raw)) {
      at += raw.length;
      continue;
    }
    const json = data === undefined ? undefined : parseJson(data);
    if (json === undefined || !Object.hasOwn(json, 'usage')) return false;
    if (json.usage !== null) {
      if (Array.isArray(json.choices) && json.choices.length === 0) continue;
      return false;
    }
    const { usage: _, ...expected } = json;
    const replaced = firstData(wire, shown.subarray(at), received[0] === OPENING_BRACKET);
    if (replaced === undefined || !isDeepStrictEqual(parseJson(replaced.data), expected)) return false;
    at += replaced.length;
  }
  return at === shown.length;
}

/** Follows one stream whole and in pieces: the same bill, and the bytes that came but for what was added at our request. */
export function checkStream(wire: Wire, sent: JsonObject, bytes: Uint8Array, chunks: readonly Uint8Array[]): void {
  const whole = followChunks(wire, sent, [bytes.slice()]);
  const pieces = followChunks(wire, sent, chunks);
  checkReading(pieces.reading);
  if (!Number.isSafeInteger(pieces.seenTokens) || pieces.seenTokens < 0) throw new Error('The output is no count');
  if (!whole.shown.equals(pieces.shown)) throw new Error('What is shown depends on where the stream was cut');
  if (!isDeepStrictEqual(whole.reading, pieces.reading))
    throw new Error('The bill depends on where the stream was cut');
  const isExact = pieces.shown.equals(bytes);
  const hasAsked = wire.askForUsage(sent) !== sent;
  if (!isExact && !hasAsked) throw new Error('Bytes were changed that nobody had asked for');
  if (!isExact && !isShownAsWithoutUs(wire, bytes, pieces.shown)) throw new Error('Other bytes are shown than came');
}

/** What no event ended, as an event: read where that can be. */
function lastOf(splitter: Splitter): StreamEvent[] {
  const { rest, last } = splitter.end();
  return rest.length === 0 ? [] : [last ?? { data: undefined, raw: rest }];
}

/** The data of the first event with any, and how many bytes end with it: a line end may come before it. */
function firstData(wire: Wire, bytes: Uint8Array, isInArray: boolean): { data: string; length: number } | undefined {
  const splitter = createSplitter(wire.framing);
  // Objects after the first of an array are read as such only behind its bracket.
  const opening = Uint8Array.of(...(isInArray ? [OPENING_BRACKET] : []));
  let length = -opening.length;
  for (const { raw, data } of [...splitter.push(Buffer.concat([opening, bytes])), ...lastOf(splitter)]) {
    length += raw.length;
    if (data !== undefined) return { data, length };
  }
  return undefined;
}

/** Feeds events to a reader as a test double yields them: objects that were never text. */
export function checkEvents(wire: Wire, sent: JsonObject, events: readonly unknown[]): void {
  const reader = wire.followStream(sent);
  for (const event of events) {
    const { deltas = [] } = reader.read(
      '',
      typeof event === 'object' && event !== null ? (event as JsonObject) : undefined,
    );
    if (!deltas.every((delta) => typeof delta === 'string')) throw new Error('A delta is no text');
  }
  checkReading(reader.result());
}
