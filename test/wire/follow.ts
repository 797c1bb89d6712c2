import { parseJson } from '../../src/wire/json.js';
import { createSplitter } from '../../src/wire/splitter.js';
import type { JsonObject, ResponseReading, Wire } from '../../src/wire/wire.js';

/** What came of following a stream: what the user saw, what it says it cost, and the deltas in it. */
export interface Followed {
  readonly shown: string;
  readonly reading: ResponseReading;
  readonly deltas: readonly string[];
  /** How many events had been read when the terminal one came; `undefined` where none came. */
  readonly terminalAt: number | undefined;
}

/** Follows a stream the way the guard does: split, read, drop or replace. */
export function follow(wire: Wire, sent: JsonObject, chunks: readonly Uint8Array[]): Followed {
  const splitter = createSplitter(wire.framing);
  const reader = wire.followStream(sent);
  const shown: Uint8Array[] = [];
  const deltas: string[] = [];
  let events = 0;
  let terminalAt: number | undefined;
  for (const chunk of chunks) {
    for (const event of splitter.push(chunk)) {
      if (event.data === undefined) {
        shown.push(event.raw);
        continue;
      }
      events += 1;
      const reading = reader.read(event.data, parseJson(event.data));
      if (reading.terminal) terminalAt ??= events;
      deltas.push(...(reading.deltas ?? []));
      if (reading.strip) continue;
      shown.push(reading.replaceData === undefined ? event.raw : splitter.replaceData(event, reading.replaceData));
    }
  }
  shown.push(splitter.end().rest);
  return { shown: Buffer.concat(shown).toString('utf8'), reading: reader.result(), deltas, terminalAt };
}

/** The events of a stream as `data:` lines. */
export function sse(events: readonly (JsonObject | string)[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

/** The events of a stream as JSON lines. */
export function ndjson(events: readonly JsonObject[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Follows a stream that arrives in one piece. */
export function followText(wire: Wire, sent: JsonObject, text: string): Followed {
  return follow(wire, sent, [Buffer.from(text)]);
}

/** Cuts bytes at the given places, each a fraction of the whole. */
export function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = [...new Set(fractions.map((fraction) => Math.floor(fraction * bytes.length)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
}
