import { describe, expect, test } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError, type SpendRecord } from '../../src/index.js';
import { anthropicFor, MESSAGES, openaiFor, useProviders } from '../testing/clients.js';

const start = useProviders();
const WORDS = Array.from({ length: 40 }, () => 'tok ');

/** Two providers' ways of streaming the same forty chunks. */
const STREAMS = {
  'openai chat': { model: 'gpt-4o', outputUsd: 10e-6, inputUsd: 2.5e-6 },
  'anthropic messages': { model: 'claude-sonnet-4-6', outputUsd: 15e-6, inputUsd: 3e-6 },
} as const;

async function open(name: keyof typeof STREAMS) {
  const provider = await start();
  const guard = createGuard();
  const events: string[] = [];
  guard.on('broken', ({ error }) => events.push(`broken ${error.budget}`));
  const records: SpendRecord[] = [];
  guard.addSink({ name: 'seen', write: (batch) => void records.push(...batch) });
  const { model } = STREAMS[name];
  const ask = { model, stream: true, max_tokens: 1000, messages: MESSAGES } as const;
  const stream = async () =>
    name === 'openai chat'
      ? guard.instrument(openaiFor(provider)).chat.completions.create(ask)
      : guard.instrument(anthropicFor(provider)).messages.create(ask);
  return { provider, guard, events, records, stream };
}

async function readAll(stream: AsyncIterable<unknown>) {
  const chunks: unknown[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  return { chunks, error: undefined };
}

describe.each(Object.keys(STREAMS) as (keyof typeof STREAMS)[])('break, %s', (name) => {
  const { outputUsd, inputUsd } = STREAMS[name];

  test('cuts the stream before the chunk that would cross, with one error, one record, one event', async () => {
    const { provider, guard, events, records, stream } = await open(name);
    // The provider waits in the middle, so that the end of its stream can only be our doing.
    provider.respondWith({ inputTokens: 10, chunks: WORDS, chunkDelayMs: 1 });
    const cap = 10 * inputUsd + 30 * outputUsd;
    const result = await guard
      .budget({ name: 'cutter', usd: cap, onExceed: 'break' })
      .run(async () => readAll(await stream()));
    const text = JSON.stringify(result.chunks).match(/tok /g) ?? [];
    expect(findBudgetError(result.error)).toBeInstanceOf(BudgetExceededError);
    expect(String(result.error)).toContain('cut a stream');
    expect(text.length).toBeGreaterThan(5);
    expect(text.length).toBeLessThan(40);
    await provider.idle();
    expect(provider.requests[0]?.aborted).toBe(true);
    expect(provider.requests[0]?.chunksSent).toBeLessThan(40);
    await guard.flush();
    expect(events).toEqual(['broken cutter']);
    expect(records).toMatchObject([{ basis: 'estimated', outcome: 'cut' }]);
    expect(records[0]?.costNanoUsd).toBeLessThanOrEqual(Math.round(cap * 1e9) + Math.round(outputUsd * 1e9) * 2);
  });

  test('leaves a stream alone that stays below the cap', async () => {
    const { guard, events, stream, provider } = await open(name);
    provider.respondWith({ inputTokens: 10, chunks: WORDS });
    const { chunks, error } = await guard
      .budget({ usd: 1, onExceed: 'break' })
      .run(async () => readAll(await stream()));
    expect(error).toBeUndefined();
    expect(JSON.stringify(chunks).match(/tok /g)).toHaveLength(40);
    expect(events).toEqual([]);
  });

  test('refuses the next call once the cap is reached', async () => {
    const { guard, stream, provider } = await open(name);
    provider.respondWith({ inputTokens: 10, chunks: WORDS });
    const budget = guard.budget({ tokens: 30, onExceed: 'break' });
    await budget.run(async () => {
      await readAll(await stream());
      await expect(stream()).rejects.toBeInstanceOf(BudgetExceededError);
    });
    expect(provider.calls).toBe(1);
  });
});

describe('break', () => {
  test('counts tool-call arguments and visible thinking', async () => {
    const { provider, guard, events, stream } = await open('openai chat');
    provider.respondWith({
      inputTokens: 10,
      toolCalls: [{ name: 'f', arguments: JSON.stringify({ q: 'x'.repeat(900) }) }],
    });
    const { error } = await guard.budget({ tokens: 60, onExceed: 'break' }).run(async () => readAll(await stream()));
    expect(findBudgetError(error)).toBeDefined();
    expect(events).toHaveLength(1);
  });

  test('a call that does not stream behaves as under raise', async () => {
    const provider = await start();
    const guard = createGuard();
    provider.respondWith({ inputTokens: 1000, outputTokens: 500 });
    const client = guard.instrument(openaiFor(provider));
    const call = guard
      .budget({ usd: 0.005, onExceed: 'break' })
      .run(() => client.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES }));
    const error = await call.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'budget_exceeded', response: { object: 'chat.completion' } });
  });

  test('an outer block still refuses what does not fit, and an inner break never hides it', async () => {
    const { provider, guard, stream } = await open('openai chat');
    const outer = guard.budget({ name: 'outer', usd: 0.0001 });
    const inner = guard.budget({ name: 'inner', usd: 1, onExceed: 'break' });
    await expect(outer.run(() => inner.run(() => stream()))).rejects.toMatchObject({ budget: 'outer' });
    expect(provider.calls).toBe(0);
  });
});
