import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/guard.js';
import { createSinkRunner } from '../../src/sink/batch.js';
import type { Sink, SinkEvent } from '../../src/sink/sink.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { makeRecord } from '../report/records.js';

const failure = new Error('sink is broken');

/** A guard with a client whose calls a budget refuses, and a second sink beside the one under test. */
function open(onEvent: NonNullable<Sink['onEvent']>, rest: Partial<Sink> = {}) {
  const clock = createFakeClock();
  const guard = createGuard({ clock });
  const seen: SinkEvent[] = [];
  const errors: unknown[] = [];
  guard.on('sink_error', ({ error }) => errors.push(error));
  guard.addSink({ name: 'hostile', write: () => {}, onEvent, ...rest });
  guard.addSink({ name: 'other', write: () => {}, onEvent: (event) => void seen.push(event) });
  const client = guard.instrument({
    chat: { completions: { create: async (_body: object) => ({ usage: { prompt_tokens: 1, completion_tokens: 1 } }) } },
  });
  const call = () => client.chat.completions.create({ model: 'gpt-4o', max_tokens: 5, messages: [] });
  /** One call that a budget of nothing refuses, by its error. */
  const refuse = (): Promise<unknown> =>
    guard.track({ feature: 'search', absent: undefined }, () =>
      guard.budget({ name: 'none', usd: 0 }).run(() =>
        call().then(
          () => 'sent',
          (error: unknown) => error,
        ),
      ),
    );
  return { clock, guard, seen, errors, call, refuse };
}

const blocked = { name: 'blocked', budget: 'none', model: 'gpt-4o', tags: { feature: 'search' } };

describe('a sink whose onEvent', () => {
  it.each<[string, NonNullable<Sink['onEvent']>]>([
    [
      'throws',
      () => {
        throw failure;
      },
    ],
    ['rejects', () => Promise.reject(failure)],
    [
      'returns a thenable that throws',
      () =>
        Object.defineProperty({}, 'then', {
          value: () => {
            throw failure;
          },
        }) as Promise<void>,
    ],
  ])('%s fails alone and is counted', async (_name, onEvent) => {
    const { clock, guard, seen, errors, call, refuse } = open(onEvent);
    expect(await refuse()).toMatchObject({ code: 'budget_exceeded', budget: 'none' });
    await call();
    await clock.advanceAsync(100);
    expect([seen, errors]).toEqual([[expect.objectContaining(blocked)], [failure]]);
    expect(guard.report().total().calls).toBe(1);
  });

  it('never answers holds up nothing but itself', async () => {
    const { clock, guard, seen, call, refuse } = open(() => new Promise(() => {}));
    for (let index = 0; index < 5; index += 1) await refuse();
    await call();
    await clock.advanceAsync(100);
    expect([seen.length, guard.report().total().calls]).toEqual([5, 1]);
  });

  it('runs a long time runs after the call, not in it', async () => {
    const order: string[] = [];
    const { clock, refuse } = open(() => void order.push('sink'));
    await refuse();
    order.push('call');
    await clock.advanceAsync(100);
    expect(order).toEqual(['call', 'sink']);
  });

  it('calls back into the guard is told of that in a later round, and does not run away', async () => {
    const rounds: number[] = [];
    const made = open(() => {
      rounds.push(made.clock.monotonicMs());
      void made.refuse();
    });
    await made.refuse();
    await made.clock.advanceAsync(1000);
    expect(rounds.length).toBeGreaterThan(2);
    expect(new Set(rounds).size).toBe(rounds.length);
  });

  it('changes what it was given changes neither the error of the caller nor what others see', async () => {
    const attempts: string[] = [];
    const { clock, seen, refuse } = open((event) => {
      for (const target of [event, event.tags] as Record<string, unknown>[]) {
        for (const key of Object.keys(target)) {
          try {
            target[key] = 'changed';
          } catch {
            attempts.push(key);
          }
        }
      }
    });
    const error = await refuse();
    await clock.advanceAsync(100);
    expect(seen).toEqual([expect.objectContaining(blocked)]);
    expect(error).toMatchObject({ budget: 'none', model: 'gpt-4o', tags: { feature: 'search' } });
    expect(attempts).toEqual(['name', 'timeMs', 'budget', 'model', 'tags', 'feature']);
  });

  it('is told nothing once it is removed, nor of its own failures', async () => {
    const names: string[] = [];
    const { clock, guard, refuse } = open(({ name }) => void names.push(name), {
      write: () => Promise.reject(failure),
    });
    await guard.shutdown();
    await refuse();
    await clock.advanceAsync(1000);
    expect(names).toEqual([]);
    const again = open(({ name }) => void names.push(name), { write: () => Promise.reject(failure) });
    await again.call();
    await again.clock.advanceAsync(1000);
    expect([names, again.errors]).toEqual([[], [failure]]);
  });
});

it('a sink whose attach throws is used all the same', async () => {
  const attach = () => {
    throw failure;
  };
  const { clock, seen, errors, refuse } = open(() => {}, { attach });
  await refuse();
  await clock.advanceAsync(100);
  expect([seen.length, errors]).toEqual([1, [failure]]);
});

describe('the queue of a sink', () => {
  const event: SinkEvent = Object.freeze({ name: 'blocked', timeMs: 0, tags: Object.freeze({}) });

  it('bounds records and events together, and keeps the order of each', async () => {
    const clock = createFakeClock();
    const got: string[] = [];
    const runner = createSinkRunner(
      {
        name: 'test',
        write: (records) => void got.push(...records.map(({ id }) => id)),
        onEvent: ({ name }) => void got.push(name),
      },
      { clock, maxQueue: 4 },
    );
    runner.push(makeRecord({ id: 'a' }));
    runner.pushEvent({ ...event, name: 'first' });
    runner.push(makeRecord({ id: 'b' }));
    runner.pushEvent({ ...event, name: 'second' });
    runner.pushEvent(event);
    await runner.flush();
    expect([got, runner.dropped, runner.pending]).toEqual([['a', 'b', 'first', 'second'], 1, 0]);
    await clock.advanceAsync(50);
  });

  it('counts an event that fails, and no record with it', async () => {
    const runner = createSinkRunner(
      { name: 'test', write: () => {}, onEvent: () => Promise.reject(failure) },
      { clock: createFakeClock() },
    );
    runner.push(makeRecord());
    runner.pushEvent(event);
    await runner.flush();
    expect([runner.failures, runner.failedRecords]).toEqual([1, 0]);
  });
});
