import { RefusalError } from '../errors.js';
import type { StreamTap } from './client.js';
import { StreamIdleError, watchIdle } from './idle.js';

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
  const source: Source = { reader: upstream.getReader(), tap, signal };
  const watch = watchIdle(tap, () => {
    abandoned.unregister(source);
    // Met at the next read: an error of the stream itself would need the stream, which is the consumer's alone.
    source.failure = new StreamIdleError();
    leave(source);
  });
  const end = () => {
    watch.stop();
    abandoned.unregister(source);
  };
  const stream = new ReadableStream(
    {
      // As the body of a native response: it can also be read into a buffer of the reader's own.
      type: 'bytes',
      async pull(controller) {
        watch.asked();
        try {
          if ((await pull(source, controller)) === 'ended') end();
        } catch (error) {
          end();
          throw error;
        } finally {
          watch.served();
        }
      },
      async cancel(reason) {
        end();
        await tap.cut();
        await source.reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  abandoned.register(
    stream,
    () => {
      watch.stop();
      leave(source);
    },
    source,
  );
  return stream;
}

interface Source {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly tap: StreamTap;
  readonly signal: AbortSignal | null | undefined;
  /** What the next read is to meet. */
  failure?: Error;
}

/** Gives the consumer one piece, or the end. */
async function pull(source: Source, controller: ReadableByteStreamController): Promise<'ended' | 'open'> {
  const { reader, tap } = source;
  // An error would take the bytes before it along, so it waits until they are read.
  if (source.failure) throw source.failure;
  for (;;) {
    const piece = await readPiece(source);
    const step = piece.done ? await tap.ended() : await tap.push(piece.value);
    const bytes = joinBytes(step.show);
    // Enqueueing takes the bytes away: they have no length afterwards.
    const isShown = bytes.length > 0;
    if (isShown) controller.enqueue(bytes);
    if (step.error) {
      source.failure = step.error;
      await reader.cancel(step.error).catch(() => undefined);
      if (!isShown) throw step.error;
      return 'ended';
    }
    if (piece.done) {
      close(controller);
      return 'ended';
    }
    if (isShown) return 'open';
  }
}

/** What a consumer that forgot the stream would have done on leaving: the provider is told to stop, and the call is settled. */
function leave({ reader, tap }: Source): void {
  void (async () => {
    await tap.cut();
    await reader.cancel();
  })().catch(() => undefined);
}

async function readPiece({ reader, tap, signal }: Source): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (error) {
    // A budget of a guard nearer to the provider cut the stream: what was delivered is known, as where the consumer leaves.
    const isLeft =
      signal?.aborted || RefusalError.isInstance(error) || (error instanceof Error && error.name === 'AbortError');
    await (isLeft ? tap.cut() : tap.broken());
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
