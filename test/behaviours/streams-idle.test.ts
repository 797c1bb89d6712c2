import { describe, expect, it } from 'vitest';
import { createGuard, type Guard } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { settled } from './controlled-double.js';
import { collectRecords, errorOf, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();
const MINUTE = 60_000;
const HELD = { inputTokens: 20, chunks: ['one ', 'two ', 'three '], holdAfterChunks: 1 };

function open() {
  const clock = createFakeClock();
  const guard = createGuard({ clock });
  return { clock, guard, records: collectRecords(guard) };
}

/** The number of what the scope spent and holds, once everything that is ready has run. */
async function callsOf(scope: { spent: { calls: number }; held: { calls: number } }) {
  await settled();
  return { spent: scope.spent.calls, held: scope.held.calls };
}

describe.each(SDK_CALLS)('a stream of $name that is kept and not read', (sdk) => {
  it('is settled as cut after five minutes, once, and the provider is told to stop', async () => {
    const provider = await startProvider({ respond: HELD });
    const { clock, guard, records } = open();
    const { stream } = sdk.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(async (scope) => {
      const kept = await stream();
      await clock.advanceAsync(5 * MINUTE - 1);
      expect(await callsOf(scope)).toEqual({ spent: 0, held: 1 });
      await clock.advanceAsync(1);
      expect(await callsOf(scope)).toEqual({ spent: 1, held: 0 });
      expect(scope.spent.usd).toBeGreaterThan(0);
      await provider.idle();
      expect(provider.requests[0]?.aborted).toBe(true);

      expect(await errorOf(readAll(kept))).toMatchObject({
        code: 'stream_idle',
        message: expect.stringMatching(/nobody read from it for 5 minutes/),
      });
      await clock.advanceAsync(60 * MINUTE);
      expect(await callsOf(scope)).toEqual({ spent: 1, held: 0 });
    });

    expect((await records()).map(({ outcome }) => outcome)).toEqual(['cut']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is settled five minutes after its last piece, where some of it was read', async () => {
    const provider = await startProvider({ respond: HELD });
    const { clock, guard, records } = open();
    const { raw } = sdk.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(async (scope) => {
      const reader = (await raw({ stream: true })).body?.getReader();
      await clock.advanceAsync(4 * MINUTE);
      await reader?.read();
      await clock.advanceAsync(4 * MINUTE);
      expect(await callsOf(scope)).toEqual({ spent: 0, held: 1 });
      await clock.advanceAsync(MINUTE);
      expect(await callsOf(scope)).toEqual({ spent: 1, held: 0 });
      expect(await errorOf(reader?.read() as Promise<unknown>)).toMatchObject({ code: 'stream_idle' });
    });

    expect((await records()).map(({ outcome }) => outcome)).toEqual(['cut']);
  });

  it('is not cut while its consumer waits for a slow provider', async () => {
    const provider = await startProvider({ respond: HELD });
    const { clock, guard, records } = open();
    const { stream } = sdk.open(provider, { guard });

    const reading = readAll(await stream());
    await provider.waitForRequests(1);
    await settled();
    await clock.advanceAsync(60 * MINUTE);
    provider.releaseAll();
    await reading;

    expect((await records()).map(({ outcome }) => outcome)).toEqual(['completed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind once it was read, cut short or refused', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30 } });
    const { clock, guard } = open();
    const { stream } = sdk.open(provider, { guard });

    await readAll(await stream());
    for await (const _ of await stream()) break;
    await settled();
    await guard.flush();

    expect(clock.pendingTimers).toBe(0);
  });
});

/** The body of a guarded stream of chat chunks that come one a read. */
async function chunkByChunk(guard: Guard, count: number): Promise<ReadableStream<Uint8Array>> {
  const frames = Array.from({ length: count }, () => ({ choices: [{ index: 0, delta: { content: 'Hello ' } }] }));
  const usage = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } };
  const pieces = [...frames, usage].map((data) => `data: ${JSON.stringify(data)}\n\n`);
  pieces.push('data: [DONE]\n\n');
  const send = guard.guardFetch(async () => {
    const body = new ReadableStream({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(piece));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
  const messages = [{ role: 'user', content: 'Hi' }];
  const body = JSON.stringify({ model: 'gpt-4o', stream: true, max_tokens: 100, messages });
  const response = await send('https://api.openai.com/v1/chat/completions', { method: 'POST', body });
  return response.body as ReadableStream<Uint8Array>;
}

it('is not cut while its consumer reads slowly but steadily', async () => {
  const { clock, guard, records } = open();

  let reads = 0;
  for await (const _ of await chunkByChunk(guard, 10)) {
    reads += 1;
    await clock.advanceAsync(5 * MINUTE - 1);
  }

  expect(reads).toBe(11);
  expect((await records()).map(({ outcome }) => outcome)).toEqual(['completed']);
  expect(clock.pendingTimers).toBe(0);
});

it('is left alone once its bill was told, however long its consumer keeps it', async () => {
  const { clock, guard, records } = open();
  const reader = (await chunkByChunk(guard, 1)).getReader();

  await reader.read();
  await reader.read();
  await guard.flush();
  await clock.advanceAsync(60 * MINUTE);

  expect((await reader.read()).done).toBe(true);
  expect((await records()).map(({ outcome }) => outcome)).toEqual(['completed']);
  expect(clock.pendingTimers).toBe(0);
});

describe('a stream of a test double that is kept and not read', () => {
  const REQUEST = { model: 'gpt-4o', max_tokens: 100, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
  const CHUNK = { model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] };
  const USAGE = { model: 'gpt-4o', choices: [], usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } };

  /** A double whose stream tells when it was closed, and waits before each event where `wait` says so. */
  function double(guard: Guard, wait: () => Promise<unknown> = async () => undefined) {
    const state = { isClosed: false };
    async function* events() {
      try {
        for (const event of [CHUNK, CHUNK, CHUNK, USAGE]) {
          await wait();
          yield event;
        }
      } finally {
        state.isClosed = true;
      }
    }
    const client = guard.instrument({ chat: { completions: { create: async (_: object) => events() } } });
    return { state, stream: () => client.chat.completions.create(REQUEST) };
  }

  it.each([0, 1])('is settled as cut after five minutes, once, after %d events', async (read) => {
    const { clock, guard, records } = open();
    const { state, stream } = double(guard);

    await guard.budget({ usd: 1 }).run(async (scope) => {
      const kept = await stream();
      for (let count = 0; count < read; count += 1) await kept.next();
      await clock.advanceAsync(5 * MINUTE);
      expect(await callsOf(scope)).toEqual({ spent: 1, held: 0 });
      // A generator that never started has nothing to close.
      expect(state.isClosed).toBe(read > 0);
      expect(await errorOf(kept.next())).toMatchObject({ code: 'stream_idle' });
      expect((await kept.next()).done).toBe(true);
    });

    expect((await records()).map(({ outcome }) => outcome)).toEqual(['cut']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not cut while its consumer waits, or reads slowly but steadily', async () => {
    const { clock, guard, records } = open();
    const { stream } = double(guard, () => clock.advanceAsync(20 * MINUTE));

    for await (const _ of await stream()) await clock.advanceAsync(4 * MINUTE);

    expect((await records()).map(({ outcome }) => outcome)).toEqual(['completed']);
    expect(clock.pendingTimers).toBe(0);
  });
});

it('does not keep the process alive for a stream nobody reads', async () => {
  const provider = await startProvider({ respond: HELD });
  const options: unknown[] = [];
  const clock = createFakeClock();
  const guard = createGuard({
    clock: {
      ...clock,
      schedule(callback, delayMs, given) {
        if (delayMs === 5 * MINUTE) options.push(given);
        return clock.schedule(callback, delayMs);
      },
    },
  });

  await SDK_CALLS[0]?.open(provider, { guard }).stream();

  expect(options).toEqual([{ isBackground: true }]);
});
