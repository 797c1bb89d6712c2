import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Guard, SpendRecord } from '../../src/index.js';
import type { FakeProvider } from '../../src/testing/index.js';

/** What a test may say of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** One API of one SDK, opened on a provider. */
export interface OpenedSdk {
  readonly client: OpenAI | Anthropic;
  create(body?: object, options?: CallOptions): Promise<unknown>;
  stream(body?: object, options?: CallOptions): Promise<AsyncIterable<unknown>>;
  /** The response itself, its body unread. */
  raw(body?: object, options?: CallOptions): Promise<Response>;
}

/** How a test opens it. */
export interface OpenOptions {
  readonly guard?: Guard;
  readonly maxRetries?: number;
  readonly timeout?: number;
}

/** One API of one SDK, and what its requests look like. */
export interface SdkCall {
  readonly name: string;
  readonly model: string;
  /** US dollars per million tokens, as the fake provider bills them. */
  readonly rates: { readonly input: number; readonly output: number };
  /** The name of the output ceiling in its requests. */
  readonly ceiling: string;
  /** A request of this API without a ceiling where the API allows that. */
  readonly body: Readonly<Record<string, unknown>>;
  open(provider: FakeProvider, options?: OpenOptions): OpenedSdk;
}

const API_KEY = 'sk-canary-key';
const QUESTION = 'What is the meaning of all this?';

function openaiClient(provider: FakeProvider, { guard, maxRetries = 0, timeout }: OpenOptions): OpenAI {
  const client = new OpenAI({
    apiKey: API_KEY,
    baseURL: provider.openaiBaseURL,
    maxRetries,
    // What a fault makes an SDK print is not what these tests are about.
    logLevel: 'off',
    ...(timeout !== undefined && { timeout }),
  });
  return guard ? guard.instrument(client) : client;
}

function anthropicClient(provider: FakeProvider, { guard, maxRetries = 0, timeout }: OpenOptions): Anthropic {
  const client = new Anthropic({
    apiKey: API_KEY,
    baseURL: provider.anthropicBaseURL,
    maxRetries,
    // What a fault makes an SDK print is not what these tests are about.
    logLevel: 'off',
    ...(timeout !== undefined && { timeout }),
  });
  return guard ? guard.instrument(client) : client;
}

export const CHAT: SdkCall = {
  name: 'openai chat completions',
  model: 'gpt-4o',
  rates: { input: 2.5, output: 10 },
  ceiling: 'max_completion_tokens',
  body: { model: 'gpt-4o', messages: [{ role: 'user', content: QUESTION }], max_completion_tokens: 500 },
  open(provider, options = {}) {
    const client = openaiClient(provider, options);
    const { completions } = client.chat;
    const params = (body: object, stream: boolean) => ({ ...CHAT.body, ...body, ...(stream && { stream }) }) as never;
    return {
      client,
      create: async (body = {}, call) => completions.create(params(body, false), call),
      stream: async (body = {}, call) => (await completions.create(params(body, true), call)) as never,
      raw: (body = {}, call) => completions.create(params(body, false), call).asResponse(),
    };
  },
};

export const RESPONSES: SdkCall = {
  name: 'openai responses',
  model: 'gpt-4o',
  rates: { input: 2.5, output: 10 },
  ceiling: 'max_output_tokens',
  body: { model: 'gpt-4o', input: QUESTION, max_output_tokens: 500 },
  open(provider, options = {}) {
    const client = openaiClient(provider, options);
    const params = (body: object, stream: boolean) =>
      ({ ...RESPONSES.body, ...body, ...(stream && { stream }) }) as never;
    return {
      client,
      create: async (body = {}, call) => client.responses.create(params(body, false), call),
      stream: async (body = {}, call) => (await client.responses.create(params(body, true), call)) as never,
      raw: (body = {}, call) => client.responses.create(params(body, false), call).asResponse(),
    };
  },
};

export const MESSAGES: SdkCall = {
  name: 'anthropic messages',
  model: 'claude-sonnet-4-6',
  rates: { input: 3, output: 15 },
  ceiling: 'max_tokens',
  body: { model: 'claude-sonnet-4-6', messages: [{ role: 'user', content: QUESTION }], max_tokens: 500 },
  open(provider, options = {}) {
    const client = anthropicClient(provider, options);
    const params = (body: object, stream: boolean) =>
      ({ ...MESSAGES.body, ...body, ...(stream && { stream }) }) as never;
    return {
      client,
      create: async (body = {}, call) => client.messages.create(params(body, false), call),
      stream: async (body = {}, call) => (await client.messages.create(params(body, true), call)) as never,
      raw: (body = {}, call) => client.messages.create(params(body, false), call).asResponse(),
    };
  },
};

/** Every API of every SDK that is guarded. */
export const SDK_CALLS: readonly SdkCall[] = [CHAT, RESPONSES, MESSAGES];

/** Keeps every record the guard publishes; call what it returns for those so far. */
export function collectRecords(guard: Guard): () => Promise<readonly SpendRecord[]> {
  const byId = new Map<string, SpendRecord>();
  guard.addSink({
    name: 'collector',
    write(records) {
      for (const record of records) byId.set(record.id, record);
    },
  });
  return async () => {
    await guard.flush();
    return [...byId.values()];
  };
}

/** The exact cost of all records in nano-dollars. */
export function totalNanoUsd(records: readonly SpendRecord[]): number {
  return records.reduce((sum, record) => sum + record.costNanoUsd, 0);
}

/** Reads a stream to its end. */
export async function readAll<Event>(stream: AsyncIterable<Event>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** What a promise rejects with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail');
}
