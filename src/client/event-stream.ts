import { RefusalError } from '../errors.js';
import type { EventTap } from './client.js';
import { StreamIdleError, watchIdle } from './idle.js';

/** The same object, whose iteration passes through the tap. */
export function followEvents<Stream extends AsyncIterable<unknown>>(stream: Stream, tap: EventTap): Stream {
  const followed = follow(originalIterator(stream), tap);
  const overrides = {
    [Symbol.asyncIterator]: () => followed,
    ...('next' in stream && {
      next: () => followed.next(),
      return: () => followed.return(),
      throw: (error: unknown) => followed.throw(error),
    }),
  };
  if (!Object.isExtensible(stream)) return overrides as unknown as Stream;
  for (const key of Reflect.ownKeys(overrides)) {
    Object.defineProperty(stream, key, { value: Reflect.get(overrides, key), configurable: true, writable: true });
  }
  return stream;
}

/** Opens the iterator of `stream` by its methods as they are now: a generator is its own iterator, and gets new ones. */
function originalIterator(stream: AsyncIterable<unknown>): () => AsyncIterator<unknown> {
  const open = stream[Symbol.asyncIterator];
  const { next, return: end } = stream as Partial<AsyncIterator<unknown>>;
  return () => {
    const iterator = open.call(stream);
    if ((iterator as object) !== stream || next === undefined) return iterator;
    return { next: () => next.call(iterator), ...(end && { return: () => end.call(iterator) }) };
  };
}

interface Source {
  /** Opened at the first read. */
  iterator?: AsyncIterator<unknown>;
  /** What the next read is to meet. */
  failure?: Error;
}

function follow(open: () => AsyncIterator<unknown>, tap: EventTap): AsyncGenerator<unknown, void, unknown> {
  const source: Source = {};
  const watch = watchIdle(tap, () => {
    source.failure = new StreamIdleError();
    const iterator = source.iterator ?? open();
    void (async () => {
      await tap.cut();
      await iterator.return?.();
    })().catch(() => undefined);
  });

  async function* generate(): AsyncGenerator<unknown, void, unknown> {
    watch.asked();
    if (source.failure) throw source.failure;
    const iterator = open();
    source.iterator = iterator;
    let isOver = false;
    try {
      for (;;) {
        const { done, value } = await nextOf(iterator, tap);
        if (done) {
          isOver = true;
          const error = await tap.ended();
          if (error) throw error;
          return;
        }
        const step = await tap.push(value);
        for (const event of step.show) {
          watch.served();
          yield event;
          watch.asked();
          if (source.failure) throw source.failure;
        }
        if (step.error) throw step.error;
      }
    } finally {
      watch.stop();
      if (!isOver && !source.failure) {
        await tap.cut();
        await iterator.return?.();
      }
    }
  }
  return generate();
}

async function nextOf(iterator: AsyncIterator<unknown>, tap: EventTap): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next();
  } catch (error) {
    // A budget of a guard nearer to the double cut the stream.
    await (RefusalError.isInstance(error) ? tap.cut() : tap.broken());
    throw error;
  }
}
