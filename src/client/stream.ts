import type { RefusalError } from '../errors.js';
import type { StreamTap } from './client.js';

/** Streams that nobody can read any more: each is settled once it is garbage. */
export type Abandoned = FinalizationRegistry<() => void>;

export function createAbandoned(): Abandoned {
  return new FinalizationRegistry((settle) => settle());
}

/** How a stream may end other than by itself. */
export interface TapOptions {
  /** What the consumer may abort the request with. */
  readonly signal: AbortSignal | null | undefined;
  readonly abandoned: Abandoned;
}

/**
 * The stream the consumer reads in the place of `upstream`: the same bytes, pulled one piece at a time, so that a slow
 * consumer slows the provider as without us.
 */
export function tapStream(
  upstream: ReadableStream<Uint8Array>,
  tap: StreamTap,
  { signal, abandoned }: TapOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = upstream.getReader();
  let failure: RefusalError | undefined;

  async function pull(controller: ReadableByteStreamController): Promise<void> {
    // An error would take the bytes before it along, so it waits until they are read.
    if (failure) return controller.error(failure);
    for (;;) {
      const piece = await readPiece(reader, tap, signal);
      const step = piece.done ? await tap.ended() : await tap.push(piece.value);
      const bytes = joinBytes(step.show);
      // Enqueueing takes the bytes away: they have no length afterwards.
      const isShown = bytes.length > 0;
      if (isShown) controller.enqueue(bytes);
      if (step.error) {
        failure = step.error;
        await reader.cancel(failure).catch(() => undefined);
        if (!isShown) controller.error(failure);
        return;
      }
      if (piece.done) return close(controller);
      if (isShown) return;
    }
  }

  const stream = new ReadableStream(
    {
      // As the body of a native response: it can also be read into a buffer of the reader's own.
      type: 'bytes',
      pull,
      async cancel(reason) {
        await tap.cut();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  abandoned.register(stream, () => leave(reader, tap));
  return stream;
}

/** What a consumer that forgot the stream would have done on leaving: the provider is told to stop, and the call is settled. */
function leave(reader: ReadableStreamDefaultReader<Uint8Array>, tap: StreamTap): void {
  void (async () => {
    await tap.cut();
    await reader.cancel();
  })().catch(() => undefined);
}

async function readPiece(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  tap: StreamTap,
  signal: AbortSignal | null | undefined,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (error) {
    const isAborted = signal?.aborted || (error instanceof Error && error.name === 'AbortError');
    await (isAborted ? tap.cut() : tap.broken());
    throw error;
  }
}

function close(controller: ReadableByteStreamController): void {
  controller.close();
  // A reader that brought its own buffer waits until that is given back.
  controller.byobRequest?.respond(0);
}

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0] as Uint8Array<ArrayBuffer>;
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
