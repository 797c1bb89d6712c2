import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createSinkRunner, type SinkRunnerOptions } from '../../src/sink/batch.js';
import type { Sink, SpendRecord } from '../../src/sink/sink.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { makeRecord } from '../report/records.js';

const numbered = (index: number) => makeRecord({ id: `record-${index}` });

function makeRunner(write: Sink['write'], options: Partial<SinkRunnerOptions> = {}, rest: Partial<Sink> = {}) {
  const clock = createFakeClock();
  const errors: unknown[] = [];
  const drops: number[] = [];
  const runner = createSinkRunner(
    { name: 'test', write, ...rest },
    { clock, onError: (error) => errors.push(error), onDrop: (count) => drops.push(count), ...options },
  );
  const pushAll = (count: number, from = 0) => {
    for (let index = from; index < from + count; index += 1) runner.push(numbered(index));
  };
  return { clock, runner, errors, drops, pushAll };
}

function raise(error: Error): never {
  throw error;
}

/** A sink that keeps the ids of each batch. */
function collector() {
  const batches: string[][] = [];
  const write = (records: readonly SpendRecord[]) => {
    batches.push(records.map(({ id }) => id));
  };
  return { batches, write };
}

describe('batching', () => {
  it('writes what came within the delay at once, in order, and not during push', async () => {
    const { batches, write } = collector();
    const { clock, runner, pushAll } = makeRunner(write);
    pushAll(3);
    await clock.advanceAsync(49);
    expect([batches, runner.pending]).toEqual([[], 3]);
    await clock.advanceAsync(1);
    expect([batches, runner.pending]).toEqual([[['record-0', 'record-1', 'record-2']], 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait once a batch is full, and splits what is more', async () => {
    const { batches, write } = collector();
    const { clock, pushAll } = makeRunner(write, { maxBatch: 2 });
    pushAll(5);
    expect(batches).toEqual([]);
    await clock.advanceAsync(0);
    expect(batches).toEqual([['record-0', 'record-1'], ['record-2', 'record-3'], ['record-4']]);
  });

  it('has one write in flight at a time', async () => {
    const answers: (() => void)[] = [];
    const { clock, runner, pushAll } = makeRunner(() => new Promise((resolve) => answers.push(() => resolve())));
    pushAll(1);
    await clock.advanceAsync(50);
    pushAll(1);
    await clock.advanceAsync(1000);
    expect([answers.length, runner.pending]).toEqual([1, 2]);
    answers[0]?.();
    await clock.advanceAsync(50);
    expect(answers).toHaveLength(2);
  });

  it('writes all that is queued when flushed, then flushes the sink', async () => {
    const { batches, write } = collector();
    const flushedAfter: number[] = [];
    const flush = async () => void flushedAfter.push(batches.flat().length);
    const { clock, runner, pushAll } = makeRunner(write, { maxBatch: 2 }, { flush });
    pushAll(5);
    await Promise.all([runner.flush(), runner.flush()]);
    expect([batches.flat(), flushedAfter]).toEqual([[0, 1, 2, 3, 4].map((index) => `record-${index}`), [5, 5]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('drops and counts what comes to a full queue, and says so once', async () => {
    const { batches, write } = collector();
    const { clock, runner, drops, pushAll } = makeRunner(write, { maxQueue: 3 });
    pushAll(10);
    await clock.advanceAsync(50);
    expect([batches.flat(), runner.dropped, drops]).toEqual([['record-0', 'record-1', 'record-2'], 7, [7]]);
  });

  it('shuts down once: flushes, closes the sink, and counts later records as dropped', async () => {
    const { batches, write } = collector();
    const calls: string[] = [];
    const rest = { flush: async () => void calls.push('flush'), shutdown: async () => void calls.push('shutdown') };
    const { clock, runner, drops, pushAll } = makeRunner(write, {}, rest);
    pushAll(2);
    const done = [runner.shutdown(), runner.shutdown()];
    pushAll(1);
    await Promise.all(done);
    await clock.advanceAsync(50);
    expect([batches.flat().length, calls, runner.dropped, drops]).toEqual([2, ['flush', 'shutdown'], 1, [1]]);
  });

  it('runs the sink outside of the context of the call', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const see = () => void seen.push(context.getStore());
    const rest = { flush: async () => see(), shutdown: async () => see() };
    const { clock, runner, pushAll } = makeRunner(see, {}, rest);
    context.run('a call', () => pushAll(1));
    await clock.advanceAsync(50);
    await context.run('another call', () => runner.shutdown());
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  it.each(['maxQueue', 'maxBatch', 'delayMs', 'flushTimeoutMs'] as const)('refuses a bad %s by name', (option) => {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const make = () => makeRunner(() => {}, { [option]: value });
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(option);
    }
  });
});

describe('a hostile sink', () => {
  const failure = new Error('sink is broken');

  it.each<[string, Sink['write']]>([
    [
      'throws',
      () => {
        throw failure;
      },
    ],
    ['rejects', () => Promise.reject(failure)],
    [
      'returns a thenable that throws',
      () => Object.defineProperty({}, 'then', { value: () => raise(failure) }) as Promise<void>,
    ],
    [
      'returns an object whose then cannot be read',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw failure;
          },
        }) as Promise<void>,
    ],
  ])('that %s loses its batch, is counted, and gets the next', async (_name, write) => {
    let written = 0;
    const { clock, runner, errors, pushAll } = makeRunner((records) => {
      written += records.length;
      return written > 2 ? undefined : write(records);
    });
    pushAll(2);
    await clock.advanceAsync(50);
    expect([errors, runner.failedRecords, runner.failures, runner.pending]).toEqual([[failure], 2, 1, 0]);
    pushAll(3);
    await runner.flush();
    expect([written, runner.failedRecords, runner.failures]).toEqual([5, 2, 1]);
  });

  it('that returns a thenable is awaited', async () => {
    const answers: (() => void)[] = [];
    const thenable = Object.defineProperty({}, 'then', { value: (resolve: () => void) => answers.push(resolve) });
    const { clock, runner, pushAll } = makeRunner(() => thenable as Promise<void>);
    pushAll(1);
    await clock.advanceAsync(50);
    expect(runner.pending).toBe(1);
    answers[0]?.();
    await clock.advanceAsync(0);
    expect([runner.pending, runner.failures]).toEqual([0, 0]);
  });

  it('that never answers keeps the queue bounded, and flush and shutdown give up in time', async () => {
    const never = () => new Promise<void>(() => {});
    const { clock, runner, errors, pushAll } = makeRunner(never, { maxQueue: 5, flushTimeoutMs: 1000 });
    pushAll(2);
    await clock.advanceAsync(50);
    pushAll(10);
    expect([runner.pending, runner.dropped]).toEqual([7, 5]);
    const flushed = runner.flush();
    await clock.advanceAsync(1000);
    await expect(flushed).resolves.toBeUndefined();
    expect(String(errors[0])).toMatch(/did not flush within 1000 ms/);
    const shutDown = runner.shutdown();
    await clock.advanceAsync(1000);
    await expect(shutDown).resolves.toBeUndefined();
    expect([runner.failures, clock.pendingTimers]).toEqual([2, 0]);
  });

  it.each(['flush', 'shutdown'] as const)('whose %s fails or hangs fails alone', async (method) => {
    const rejecting = makeRunner(() => {}, {}, { [method]: () => Promise.reject(failure) });
    await expect(rejecting.runner.shutdown()).resolves.toBeUndefined();
    expect(rejecting.errors).toEqual([failure]);
    const hanging = makeRunner(() => {}, {}, { [method]: () => new Promise(() => {}) });
    const done = hanging.runner.shutdown();
    await hanging.clock.advanceAsync(10_000);
    await expect(done).resolves.toBeUndefined();
    expect([hanging.errors.length, hanging.clock.pendingTimers]).toEqual([1, 0]);
  });

  it('that pushes while it writes is written in the next round, and does not keep flush from ending', async () => {
    const batches: number[] = [];
    const made = makeRunner((records) => {
      batches.push(records.length);
      for (const record of records) made.runner.push(record);
    });
    made.pushAll(2);
    await made.runner.flush();
    expect([batches, made.runner.pending]).toEqual([[2], 2]);
    await made.clock.advanceAsync(50);
    expect(batches).toEqual([2, 2]);
  });

  it('that waits for a flush while it writes gets out by the time limit', async () => {
    const made = makeRunner(() => made.runner.flush(), { flushTimeoutMs: 100 });
    made.pushAll(1);
    await made.clock.advanceAsync(150);
    expect([made.runner.pending, made.runner.failures]).toEqual([0, 1]);
  });

  it('that changes what it was given changes neither record nor queue', async () => {
    const kept: (readonly SpendRecord[])[] = [];
    const { clock, pushAll, errors } = makeRunner(
      (records) => {
        kept.push([...records]);
        const list = records as SpendRecord[];
        (list[0] as { costNanoUsd: number }).costNanoUsd = 0;
      },
      { maxBatch: 1 },
    );
    pushAll(2);
    await clock.advanceAsync(0);
    expect(kept.flat().map(({ id, costNanoUsd }) => [id, costNanoUsd])).toEqual([
      ['record-0', 7_500_000],
      ['record-1', 7_500_000],
    ]);
    expect(errors.every((error) => error instanceof TypeError)).toBe(true);
  });

  it('with observers that throw is still only counted', async () => {
    const hostile = () => {
      throw failure;
    };
    const { clock, runner, pushAll } = makeRunner(hostile, { maxQueue: 1, onError: hostile, onDrop: hostile });
    pushAll(3);
    await clock.advanceAsync(50);
    expect([runner.failures, runner.dropped, runner.pending]).toEqual([1, 2, 0]);
  });
});
