import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, type Guard, UnboundedCallError } from '../../src/index.js';
import { errorOf } from '../behaviours/sdk-calls.js';
import { useProviders } from '../testing/clients.js';

const startProvider = useProviders();
const CHAT_URL = 'https://api.openai.com/v1/chat/completions';
const AUDIO_URL = 'https://api.openai.com/v1/audio/transcriptions';
const BODY = { model: 'gpt-4o', max_tokens: 5000, messages: [{ role: 'user', content: 'Grüße' }] };
const TEXT = JSON.stringify(BODY);
const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };

type Bytes = Uint8Array<ArrayBuffer>;
const bytesOf = (buffer: Buffer): Bytes => new Uint8Array(buffer);
const gzipped = bytesOf(gzipSync(TEXT));

/** A guarded fetch whose provider answers with a bill, and what came to it. */
function open(guard: Guard) {
  const sent: { url: string; body: unknown; headers: Headers }[] = [];
  const send = guard.guardFetch(async (input, init) => {
    const request = new Request(input, init);
    const body = init?.body instanceof FormData ? init.body : new Uint8Array(await request.arrayBuffer());
    sent.push({ url: request.url, body, headers: request.headers });
    return Response.json({ model: 'gpt-4o', choices: [], usage: USAGE });
  });
  return { sent, send };
}

function coded(encoding: string, body: BodyInit): RequestInit {
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  return { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
}

describe('a body with a content-encoding', () => {
  const CODED: readonly (readonly [string, string, Bytes])[] = [
    ['gzip', 'gzip', gzipped],
    ['gzip by its old name', 'X-GZIP', gzipped],
    ['deflate', 'deflate', bytesOf(deflateSync(TEXT))],
    ['deflate without its frame', 'deflate', bytesOf(deflateRawSync(TEXT))],
    ['brotli', 'br', bytesOf(brotliCompressSync(TEXT))],
    ['two codings', 'deflate, gzip', bytesOf(gzipSync(deflateSync(TEXT)))],
    ['a coding that changes nothing', 'identity', new TextEncoder().encode(TEXT)],
  ];

  it.each(CODED)('is metered, and sent as it is: %s', async (_, encoding, body) => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    await guard.budget({ usd: 1 }).run(async (scope) => {
      await send(CHAT_URL, coded(encoding, body));
      expect(scope.spent.tokens).toBe(30);
    });

    expect(sent[0]?.body).toEqual(body);
    expect(sent[0]?.headers.get('content-encoding')).toBe(encoding);
  });

  it.each(CODED)('is refused where it does not fit: %s', async (_, encoding, body) => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    const error = await guard.budget({ usd: 0.01 }).run(() => errorOf(send(CHAT_URL, coded(encoding, body))));

    expect(BudgetExceededError.isInstance(error)).toBe(true);
    expect(sent).toEqual([]);
  });

  it.each(CODED)('is sent plain where a budget rewrites it: %s', async (_, encoding, body) => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    await guard.budget({ usd: 0.01, onExceed: 'clamp' }).run(() => send(CHAT_URL, coded(encoding, body)));

    expect(sent[0]?.headers.has('content-encoding')).toBe(false);
    const plain = JSON.parse(new TextDecoder().decode(sent[0]?.body as Bytes)) as typeof BODY;
    expect(plain).toMatchObject({ ...BODY, max_tokens: expect.any(Number) });
    expect(plain.max_tokens).toBeLessThan(1000);
  });

  it.each<[string, () => [string | Request, RequestInit?]]>([
    ['a stream', () => [CHAT_URL, coded('gzip', new Blob([gzipped]).stream())]],
    ['a blob', () => [CHAT_URL, coded('gzip', new Blob([gzipped]))]],
    ['a request object', () => [new Request(CHAT_URL, coded('gzip', gzipped))]],
  ])('is metered and sent as it is when it is %s', async (_, form) => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    await send(...form());

    expect(sent[0]?.body).toEqual(gzipped);
    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 30 });
  });

  it('is streamed with its usage asked for', async () => {
    const provider = await startProvider({ respond: { inputTokens: 10, outputTokens: 20 } });
    const guard = createGuard();
    const body = bytesOf(gzipSync(JSON.stringify({ ...BODY, stream: true })));

    const response = await guard.guardFetch()(`${provider.openaiBaseURL}/chat/completions`, coded('gzip', body));
    await response.text();

    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 30, presumedCalls: 0 });
  });
});

describe('a body that nobody can read, sent where calls are metered', () => {
  const form = () => {
    const fields = new FormData();
    fields.set('model', 'gpt-4o');
    return fields;
  };
  const UNREADABLE: readonly (readonly [string, () => [string | Request, RequestInit?]])[] = [
    ['a coding nobody knows', () => [CHAT_URL, coded('zstd', gzipped)]],
    ['a coding it does not have', () => [CHAT_URL, coded('gzip', new TextEncoder().encode(TEXT))]],
    ['a text that is said to be packed', () => [CHAT_URL, coded('gzip', TEXT)]],
    ['a body that is cut', () => [CHAT_URL, coded('gzip', gzipped.slice(0, 20))]],
    ['a stream of a coding nobody knows', () => [CHAT_URL, coded('zstd', new Blob([gzipped]).stream())]],
    [
      'more than anybody unpacks',
      () => [CHAT_URL, coded('br', bytesOf(brotliCompressSync(Buffer.alloc(64 * 1024 * 1024 + 1))))],
    ],
    [
      'fields in the form of an address',
      () => [CHAT_URL, { method: 'POST', body: new URLSearchParams({ model: 'x' }) }],
    ],
    ['a form where none is read', () => [CHAT_URL, { method: 'POST', body: form() }]],
    ['a request object with such a form', () => [new Request(CHAT_URL, { method: 'POST', body: form() })]],
    [
      'a form without its boundary',
      () => [AUDIO_URL, { method: 'POST', headers: { 'content-type': 'multipart/form-data' }, body: gzipped }],
    ],
    ['a text that is no JSON', () => [CHAT_URL, { method: 'POST', body: 'model=gpt-4o' }]],
    ['a JSON list', () => [CHAT_URL, { method: 'POST', body: '[]' }]],
  ];

  it.each(UNREADABLE)('is refused under every kind of cap, with what would help: %s', async (_, request) => {
    for (const caps of [{ usd: 100 }, { tokens: 1e9 }, { calls: 10 }]) {
      const guard = createGuard();
      const { sent, send } = open(guard);

      await guard.budget({ ...caps, onUnpriced: { assume: 'gpt-4o' } }).run(async (scope) => {
        const error = await errorOf(send(...request()));
        expect(UnboundedCallError.isInstance(error)).toBe(true);
        expect(String(error)).toMatch(/body cannot be read.*JSON text/);
        expect(scope.held.calls + scope.spent.calls).toBe(0);
      });

      expect(sent).toEqual([]);
      expect(guard.report().total().calls).toBe(0);
    }
  });

  it.each(UNREADABLE)('is sent on where no budget is in force, or one that only tells: %s', async (_, request) => {
    for (const run of [
      (_: Guard, work: () => Promise<unknown>) => work(),
      (guard: Guard, work: () => Promise<unknown>) => guard.budget({ usd: 0, mode: 'shadow' }).run(work),
    ]) {
      const guard = createGuard();
      const { sent, send } = open(guard);

      await run(guard, () => send(...request()));

      expect(sent).toHaveLength(1);
    }
  });

  it('is refused as any other call where no call fits any more', async () => {
    const guard = createGuard();
    const { send } = open(guard);

    const error = await guard.budget({ calls: 0 }).run(() => errorOf(send(CHAT_URL, coded('zstd', gzipped))));

    expect(BudgetExceededError.isInstance(error)).toBe(true);
  });

  it('is sent on to an address of a path that others have too', async () => {
    const guard = createGuard();
    const { sent, send } = open(guard);
    const init = { method: 'POST', body: form() };

    await guard.budget({ usd: 0 }).run(() => send('https://app.example/api/chat', init));

    expect(sent[0]?.body).toBe(init.body);
  });

  it('is sent on where there is none', async () => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    await guard.budget({ usd: 0 }).run(async () => {
      await send(CHAT_URL, { method: 'POST' });
      await send(new Request(CHAT_URL, { method: 'POST' }));
    });

    expect(sent).toHaveLength(2);
  });
});

describe('a form in a request object, or in bytes', () => {
  async function request(): Promise<Request> {
    const fields = new FormData();
    fields.set('model', 'gpt-4o-transcribe');
    fields.set('file', new Blob(['sound']), 'sound.wav');
    return new Request(AUDIO_URL, { method: 'POST', body: fields });
  }

  it.each<[string, () => Promise<[string | Request, RequestInit?]>]>([
    ['a request object', async () => [await request()]],
    [
      'bytes',
      async () => {
        const { headers, body } = await request();
        const bytes = new Uint8Array(await new Response(body).arrayBuffer());
        return [AUDIO_URL, { method: 'POST', headers, body: bytes }];
      },
    ],
  ])('is metered where forms are read: %s', async (_, make) => {
    const guard = createGuard();
    const { sent, send } = open(guard);

    await guard.budget({ usd: 100 }).run(async () => send(...(await make())));
    const error = await guard.budget({ usd: 0 }).run(async () => errorOf(send(...(await make()))));

    expect(sent).toHaveLength(1);
    expect(new TextDecoder().decode(sent[0]?.body as Bytes)).toContain('gpt-4o-transcribe');
    expect(guard.report().total().calls).toBe(1);
    expect(BudgetExceededError.isInstance(error)).toBe(true);
  });
});
