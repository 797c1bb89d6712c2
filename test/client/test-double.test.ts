import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, type Guard } from '../../src/index.js';
import { collectRecords, errorOf, readAll } from '../behaviours/sdk-calls.js';

const CHAT_ANSWER = {
  id: 'one',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
};
const RESPONSE_ANSWER = {
  id: 'one',
  model: 'gpt-4o',
  status: 'completed',
  output: [],
  usage: { input_tokens: 10, output_tokens: 20, total_tokens: 30 },
};
const MESSAGE_ANSWER = {
  id: 'one',
  model: 'claude-sonnet-4-6',
  content: [],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 20 },
};

const CHUNKS = [
  { model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }] },
  { model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] },
];
const USAGE_CHUNK = { model: 'gpt-4o', choices: [], usage: CHAT_ANSWER.usage };
const QUESTION = { messages: [{ role: 'user', content: 'Hi' }] };
const CHAT_BODY = { model: 'gpt-4o', max_tokens: 100, ...QUESTION };

type Create = (body: Record<string, unknown>, options?: unknown) => unknown;

function chatDouble(create: Create) {
  return { chat: { completions: { create } } };
}

/** Calls a chat double once under a budget; what the run spent, held, and how the call ended. */
async function callOnce(guard: Guard, create: Create, body: object = CHAT_BODY) {
  const double = guard.instrument(chatDouble(create));
  return guard.budget({ usd: 1, onUnknown: 'charge' }).run(async (scope) => {
    const outcome = await Promise.resolve(double.chat.completions.create({ ...body })).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    return { outcome, spent: scope.spent, held: scope.held };
  });
}

describe('a test double', () => {
  it.each([
    ['chat.completions.create', (create: Create) => chatDouble(create), CHAT_BODY, CHAT_ANSWER, '0.000225'],
    [
      'responses.create',
      (create: Create) => ({ responses: { create } }),
      { model: 'gpt-4o', input: 'Hi', max_output_tokens: 100 },
      RESPONSE_ANSWER,
      '0.000225',
    ],
    [
      'messages.create',
      (create: Create) => ({ messages: { create } }),
      { model: 'claude-sonnet-4-6', max_tokens: 100, ...QUESTION },
      MESSAGE_ANSWER,
      '0.00033',
    ],
  ])('is metered at %s', async (path, makeDouble, body, answer, costUsd) => {
    const guard = createGuard();
    const double = guard.instrument(makeDouble(async () => answer));
    const holder = path
      .split('.')
      .slice(0, -1)
      .reduce<never>((object, key) => object[key] as never, double as never);

    const result = await (holder as { create: Create }).create(body);

    expect(result).toBe(answer);
    expect(guard.report().total().costUsd).toBe(costUsd);
  });

  it('keeps its receiver and the other parameters', async () => {
    const guard = createGuard();
    const seen: unknown[] = [];
    const completions = {
      answer: CHAT_ANSWER,
      async create(this: { answer: object }, ...parameters: unknown[]) {
        seen.push(...parameters);
        return this.answer;
      },
    };
    const options = { timeout: 5 };
    guard.instrument({ chat: { completions } });

    expect(await completions.create(CHAT_BODY, options)).toBe(CHAT_ANSWER);

    expect(seen).toEqual([CHAT_BODY, options]);
    expect(seen[1]).toBe(options);
  });

  it('may answer without a promise', async () => {
    const { outcome, spent } = await callOnce(createGuard(), () => CHAT_ANSWER);

    expect(outcome).toEqual({ value: CHAT_ANSWER });
    expect(spent.tokens).toBe(30);
  });

  it('is refused by rejection, and never called', async () => {
    const guard = createGuard();
    let calls = 0;
    const double = guard.instrument(
      chatDouble(() => {
        calls += 1;
        return CHAT_ANSWER;
      }),
    );

    const error = await guard
      .budget({ usd: 0.00001 })
      .run(() => errorOf(double.chat.completions.create(CHAT_BODY) as Promise<unknown>));

    expect(BudgetExceededError.isInstance(error)).toBe(true);
    expect(calls).toBe(0);
  });

  it('gets the rewritten body, and the body of the caller stays as it was', async () => {
    const guard = createGuard();
    const bodies: unknown[] = [];
    const double = guard.instrument(
      chatDouble((body) => {
        bodies.push(body);
        return CHAT_ANSWER;
      }),
    );
    const body = { ...CHAT_BODY, max_tokens: 5000 };

    await guard
      .budget({ usd: 0.01, onExceed: 'clamp' })
      .run(() => double.chat.completions.create(body) as Promise<unknown>);

    expect((bodies[0] as { max_tokens: number }).max_tokens).toBeLessThan(1000);
    expect(body.max_tokens).toBe(5000);
  });

  it.each([
    ['releases the hold on a rejection with the status of a rejected request', { status: 429 }, 0],
    ['releases the hold on a rejection with the status of a failed one', { status: 500 }, 0],
    ['charges the hold on a rejection with the status of a time-out', { status: 408 }, 1],
    ['charges the hold on a rejection that says nothing', {}, 1],
  ])('%s', async (_, facts, calls) => {
    const failure = Object.assign(new Error('It failed'), facts);
    const { outcome, spent, held } = await callOnce(createGuard(), () => Promise.reject(failure));

    expect((outcome as { error: unknown }).error).toBe(failure);
    expect(spent.calls).toBe(calls);
    expect(held.calls).toBe(0);
  });

  it('charges the hold on an answer without usage', async () => {
    const { spent, held } = await callOnce(createGuard(), () => ({ choices: [] }));

    expect(spent.usd).toBeGreaterThanOrEqual(0.001);
    expect(held.calls).toBe(0);
  });

  it('throws the error with the paid answer where it crosses the cap of raise', async () => {
    const guard = createGuard();
    const double = guard.instrument(chatDouble(async () => CHAT_ANSWER));

    const error = await guard
      .budget({ usd: 0.0001, onExceed: 'raise' })
      .run(() => errorOf(double.chat.completions.create(CHAT_BODY) as Promise<unknown>));

    expect(error).toMatchObject({ code: 'budget_exceeded', spent: 0.000225 });
    expect((error as BudgetExceededError).response).toBe(CHAT_ANSWER);
  });

  it('passes a call without a body on', async () => {
    const guard = createGuard();
    const double = guard.instrument(chatDouble(async (body) => ({ body })));

    expect(await double.chat.completions.create(null as never)).toEqual({ body: null });
  });
});

describe('a test double that streams', () => {
  const STREAM_BODY = { ...CHAT_BODY, stream: true };

  async function* generate(events: readonly unknown[], closed?: { isClosed: boolean }): AsyncGenerator<unknown> {
    try {
      for (const event of events) yield event;
    } finally {
      if (closed) closed.isClosed = true;
    }
  }

  function readableOf(events: readonly unknown[]): AsyncIterable<unknown> {
    return new ReadableStream({
      start(controller) {
        for (const event of events) controller.enqueue(event);
        controller.close();
      },
    }) as unknown as AsyncIterable<unknown>;
  }

  it.each<[string, (events: readonly unknown[]) => AsyncIterable<unknown>]>([
    ['a generator', (events) => generate(events)],
    ['an async iterable', (events) => ({ [Symbol.asyncIterator]: () => generate(events) })],
    ['a frozen iterable', (events) => Object.freeze({ [Symbol.asyncIterator]: () => generate(events) })],
    ['a readable stream', (events) => readableOf(events)],
  ])('is followed to its end: %s', async (_, open) => {
    const guard = createGuard();
    const { outcome, held } = await callOnce(guard, async () => open([...CHUNKS, USAGE_CHUNK]), STREAM_BODY);
    expect(held.calls).toBe(1);

    const events = await readAll((outcome as { value: AsyncIterable<unknown> }).value);

    expect(events).toEqual(CHUNKS);
    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 30, costUsd: '0.000225', presumedCalls: 0 });
  });

  it('shows the usage to a caller who asked for it', async () => {
    const guard = createGuard();
    const body = { ...STREAM_BODY, stream_options: { include_usage: true } };
    const { outcome } = await callOnce(guard, () => generate([...CHUNKS, USAGE_CHUNK]), body);

    expect(await readAll((outcome as { value: AsyncIterable<unknown> }).value)).toEqual([...CHUNKS, USAGE_CHUNK]);
  });

  it('can be read with next, and keeps what else the object has', async () => {
    const guard = createGuard();
    const stream = Object.assign(generate([...CHUNKS, USAGE_CHUNK]), { controller: new AbortController() });
    const { outcome } = await callOnce(guard, () => stream, STREAM_BODY);
    const followed = (outcome as { value: typeof stream }).value;

    expect(followed.controller).toBe(stream.controller);
    expect(await followed.next()).toEqual({ done: false, value: CHUNKS[0] });
    expect(await followed.next()).toEqual({ done: false, value: CHUNKS[1] });
    expect(await followed.next()).toEqual({ done: true, value: undefined });
    expect(guard.report().total().tokens).toBe(30);
  });

  it.each(['break', 'return'] as const)(
    'is charged its hold, and closed, when the consumer leaves by %s',
    async (how) => {
      const guard = createGuard();
      const records = collectRecords(guard);
      const closed = { isClosed: false };
      const { outcome } = await callOnce(guard, () => generate([...CHUNKS, USAGE_CHUNK], closed), STREAM_BODY);
      const { value } = outcome as { value: AsyncGenerator<unknown> };

      if (how === 'break') for await (const event of value) if (event) break;
      if (how === 'return') {
        await value.next();
        await value.return(undefined);
      }

      expect(closed.isClosed).toBe(true);
      const [record, ...others] = await records();
      expect(others).toEqual([]);
      expect(record).toMatchObject({ outcome: 'cut', basis: 'presumed' });
    },
  );

  it("is charged its hold when it breaks, and the error is the caller's own", async () => {
    const guard = createGuard();
    const records = collectRecords(guard);
    const failure = new Error('The line broke');
    async function* broken() {
      yield CHUNKS[0];
      throw failure;
    }
    const { outcome } = await callOnce(guard, () => broken(), STREAM_BODY);

    expect(await errorOf(readAll((outcome as { value: AsyncIterable<unknown> }).value))).toBe(failure);

    expect((await records()).map(({ outcome: how, basis }) => [how, basis])).toEqual([['failed', 'presumed']]);
  });

  it('is charged its hold when it ends without usage', async () => {
    const guard = createGuard();
    const { outcome } = await callOnce(guard, () => generate(CHUNKS), STREAM_BODY);

    await readAll((outcome as { value: AsyncIterable<unknown> }).value);

    expect(guard.report().total()).toMatchObject({ calls: 1, presumedCalls: 1 });
  });

  it('delivers everything before the error where it crosses the cap of raise', async () => {
    const guard = createGuard();
    const double = guard.instrument(chatDouble(async () => generate([...CHUNKS, USAGE_CHUNK])));
    const seen: unknown[] = [];

    const error = await guard.budget({ usd: 0.0001, onExceed: 'raise' }).run(async () => {
      const stream = (await double.chat.completions.create(STREAM_BODY)) as AsyncIterable<unknown>;
      return errorOf(
        (async () => {
          for await (const event of stream) seen.push(event);
        })(),
      );
    });

    expect(BudgetExceededError.isInstance(error)).toBe(true);
    expect(seen).toEqual(CHUNKS);
  });
});
