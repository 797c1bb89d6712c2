import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { createFakeClock, type FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, MESSAGES, type OpenedSdk, RESPONSES, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();

const REPLIES: readonly (readonly [string, FakeReply])[] = [
  ['plain words', { outputTokens: 40 }],
  ['an empty answer', { outputTokens: 0 }],
  ['tool calls', { toolCalls: [{ name: 'look_up', arguments: { city: 'Zürich', days: 3 } }] }],
  ['visible reasoning', { outputTokens: 30, reasoningTokens: 10, visibleReasoning: true }],
  ['lines that end in CR LF', { outputTokens: 12, crlf: true }],
  ['bytes one by one', { text: 'Grüße aus 東京 👩‍👩‍👧‍👦 und „usage": null', splitBytes: 1 }],
  ['no usage', { outputTokens: 12, usage: 'omit' }],
  ['lines that are no events', { outputTokens: 12, fault: 'malformed-sse', faultAfterChunks: 4 }],
  ['an end without its last event', { outputTokens: 12, fault: 'no-terminal-event' }],
];

const REQUESTS: readonly (readonly [SdkCall, string, object])[] = [
  [CHAT, 'nothing said of usage', {}],
  [CHAT, 'usage asked for', { stream_options: { include_usage: true } }],
  [CHAT, 'usage declined', { stream_options: { include_usage: false } }],
  [CHAT, 'two choices', { n: 2 }],
  [RESPONSES, 'nothing special', {}],
  [MESSAGES, 'nothing special', {}],
];

// Servers that repeat a growing usage do so asked or not, so on a chat stream that did not ask it cannot be told whose it is.
const REPEATED_USAGE = ['usage that comes more than once', { outputTokens: 12, usageRepeated: true }] as const;

/** What `read` makes of the same answer without a guard and with one. */
async function compare<Result>(sdk: SdkCall, reply: FakeReply, read: (opened: OpenedSdk) => Promise<Result>) {
  const options = { respond: { inputTokens: 25, ...reply }, clock: createFakeClock({ nowMs: 1_790_000_000_000 }) };
  const bareProvider = await startProvider(options);
  const provider = await startProvider(options);
  const guard = createGuard();
  const outcome = async (opened: OpenedSdk) => {
    try {
      return { value: await read(opened) };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const bare = await outcome(sdk.open(bareProvider));
  const guarded = await guard.budget({ usd: 10 }).run(() => outcome(sdk.open(provider, { guard })));
  return { bare, guarded, guard, provider };
}

describe.each(REQUESTS.map(([sdk, request, body]) => ({ name: sdk.name, sdk, request, body })))(
  'a guarded stream of $name, $request,',
  ({ sdk, request, body }) => {
    const replies = sdk !== CHAT || request === 'usage asked for' ? [...REPLIES, REPEATED_USAGE] : REPLIES;

    it.each(replies)('is byte for byte the stream without a guard: %s', async (_, reply) => {
      const { bare, guarded, guard } = await compare(sdk, reply, async ({ raw }) =>
        (await raw({ stream: true, ...body })).text(),
      );

      expect(bare).toHaveProperty('value');
      expect(guarded).toEqual(bare);
      expect(guard.report().total().calls).toBe(1);
    });

    it.each(replies)('is event for event the stream without a guard: %s', async (_, reply) => {
      const { bare, guarded } = await compare(sdk, reply, async ({ stream }) => readAll(await stream(body)));

      expect(guarded).toEqual(bare);
    });
  },
);

describe.each(SDK_CALLS)('the ways to read a stream of $name', (sdk) => {
  it('give the same readable stream', async () => {
    const { bare, guarded } = await compare(sdk, { outputTokens: 20 }, async ({ stream }) => {
      const events = (await stream()) as unknown as { toReadableStream(): ReadableStream };
      return new Response(events.toReadableStream()).text();
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });

  it('give the same response beside the data', async () => {
    const { bare, guarded, provider } = await compare(sdk, { outputTokens: 20 }, async ({ client }) => {
      const { data, response } = await promiseOf(client, sdk).withResponse();
      const { date: _, ...headers } = Object.fromEntries(response.headers);
      const path = new URL(response.url).pathname;
      return { events: await readAll(data), headers, status: response.status, path, redirected: response.redirected };
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
    expect(provider.calls).toBe(1);
  });

  it('can be read into a buffer of the reader', async () => {
    const { bare, guarded } = await compare(sdk, { outputTokens: 20 }, async ({ raw }) => {
      const reader = (await raw({ stream: true })).body?.getReader({ mode: 'byob' });
      let text = '';
      for (;;) {
        const piece = await reader?.read(new Uint8Array(64));
        text += new TextDecoder().decode(piece?.value);
        if (piece?.done !== false) return text;
      }
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });
});

function promiseOf(client: OpenAI | Anthropic, sdk: SdkCall) {
  const body = { ...sdk.body, stream: true } as never;
  const promise =
    'chat' in client
      ? sdk === CHAT
        ? client.chat.completions.create(body)
        : client.responses.create(body)
      : client.messages.create(body);
  return promise as unknown as {
    withResponse(): Promise<{ data: AsyncIterable<unknown>; response: Response }>;
  };
}

describe('the helper classes of the SDKs', () => {
  const TOOLS: FakeReply = { text: 'Let me see', toolCalls: [{ name: 'look_up', arguments: { city: 'Rome' } }] };

  it('see the same chat stream', async () => {
    const { bare, guarded } = await compare(CHAT, TOOLS, async ({ client }) => {
      const stream = (client as OpenAI).chat.completions.stream(CHAT.body as never);
      const chunks: unknown[] = [];
      stream.on('chunk', (chunk) => chunks.push(structuredClone(chunk)));
      return { final: await stream.finalChatCompletion(), usage: await stream.totalUsage(), chunks };
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });

  it('see the same response stream', async () => {
    const { bare, guarded } = await compare(RESPONSES, TOOLS, async ({ client }) => {
      const stream = (client as OpenAI).responses.stream(RESPONSES.body as never);
      const events = await readAll(stream);
      return { events, final: await stream.finalResponse() };
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });

  it('see the same message stream', async () => {
    const { bare, guarded } = await compare(MESSAGES, TOOLS, async ({ client }) => {
      const stream = (client as Anthropic).messages.stream(MESSAGES.body as never);
      const events = await readAll(stream);
      return { events, final: await stream.finalMessage() };
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });
});

describe.each(SDK_CALLS)('an answer of $name that is not streamed', (sdk) => {
  it.each<[string, FakeReply]>([
    ['an ordinary one', { outputTokens: 20 }],
    ['one in many pieces', { text: 'Grüße 👩‍👩‍👧‍👦', splitBytes: 3 }],
    ['one behind a byte order mark', { rawEvents: ['\uFEFF{"id": "fake", "choices": []}'] }],
    ['one that is no JSON', { fault: 'malformed-sse' }],
  ])('reaches the caller byte for byte: %s', async (_, reply) => {
    const { bare, guarded } = await compare(sdk, reply, async ({ raw }) => {
      const response = await raw();
      const { date: __, ...headers } = Object.fromEntries(response.headers);
      return { bytes: [...new Uint8Array(await response.arrayBuffer())], headers };
    });

    expect(bare).toHaveProperty('value');
    expect(guarded).toEqual(bare);
  });
});
