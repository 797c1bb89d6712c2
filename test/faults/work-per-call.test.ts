import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuard, type GuardOptions } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { countWork, type WorkCounter } from './function-counts.js';

// No call may keep the event loop longer because of what came before it. How long it takes is the machine's; how much is
// done is counted.
let work: WorkCounter;
beforeAll(async () => {
  work = await countWork();
});
afterAll(() => work.stop());

const message = { role: 'user', content: 'What is this?' };

function open(options: GuardOptions = {}) {
  const guard = createGuard({ clock: createFakeClock(), onStalePrices: 'ignore', onWarning: () => {}, ...options });
  const client = guard.instrument({
    chat: {
      completions: {
        create: async ({ metadata }: { readonly metadata?: string }) => {
          if (metadata === 'lost') throw new Error('socket hang up');
          if (metadata === 'free') return { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } };
          return { usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 } };
        },
      },
    },
  });
  const call = (rest: object = {}) =>
    client.chat.completions.create({ model: 'gpt-4o', max_tokens: 50, messages: [message], ...rest } as never);
  return { guard, call };
}

/** The work of `times` runs of `run`. */
async function workOf(times: number, run: (turn: number) => unknown): Promise<number> {
  await work.take();
  for (let turn = 0; turn < times; turn += 1) await run(turn);
  return work.take();
}

describe('the work of a call', () => {
  it.each<[string, (opened: ReturnType<typeof open>, turn: number) => unknown]>([
    ['that is answered', ({ call }) => call()],
    ['in a budget of its own', ({ guard, call }) => guard.budget({ usd: 1 }).run(() => call())],
    ['of a user never seen before', ({ guard, call }, turn) => guard.track({ userId: `user-${turn}` }, () => call())],
    ['that is refused', ({ guard, call }) => guard.budget({ usd: 0 }).run(() => call().catch(() => undefined))],
    ['that is lost', ({ call }) => call({ metadata: 'lost' }).catch(() => undefined)],
    ['of a model never seen before', ({ call }, turn) => call({ model: `unknown-${turn}` })],
  ])('does not grow with the calls before it: one %s', async (_, run) => {
    const opened = open({ maxRecords: 500, onUnpriced: 'warn' });
    let turn = 0;
    const next = () => {
      turn += 1;
      return run(opened, turn);
    };
    // Past the point where the ring of records and every other bounded memory is full.
    await workOf(1500, next);
    const early = await workOf(500, next);
    await workOf(4000, next);
    const late = await workOf(500, next);
    expect(early).toBeGreaterThan(500);
    expect(late).toBeLessThan(early * 1.1);
  });

  it('does not grow with the calls that are in flight', async () => {
    const answers: ((answer: object) => void)[] = [];
    const guard = createGuard({ clock: createFakeClock(), onStalePrices: 'ignore' });
    const client = guard.instrument({
      chat: { completions: { create: (_: object) => new Promise((resolve) => void answers.push(resolve)) } },
    });
    const flying: Promise<unknown>[] = [];
    await guard.budget({ usd: 1000 }).run(async () => {
      const send = () => {
        flying.push(client.chat.completions.create({ model: 'gpt-4o', max_tokens: 5, messages: [message] }));
      };
      const first = await workOf(500, send);
      await workOf(4000, send);
      expect(await workOf(500, send)).toBeLessThan(first * 1.1);
      const answer = () => answers.shift()?.({ usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
      const firstAnswers = await workOf(500, answer);
      await workOf(3500, answer);
      expect(await workOf(500, answer)).toBeLessThan(firstAnswers * 1.1);
      while (answers.length > 0) answer();
      await Promise.all(flying);
    });
  });

  it.each<[string, (size: number) => object]>([
    ['messages', (size) => ({ messages: Array(size).fill(message) })],
    [
      'parts of a message',
      (size) => ({ messages: [{ role: 'user', content: Array(size).fill({ type: 'text', text: 'a' }) }] }),
    ],
    [
      'tools',
      (size) => ({ tools: Array(size).fill({ type: 'function', function: { name: 'f', parameters: { a: 1 } } }) }),
    ],
  ])('grows with the request, and not with its square: %s', async (_, body) => {
    const { guard, call } = open();
    const run = (size: number) => workOf(3, () => guard.budget({ usd: 100 }).run(() => call(body(size))));
    await run(10);
    const [small, middle, large] = [await run(500), await run(1000), await run(2000)];
    expect(large - middle).toBeLessThan(2.5 * (middle - small) + 200);
  });

  it('grows with no more than the square of the budgets around it, which are a thousand at most', async () => {
    const { guard, call } = open();
    const budget = guard.budget({ usd: 100 });
    const inside = (depth: number): Promise<unknown> =>
      depth === 0 ? workOf(20, () => call()) : budget.run(() => inside(depth - 1));
    await inside(2);
    const [small, large] = [await inside(100), await inside(200)] as [number, number];
    // The ledger looks for the item of an account among all of them, so it is not linear.
    expect(large).toBeLessThan(4.2 * small);
  });
});

describe('a queue of calls that wait', () => {
  it('costs each call no more than those before it when money comes free', async () => {
    const workFor = async (calls: number) => {
      const { guard, call } = open();
      await work.take();
      await guard
        .budget({ usd: 0.0006, waitMs: 1000 })
        .run(() => Promise.all(Array.from({ length: calls }, () => call({ metadata: 'free' }))));
      return work.take();
    };
    await workFor(10);
    const [small, large] = [await workFor(100), await workFor(200)];
    expect(large).toBeLessThan(2.3 * small);
  });
});
