import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import {
  bind,
  budget,
  createGuard,
  current,
  findBudgetError,
  instrument,
  report,
  reset,
  track,
} from '../../src/index.js';
import { openaiFor, useProviders } from '../testing/clients.js';
import { CHAT, errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

afterEach(() => reset());

async function open(call = CHAT) {
  const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 100 } });
  const guard = createGuard();
  const { create, stream } = call.open(provider, { guard });
  return { provider, guard, create, stream };
}

describe.each(SDK_CALLS)('a budget around a function that calls $name', (call) => {
  it('reaches calls after an await, in child tasks, and in timers and callbacks started inside', async () => {
    const { provider, guard, create, stream } = await open(call);

    await guard.track({ feature: 'tree' }, () =>
      guard.budget({ usd: 1 }).run(async (scope) => {
        await create();
        await Promise.all([create(), (async () => readAll(await stream()))()]);
        await new Promise((resolve, reject) => setTimeout(() => create().then(resolve, reject), 0));
        await new Promise((resolve, reject) => setImmediate(() => create().then(resolve, reject)));
        await new Promise((resolve, reject) => queueMicrotask(() => create().then(resolve, reject)));
        await new Promise((resolve, reject) => process.nextTick(() => create().then(resolve, reject)));
        expect(scope.spent.calls).toBe(7);
      }),
    );

    expect(provider.calls).toBe(7);
    expect(guard.report({ groupBy: ['feature'] }).rows).toMatchObject([{ tags: { feature: 'tree' }, calls: 7 }]);
  });

  it('is a fresh account with each run, and runs at once do not share one', async () => {
    const { provider, guard, create } = await open(call);
    const once = guard.budget({ calls: 1 }, async () => create());

    await Promise.all([once(), once(), once()]);
    await once();

    expect(provider.calls).toBe(4);
  });

  it('still binds a call that is made, or ends, after the run has returned', async () => {
    const { provider, guard, create } = await open(call);
    let later: Promise<unknown> | undefined;
    let goOn: () => void = () => undefined;

    const scope = await guard.budget({ calls: 1 }).run(async (live) => {
      const released = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      later = released.then(() => Promise.allSettled([create(), create()]));
      return live;
    });
    expect(scope.spent.calls).toBe(0);
    goOn();
    await later;

    expect(scope.spent.calls).toBe(1);
    expect(provider.calls).toBe(1);
  });

  it('is not needed for a call to be recorded', async () => {
    const { guard, create } = await open(call);

    await create();

    expect(guard.current()).toBeUndefined();
    expect(guard.report().total().calls).toBe(1);
  });
});

describe('bind', () => {
  it('carries budgets and tags to a queue that was started elsewhere', async () => {
    const { guard, create } = await open();
    const jobs: (() => Promise<unknown>)[] = [];
    const work = async () => {
      for (const job of jobs) await job();
    };

    await guard.budget({ usd: 1 }).run((scope) =>
      guard.track({ feature: 'queue' }, async () => {
        jobs.push(bind(() => create()));
        jobs.push(() => create());
        // The worker runs outside of the scope, as one that was started before it would.
        await bindToNothing(work);
        expect(scope.spent.calls).toBe(1);
      }),
    );

    expect(guard.report({ groupBy: ['feature'] }).rows.map(({ tags, calls }) => [tags.feature, calls])).toEqual(
      expect.arrayContaining([
        ['queue', 1],
        [null, 1],
      ]),
    );
  });

  it('carries them to the listener of an emitter, with its receiver and parameters', async () => {
    const { guard, create } = await open();
    const emitter = new EventEmitter();
    const seen: unknown[] = [];

    const scope = await guard.budget({ usd: 1 }).run(async (live) => {
      emitter.on(
        'job',
        bind(function (this: unknown, name: string) {
          seen.push(this, name, create());
        }),
      );
      return live;
    });
    emitter.emit('job', 'first');
    await seen[2];

    expect(seen.slice(0, 2)).toEqual([emitter, 'first']);
    expect(scope.spent.calls).toBe(1);
  });
});

/** Runs `work` with nothing in force: what is bound outside of any scope carries that. */
const bindToNothing = bind(<Result>(work: () => Result): Result => work());

describe('a wrapped function', () => {
  it('keeps its receiver, parameters, name, length and result', async () => {
    const { guard } = await open();
    const thing = {
      factor: 3,
      times: guard.budget({ usd: 1 })(function times(this: { factor: number }, left: number, right: number) {
        return this.factor * left * right;
      }),
    };

    expect(thing.times(2, 5)).toBe(30);
    expect(thing.times.name).toBe('times');
    expect(thing.times.length).toBe(2);
    expect(await guard.budget({ usd: 1 }, async (word: string) => word.length)('four')).toBe(4);
  });

  it('throws and rejects with the very error of the function', async () => {
    const { guard } = await open();
    const own = new Error('mine');
    const fails = guard.budget({ usd: 1, onExceed: 'truncate' }, () => {
      throw own;
    });

    expect(fails).toThrow(own);
    expect(await errorOf(guard.budget({ usd: 1 }).run(() => Promise.reject(own)))).toBe(own);
  });

  it('hands the promise of an SDK on as it is, with all that it can do', async () => {
    const { provider, guard } = await open();
    const client = guard.instrument(openaiFor(provider));
    const ask = guard.budget({ usd: 1 }, () =>
      client.chat.completions.create({ model: 'gpt-4o', messages: [], max_completion_tokens: 5 }),
    );

    const { data, response } = await ask().withResponse();

    expect(data.usage?.completion_tokens).toBe(5);
    expect(response.status).toBe(200);
  });

  it.each(['budget', 'track'] as const)('may be a generator under %s: every step runs inside', async (kind) => {
    const { guard, create } = await open();
    const scopes: unknown[] = [];
    async function* steps() {
      try {
        for (let turn = 0; turn < 3; turn += 1) {
          scopes.push(guard.current()?.id);
          await create();
          yield turn;
        }
      } finally {
        await create();
      }
    }
    const make =
      kind === 'budget' ? guard.budget({ usd: 1, name: 'mine' }, steps) : () => guard.track({ feature: 'mine' }, steps);

    expect(await readAll(make())).toEqual([0, 1, 2]);
    for await (const turn of make()) if (turn === 1) break;

    expect(new Set(scopes).size).toBe(kind === 'budget' ? 2 : 1);
    // Four steps and three; nothing was spent outside of the budget or without the tag.
    const groups = guard.report({ groupBy: [kind === 'budget' ? '$budget' : 'feature'] }).rows;
    expect(groups.map((row) => [Object.values(row.tags)[0], row.calls])).toEqual([['mine', 7]]);
  });

  it('may be a generator that is not async, driven by next, return and throw', async () => {
    const { guard } = await open();
    const seen: unknown[] = [];
    const steps = guard.budget({ usd: 1, name: 'mine' }, function* () {
      try {
        const got: unknown = yield guard.current()?.name;
        seen.push(got, guard.current()?.name);
        yield 'second';
      } catch (error) {
        seen.push(error, guard.current()?.name);
        yield 'caught';
      } finally {
        seen.push('end', guard.current()?.name);
      }
      return 'over';
    });

    const generator = steps();
    expect(generator.next()).toEqual({ done: false, value: 'mine' });
    expect(generator.next('value' as never)).toEqual({ done: false, value: 'second' });
    expect(generator.throw('thrown')).toEqual({ done: false, value: 'caught' });
    expect(generator.return('early')).toEqual({ done: true, value: 'early' });
    expect(seen).toEqual(['value', 'mine', 'thrown', 'mine', 'end', 'mine']);
    expect([...steps()]).toEqual(['mine', 'second']);
    expect(guard.current()).toBeUndefined();
  });

  it('may return an async iterable, which is read inside', async () => {
    const { guard, create } = await open();
    const source = guard.budget({ calls: 2, name: 'mine' }, () => ({
      kind: 'pages',
      [Symbol.asyncIterator]: () => ({
        async next() {
          await create();
          return { done: false as const, value: guard.current()?.name };
        },
      }),
    }));

    const pages = source();
    const names: unknown[] = [];
    const error = await errorOf(
      (async () => {
        for await (const name of pages) names.push(name);
      })(),
    );

    expect(pages.kind).toBe('pages');
    expect(names).toEqual(['mine', 'mine']);
    expect(findBudgetError(error)).toMatchObject({ budget: 'mine' });
  });
});

describe('the budgets of the package itself', () => {
  it('wrap, nest, track and tell the innermost scope', async () => {
    const provider = await startProvider({ respond: { inputTokens: 1000, outputTokens: 500 } });
    const client = instrument(openaiFor(provider));
    const ask = () => client.chat.completions.create({ model: 'gpt-4o', messages: [], max_completion_tokens: 500 });

    const answer = budget({ usd: 0.5, name: 'outer' })((user: string) =>
      track({ userId: user }, () =>
        budget({ calls: 5, name: 'inner' }).run(async (scope) => {
          expect(current()?.id).toBe(scope.id);
          await ask();
          return current()?.name;
        }),
      ),
    );

    expect(await answer('alice')).toBe('inner');
    expect(current()).toBeUndefined();
    expect(report({ groupBy: ['userId'] }).rows).toMatchObject([
      { tags: { userId: 'alice' }, calls: 1, costUsd: '0.0075' },
    ]);
  });

  it('starts anew after a reset', async () => {
    const provider = await startProvider();
    const client = instrument(openaiFor(provider));
    await client.chat.completions.create({ model: 'gpt-4o', messages: [] });
    expect(report().total().calls).toBe(1);

    reset();

    expect(report().total().calls).toBe(0);
  });
});
