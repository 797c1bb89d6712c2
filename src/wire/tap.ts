import { parseJson } from './json.js';
import { createSplitter } from './splitter.js';
import type { Framing, JsonObject, StreamReader } from './wire.js';

/** What one piece of a stream came to. Bytes to show, in order: those before the terminal event, it, and those after. */
export interface TapStep {
  readonly before: readonly Uint8Array[];
  /** The protocol's last event, if it is in this piece. */
  readonly terminal?: { readonly raw: Uint8Array; readonly isDoneMark: boolean };
  readonly after: readonly Uint8Array[];
  readonly hasOutput: boolean;
  /** Whether the stream ends here, because the next event may not be shown. */
  readonly isCut: boolean;
}

/** Follows a stream of bytes: what goes through is byte for byte what came, but for what was added at our request. */
export interface ByteTap {
  push(chunk: Uint8Array): TapStep;
  /** The bytes of an event that never ended; what it says of the usage counts all the same. */
  end(): Uint8Array;
  /** The output seen so far in tokens, rounded up. */
  seenTokens(): number;
}

// English and code have over four bytes a token and Chinese almost four, so three is on the dear side.
const BYTES_PER_TOKEN = 3;

/** Counts output nobody told the usage of: a token for each piece at least, and for each three bytes. */
export function createOutputCounter(): { see(deltas: readonly string[]): void; tokens(): number } {
  let pieces = 0;
  let bytes = 0;
  return {
    see(deltas) {
      for (const delta of deltas) {
        if (delta === '') continue;
        pieces += 1;
        bytes += Buffer.byteLength(delta);
      }
    },
    tokens: () => Math.max(pieces, Math.ceil(bytes / BYTES_PER_TOKEN)),
  };
}

/**
 * A `ByteTap` that hands the events of a stream, cut by `framing`, to `reader`. An event with output is shown only while
 * `mayShow` says so of the output seen so far, its own included.
 */
export function createByteTap(
  reader: StreamReader,
  framing: Framing,
  mayShow: (seenTokens: number) => boolean = () => true,
): ByteTap {
  const splitter = createSplitter(framing);
  const output = createOutputCounter();
  // What follows the terminal event is no part of the answer, in whichever piece it comes.
  let isOver = false;
  return {
    push(chunk) {
      const before: Uint8Array[] = [];
      const after: Uint8Array[] = [];
      let terminal: TapStep['terminal'];
      let hasOutput = false;
      for (const event of splitter.push(chunk)) {
        let raw: Uint8Array | undefined = event.raw;
        if (event.data !== undefined && !isOver) {
          const reading = reader.read(event.data, jsonOf(event.data));
          if (reading.deltas && reading.deltas.length > 0) {
            output.see(reading.deltas);
            hasOutput = true;
            if (!mayShow(output.tokens())) return { before, after, hasOutput, isCut: true };
          }
          if (reading.strip) raw = undefined;
          else if (reading.replaceData !== undefined) raw = splitter.replaceData(event, reading.replaceData);
          if (reading.terminal) {
            isOver = true;
            terminal = { raw: raw ?? new Uint8Array(), isDoneMark: event.data.trim() === '[DONE]' };
            continue;
          }
        }
        if (raw) (terminal ? after : before).push(raw);
      }
      return { before, after, hasOutput, isCut: false, ...(terminal && { terminal }) };
    },
    end() {
      const { rest, last } = splitter.end();
      if (isOver || last?.data === undefined) return rest;
      const reading = reader.read(last.data, jsonOf(last.data));
      if (reading.deltas) output.see(reading.deltas);
      return reading.strip ? new Uint8Array() : rest;
    },
    seenTokens: () => output.tokens(),
  };
}

function jsonOf(data: string): JsonObject | undefined {
  return data.startsWith('{') ? parseJson(data) : undefined;
}
