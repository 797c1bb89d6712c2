import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, type Fetch, type Guard } from '../../src/index.js';
import { postChat, useProviders } from '../testing/clients.js';
import { errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const REPLY = { inputTokens: 20, outputTokens: 30 };
const ONE = { calls: 1, tokens: 50, presumedCalls: 0 };

function guards() {
  return { inner: createGuard(), outer: createGuard() };
}

function totals(...all: Guard[]) {
  return all.map((guard) => guard.report().total().calls);
}

describe.each(SDK_CALLS)('a client of $name under two guards', (sdk) => {
  async function open() {
    const provider = await startProvider({ respond: REPLY });
    const { inner, outer } = guards();
    const opened = sdk.open(provider, { guard: inner, maxRetries: 3 });
    outer.instrument(opened.client);
    return { provider, inner, outer, ...opened };
  }

  it.each(['create', 'stream'] as const)('is booked once by each, with %s', async (method) => {
    const opened = await open();

    const answer = await opened[method]();
    if (method === 'stream') await readAll(answer as AsyncIterable<unknown>);

    expect(opened.inner.report().total()).toMatchObject(ONE);
    expect(opened.outer.report().total()).toMatchObject(ONE);
    expect(opened.provider.calls).toBe(1);
  });

  it.each(['inner', 'outer'] as const)(
    'is bound by the budget of the %s one, and neither books a refusal',
    async (which) => {
      const opened = await open();
      const { provider, inner, outer, create } = opened;

      const error = await outer.budget({ usd: 1 }).run((scope) =>
        opened[which].budget({ usd: 0, name: which }).run(async () => {
          const caught = await errorOf(create());
          expect(scope.held.calls + scope.spent.calls).toBe(0);
          return caught;
        }),
      );

      expect(BudgetExceededError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ budget: which });
      expect(provider.calls).toBe(0);
      expect(totals(inner, outer)).toEqual([0, 0]);
    },
  );

  it.each(['inner', 'outer'] as const)(
    'is booked by both where it crosses a cap that raises of the %s one',
    async (which) => {
      const opened = await open();
      const { provider, inner, outer, create } = opened;
      const cap = { usd: 0.0000001, onExceed: 'raise', name: which } as const;

      const error = await opened[which].budget(cap).run(() => errorOf(create()));

      expect(error).toMatchObject({ code: 'budget_exceeded', budget: which });
      expect((error as BudgetExceededError).response).toBeDefined();
      expect(inner.report().total()).toMatchObject(ONE);
      expect(outer.report().total()).toMatchObject(ONE);
      expect(provider.calls).toBe(1);
    },
  );

  it.each(['inner', 'outer'] as const)('is charged by both where the %s one cuts its stream', async (which) => {
    const opened = await open();
    const { inner, outer, stream } = opened;
    const cap = { usd: 0.0003, onExceed: 'break', name: which } as const;
    opened.provider.respondWith({ inputTokens: 20, outputTokens: 400 });

    const error = await opened[which].budget(cap).run(async () => errorOf(readAll(await stream())));

    expect(error).toMatchObject({ code: 'budget_exceeded', budget: which });
    for (const guard of [inner, outer]) {
      expect(guard.report({ groupBy: ['$outcome'] }).rows).toMatchObject([{ tags: { $outcome: 'cut' }, calls: 1 }]);
      expect(guard.report().total().usd).toBeGreaterThan(0);
    }
  });

  it.each([
    ['the first', 'inner', [0, 1]],
    ['the second', 'outer', [1, 0]],
  ] as const)('stays under the other once it is restored by %s', async (_, which, expected) => {
    const opened = await open();
    const { provider, inner, outer, client, create } = opened;
    const other = which === 'inner' ? outer : inner;

    opened[which].restore(client);
    await create();
    expect(totals(inner, outer)).toEqual(expected);
    expect(BudgetExceededError.isInstance(await other.budget({ usd: 0 }).run(() => errorOf(create())))).toBe(true);

    other.restore(client);
    await other.budget({ usd: 0 }).run(() => create());
    expect(totals(inner, outer)).toEqual(expected);
    expect(provider.calls).toBe(2);
    expect(Object.hasOwn(client, 'withOptions') || Object.hasOwn(client, 'makeStatusError')).toBe(false);
  });

  it('takes its clones under both, and a clone that is restored by one out of that one alone', async () => {
    const { inner, outer, client } = await open();
    const clone = client.withOptions({ maxRetries: 0 });
    const path = { '/v1/chat/completions': '/chat/completions', '/v1/responses': '/responses' };
    const post = (target: typeof client) =>
      target.post(
        'chat' in target ? (sdk.body.input ? path['/v1/responses'] : path['/v1/chat/completions']) : '/v1/messages',
        {
          body: sdk.body,
        },
      );

    await post(clone);
    expect(totals(inner, outer)).toEqual([1, 1]);
    inner.restore(clone);
    await post(clone);
    expect(totals(inner, outer)).toEqual([1, 2]);
    await post(client);
    expect(totals(inner, outer)).toEqual([2, 3]);
  });

  it('is booked once by each where one is in the transport too', async () => {
    const provider = await startProvider({ respond: REPLY });
    const { inner, outer } = guards();
    const { client, create } = sdk.open(provider);
    (client as unknown as { fetch: Fetch }).fetch = outer.guardFetch(inner.guardFetch(outer.guardFetch()));
    outer.instrument(client);

    await create();

    expect(totals(inner, outer)).toEqual([1, 1]);
  });

  it('is booked once by a guard that guards the global fetch too', async () => {
    const provider = await startProvider({ respond: REPLY });
    const guard = createGuard();
    const native = globalThis.fetch;
    globalThis.fetch = guard.guardFetch(native);
    try {
      const { create, stream } = sdk.open(provider, { guard });
      await create();
      await readAll(await stream());
      await postChat(provider);
    } finally {
      globalThis.fetch = native;
    }

    expect(totals(guard)).toEqual([3]);
    expect(provider.calls).toBe(3);
  });
});

describe('a test double under two guards', () => {
  const USAGE = { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 };
  const ANSWER = { model: 'gpt-4o', choices: [], usage: USAGE };
  const BODY = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };

  function open() {
    let calls = 0;
    const completions = {
      async create(_: object): Promise<unknown> {
        calls += 1;
        return ANSWER;
      },
    };
    const original = completions.create;
    const double = { chat: { completions } };
    const { inner, outer } = guards();
    outer.instrument(inner.instrument(double));
    return { inner, outer, double, original, create: () => double.chat.completions.create(BODY), calls: () => calls };
  }

  it('is booked once by each, and bound by the budgets of each', async () => {
    const { inner, outer, create, calls } = open();

    await create();
    for (const guard of [inner, outer]) {
      const error = await guard.budget({ usd: 0 }).run(() => errorOf(create()));
      expect(BudgetExceededError.isInstance(error)).toBe(true);
    }

    expect(totals(inner, outer)).toEqual([1, 1]);
    expect(calls()).toBe(1);
  });

  it('is booked by both where it crosses a cap that raises', async () => {
    const { inner, outer, create } = open();

    await inner.budget({ usd: 0.0000001, onExceed: 'raise' }).run(() => errorOf(create()));

    expect(inner.report().total()).toMatchObject(ONE);
    expect(outer.report().total()).toMatchObject(ONE);
  });

  it('is restored by each, in any order', async () => {
    const { inner, outer, double, original, create } = open();

    inner.restore(double);
    await create();
    expect(totals(inner, outer)).toEqual([0, 1]);
    outer.restore(double);
    expect(double.chat.completions.create).toBe(original);
  });
});
