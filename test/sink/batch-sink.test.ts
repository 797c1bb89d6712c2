import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createGuard } from '../../src/guard.js';
import { reportFrom } from '../../src/report/report-from.js';
import { type BatchSinkOptions, batchSink } from '../../src/sink/batch-sink.js';
import type { Sink, SinkEvent, SpendRecord } from '../../src/sink/sink.js';
import type { RecordSource } from '../../src/sink/source.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { makeRecord } from '../report/records.js';

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => makeRecord({ id: `${from + index}` }));

/** A sink that answers only when it is told to, and what it was given. */
function slowSink() {
  const ids: string[] = [];
  const answers: (() => void)[] = [];
  const sink: Sink = {
    name: 'slow',
    write(records) {
      ids.push(...records.map(({ id }) => id));
      return new Promise((resolve) => answers.push(resolve));
    },
  };
  return { sink, ids, answer: () => answers.shift()?.() };
}

function quickSink(rest: Partial<Sink> = {}) {
  const batches: string[][] = [];
  const write = (records: readonly SpendRecord[]) => void batches.push(records.map(({ id }) => id));
  return { batches, sink: { name: 'quick', write, ...rest } satisfies Sink };
}

function batched(sink: Sink, options: BatchSinkOptions = {}) {
  const clock = createFakeClock();
  const drops: number[] = [];
  const made = batchSink(sink, { clock, onDrop: (count) => drops.push(count), ...options });
  return { clock, drops, made };
}

describe('batchSink', () => {
  it('shares writes within the delay, in order, under the name of the sink', async () => {
    const { batches, sink } = quickSink();
    const { clock, made } = batched(sink, { maxBatch: 3, delayMs: 100 });
    await made.write(numbered(0, 1));
    await made.write(numbered(1, 1));
    await clock.advanceAsync(99);
    expect(batches).toEqual([]);
    await clock.advanceAsync(1);
    await made.write(numbered(2, 4));
    await clock.advanceAsync(0);
    expect([batches, made.name]).toEqual([[['0', '1'], ['2', '3', '4'], ['5']], 'quick']);
  });

  it('drops and counts what comes to a full queue', async () => {
    const { batches, sink } = quickSink();
    const { clock, drops, made } = batched(sink, { maxQueue: 3 });
    await made.write(numbered(0, 5));
    await clock.advanceAsync(50);
    expect([batches.flat(), made.dropped, drops]).toEqual([['0', '1', '2'], 2, [2]]);
  });

  it('lets the oldest give way where it should, and counts it', async () => {
    const { batches, sink } = quickSink();
    const { clock, drops, made } = batched(sink, { maxQueue: 3, onOverflow: 'drop-oldest' });
    await made.write(numbered(0, 5));
    await clock.advanceAsync(50);
    expect([batches.flat(), made.dropped, drops]).toEqual([['2', '3', '4'], 2, [2]]);
  });

  it('waits for a write under way also when all behind it gave way', async () => {
    const { sink, ids, answer } = slowSink();
    const { clock, made } = batched(sink, { maxQueue: 2, onOverflow: 'drop-oldest' });
    await made.write(numbered(0, 2));
    await clock.advanceAsync(0);
    await made.write(numbered(2, 2));
    let isFlushed = false;
    const flushed = made.flush().then(() => {
      isFlushed = true;
    });
    await made.write(numbered(4, 6));
    await clock.advanceAsync(0);
    expect([isFlushed, ids]).toEqual([false, ['0', '1']]);
    answer();
    await clock.advanceAsync(0);
    answer();
    await flushed;
    expect([ids, made.dropped]).toEqual([['0', '1', '8', '9'], 6]);
  });

  it('makes its writer wait for room where it should, in order and without loss', async () => {
    const { sink, ids, answer } = slowSink();
    const { clock, drops, made } = batched(sink, { maxQueue: 2, maxBatch: 2, onOverflow: 'block' });
    const done: string[] = [];
    const write = async (name: string, from: number, count: number) => {
      await made.write(numbered(from, count));
      done.push(name);
    };
    const writes = [write('first', 0, 5), write('second', 5, 1), write('third', 6, 1)];
    await clock.advanceAsync(0);
    expect([done, made.pending]).toEqual([[], 4]);
    answer();
    await clock.advanceAsync(0);
    // Six of seven have left or have a place: the first two writers are through.
    expect(done).toEqual(['first', 'second']);
    answer();
    await clock.advanceAsync(0);
    await Promise.all(writes);
    const flushed = made.flush();
    answer();
    await clock.advanceAsync(0);
    answer();
    await flushed;
    expect([ids, made.dropped, drops]).toEqual([['0', '1', '2', '3', '4', '5', '6'], 0, []]);
  });

  it.each(['flush', 'shutdown'] as const)('writes on %s all that was accepted, and all that waits', async (method) => {
    const { batches, sink } = quickSink();
    const { made, clock } = batched(sink, { maxQueue: 3, maxBatch: 2, onOverflow: 'block' });
    const written = made.write(numbered(0, 20));
    await made[method]();
    await written;
    expect([batches.flat().length, made.pending, made.dropped, clock.pendingTimers]).toEqual([20, 0, 0, 0]);
  });

  it('frees writers that wait for a sink that never answers, when it is shut down', async () => {
    const { sink } = slowSink();
    const { clock, made } = batched(sink, { maxQueue: 1, onOverflow: 'block', flushTimeoutMs: 100 });
    await made.write(numbered(0, 1));
    await clock.advanceAsync(0);
    const waiting = made.write(numbered(1, 3));
    const shutDown = made.shutdown();
    const rejected = expect(shutDown).rejects.toThrow(/did not flush within 100 ms/);
    await clock.advanceAsync(100);
    await Promise.all([rejected, waiting]);
    expect(made.dropped).toBe(2);
  });

  it('tells failures once by flush, or by onError where that is given', async () => {
    const failing: Sink = { name: 'failing', write: () => Promise.reject(new Error('disk full')) };
    const { made } = batched(failing);
    await made.write(numbered(0, 2));
    await expect(made.flush()).rejects.toThrow('disk full');
    await expect(made.flush()).resolves.toBeUndefined();
    const errors: unknown[] = [];
    const { made: told } = batched(failing, { onError: (error) => errors.push(error) });
    await told.write(numbered(0, 2));
    await expect(told.flush()).resolves.toBeUndefined();
    expect([errors.length, made.failedRecords]).toEqual([1, 2]);
  });

  it('tells a guard of failures and drops that come after the write', async () => {
    const clock = createFakeClock();
    const failing: Sink = { name: 'failing', write: () => Promise.reject(new Error('disk full')) };
    const guard = createGuard({ clock });
    const told: unknown[] = [];
    guard.on('sink_error', ({ sink, error, dropped }) => told.push([sink, String(error), dropped]));
    const remove = guard.addSink(batchSink(failing, { clock, maxQueue: 1 }));
    const client = guard.instrument({
      chat: {
        completions: { create: async (_body: object) => ({ usage: { prompt_tokens: 1, completion_tokens: 1 } }) },
      },
    });
    for (let index = 0; index < 3; index += 1) {
      await client.chat.completions.create({ model: 'gpt-4o', max_tokens: 1, messages: [] });
    }
    await clock.advanceAsync(1000);
    await remove();
    expect(told).toEqual([
      ['failing', 'Error: disk full', undefined],
      ['failing', 'undefined', 2],
    ]);
  });

  it('passes on what the sink can do besides, and nothing it cannot', async () => {
    const events: string[] = [];
    const records = numbered(0, 3);
    const capable: Sink & RecordSource = {
      ...quickSink().sink,
      onEvent: ({ name }: SinkEvent) => void events.push(name),
      readRecords: () => records,
    };
    const made = batchSink(capable, { clock: createFakeClock() });
    made.onEvent?.({ name: 'blocked', timeMs: 0, tags: {} });
    await made.flush();
    expect([events, (await reportFrom(made)).total().calls]).toEqual([['blocked'], 3]);
    const plain = batchSink(quickSink().sink);
    expect([plain.onEvent, plain.readRecords]).toEqual([undefined, undefined]);
  });

  it.each([{ onOverflow: 'drop' }, { maxQueue: 0 }, { maxqueue: 5 }, null])('refuses the options %j', (options) => {
    expect(() => batchSink(quickSink().sink, options as unknown as BatchSinkOptions)).toThrow(ConfigError);
  });
});
