import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import type { FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, MESSAGES, RESPONSES, readAll, SDK_CALLS } from './sdk-calls.js';

const startProvider = useProviders();

/** Usage in the names of all formats at once: each reads its own. */
function lie(input: unknown, output: unknown): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: typeof input === 'number' && typeof output === 'number' ? input + output : input,
    input_tokens: input,
    output_tokens: output,
  };
}

const LIES: readonly (readonly [string, unknown])[] = [
  ['NaN as text', lie('NaN', 'NaN')],
  ['a number as text', lie('20', '20')],
  ['negative output', lie(20, -300)],
  ['negative input', lie(-20, 300)],
  ['a fraction', lie(20.5, 300)],
  ['an absurd figure', lie(20, 1e308)],
  ['more than can be counted', lie(2 ** 53, 2 ** 53)],
  ['nothing but input', { prompt_tokens: 20, input_tokens: 20 }],
  ['a list', [20, 300]],
  ['a text', 'twenty'],
  ['null', null],
];

describe.each(SDK_CALLS)('usage of $name that lies', (sdk) => {
  it.each(LIES.flatMap(([name, usage]) => [[name, 'create', usage] as const, [name, 'stream', usage] as const]))(
    'charges the hold: %s, with %s',
    async (_, method, usage) => {
      const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 300, usage } });
      const guard = createGuard();
      const records = collectRecords(guard);
      const invalid: unknown[] = [];
      guard.on('invalid_usage', (event) => invalid.push(event));
      const opened = sdk.open(provider, { guard });

      const after = await guard.budget({ usd: 10 }).run(async (scope) => {
        const answer = await opened[method]();
        if (method === 'stream') await readAll(answer as AsyncIterable<unknown>);
        return { spent: scope.spent, held: scope.held };
      });

      const [record, ...others] = await records();
      expect(others).toEqual([]);
      expect(record?.basis).toBe('presumed');
      expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
      expect(record?.costNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
      expect(after.spent.usd).toBeGreaterThan(0);
      expect(after.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
      // A figure that is there and cannot be true is a lie; what is no usage at all was not told.
      if (JSON.stringify(usage).includes('output_tokens')) expect(invalid).toHaveLength(1);
    },
  );

  it.each(['create', 'stream'] as const)('is told as an event, with %s', async (method) => {
    const provider = await startProvider({ respond: { outputTokens: 300, usage: lie(20, -1) } });
    const guard = createGuard();
    const invalid: unknown[] = [];
    guard.on('invalid_usage', (event) => invalid.push(event));
    const opened = sdk.open(provider, { guard });

    const answer = await guard.track({ feature: 'search' }, () => opened[method]());
    if (method === 'stream') await readAll(answer as AsyncIterable<unknown>);

    expect(invalid).toEqual([{ id: expect.any(String), model: sdk.model, tags: { feature: 'search' } }]);
  });
});

describe.each(SDK_CALLS)('a stream of $name with faults in it', (sdk) => {
  it('is settled by its bill in spite of lines that are no events', async () => {
    const reply: FakeReply = { inputTokens: 20, outputTokens: 30, fault: 'malformed-sse', faultAfterChunks: 5 };
    const provider = await startProvider({ respond: reply });
    const guard = createGuard();
    const { raw } = sdk.open(provider, { guard });

    await (await raw({ stream: true })).text();

    expect(guard.report().total()).toMatchObject({ calls: 1, presumedCalls: 0, costUsd: provider.billed.usd });
  });

  it('counts the last usage where it comes more than once', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30, usageRepeated: true } });
    const guard = createGuard();
    const { stream } = sdk.open(provider, { guard });

    await readAll(await stream());

    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 50, costUsd: provider.billed.usd });
  });

  it.each([
    ['CR LF at its line ends', { crlf: true }],
    ['characters split over chunks', { splitBytes: 1, text: '東京 👩‍👩‍👧‍👦 '.repeat(10) }],
  ] as const)('is settled by its bill with %s', async (_, reply) => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30, ...reply } });
    const guard = createGuard();
    const { stream } = sdk.open(provider, { guard });

    await readAll(await stream());

    expect(guard.report().total()).toMatchObject({ presumedCalls: 0, costUsd: provider.billed.usd });
  });

  it('carries a single line of ten megabytes', async () => {
    const text = 'x'.repeat(10 * 1024 * 1024);
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30, chunks: [text] } });
    const guard = createGuard();
    const { raw } = sdk.open(provider, { guard });

    const body = await (await raw({ stream: true })).text();

    expect(body.includes(text)).toBe(true);
    expect(guard.report().total()).toMatchObject({ presumedCalls: 0, costUsd: provider.billed.usd });
  });

  it('is settled by a last event whose blank line never came', async () => {
    const recorded = await startProvider({ respond: { inputTokens: 20, outputTokens: 30 } });
    const asked = { stream: true, ...(sdk === CHAT && { stream_options: { include_usage: true } }) };
    const whole = await (await sdk.open(recorded).raw(asked)).text();
    const usageAt = Math.max(whole.lastIndexOf('"usage":{'), whole.lastIndexOf('"usage": {'));
    const cutShort = whole.slice(0, whole.indexOf('\n\n', usageAt) + 1);
    const provider = await startProvider({
      respond: { inputTokens: 20, outputTokens: 30, rawEvents: [cutShort] },
    });
    const guard = createGuard();
    const { raw } = sdk.open(provider, { guard });

    expect(await (await raw(asked)).text()).toBe(cutShort);

    expect(guard.report().total()).toMatchObject({ presumedCalls: 0, tokens: 50 });
  });
});

describe('an error inside a stream', () => {
  const FRAMES = {
    [CHAT.name]: 'data: {"error":{"message":"The server had an error","type":"server_error"}}\n\n',
    [RESPONSES.name]:
      'event: error\ndata: {"type":"error","code":"server_error","message":"The server had an error","sequence_number":0}\n\n',
    [MESSAGES.name]:
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
  };

  it.each(SDK_CALLS)('charges the hold and reaches the caller of $name as the error of the SDK', async (sdk) => {
    const rawEvents = [FRAMES[sdk.name] as string];
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30, rawEvents } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const bare = await sdk.open(provider).stream();
    const bareError = await readAll(bare).then(String, String);

    const error = await readAll(await sdk.open(provider, { guard }).stream()).then(String, String);

    expect(error).toBe(bareError);
    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ basis: 'presumed', outcome: 'failed' });
  });
});
