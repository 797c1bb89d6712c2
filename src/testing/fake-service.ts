import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../clock.js';
import { planAnswer } from './fake-answer.js';
import { anthropicProtocol } from './fake-anthropic.js';
import { createFakeBill, type FakeBill, type FakePrice, type FakeUsage } from './fake-bill.js';
import { FakeConnection } from './fake-connection.js';
import { deliver } from './fake-delivery.js';
import { FakeGate } from './fake-gate.js';
import { openaiChatProtocol } from './fake-openai-chat.js';
import { openaiResponsesProtocol } from './fake-openai-responses.js';
import { type FakeProtocol, isCeiling } from './fake-protocol.js';
import type { FakeReply, FakeScript } from './fake-reply.js';
import {
  type FakeRequest,
  inputTexts,
  type JsonRecord,
  type OpenFakeRequest,
  parseBody,
  publicHeaders,
} from './fake-request.js';

/** How a fake provider is set up. */
export interface FakeProviderOptions {
  /** Rates by model, added to `FAKE_PRICES`; US dollars per million tokens. */
  readonly prices?: Readonly<Record<string, FakePrice>>;
  /** What a model without a price is billed at. Default: 2.5 in, 10 out. */
  readonly defaultPrice?: FakePrice;
  /** What requests are answered with. Default: `{}`, sixteen words. */
  readonly respond?: FakeScript;
  /** Counts tokens of one text, for inputs and outputs whose count the reply does not give. Default: characters / 4. */
  readonly countTokens?: (text: string) => number;
  /** The most output tokens of a model: cuts answers there, and a request that asks for more is answered 400. */
  readonly maxOutputTokens?: Readonly<Record<string, number>>;
  /** Whether requests that the real service rejects are answered 400 (bad ceilings, both OpenAI names). Default: true. */
  readonly strict?: boolean;
  /** Where delays come from. Default: the clock of this machine. */
  readonly clock?: Clock;
  /** Whether bodies stay in `requests` after the answer. Default: true; turn it off for very many requests. */
  readonly keepBodies?: boolean;
}

const PROTOCOLS: readonly FakeProtocol[] = Object.freeze([
  openaiChatProtocol,
  openaiResponsesProtocol,
  anthropicProtocol,
]);
interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The state of one provider: what it saw, what it billed, what it will answer. */
export class FakeService {
  requests: OpenFakeRequest[] = [];
  readonly bill: FakeBill;
  readonly gate = new FakeGate();
  readonly #options: FakeProviderOptions;
  readonly #clock: Clock;
  readonly #queue: FakeScript[] = [];
  #respond: FakeScript;
  #openRequests = 0;
  #idleWaiters: (() => void)[] = [];
  #waiters: Waiter[] = [];

  constructor(options: FakeProviderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#respond = options.respond ?? {};
    this.bill = createFakeBill(options.prices ?? {}, options.defaultPrice ?? { input: 2.5, output: 10 });
  }

  respondWith(script: FakeScript): void {
    this.#respond = script;
  }

  enqueue(scripts: readonly FakeScript[]): void {
    this.#queue.push(...scripts);
  }

  waitForRequests(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ count, resolve, reject });
    });
  }

  idle(): Promise<void> {
    if (this.#openRequests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  reset(): void {
    this.requests = [];
    this.bill.reset();
  }

  stopWaiting(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(new Error('The fake provider was closed before the requests arrived'));
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#openRequests += 1;
    try {
      await this.#answer(message, response);
    } catch {
      // A connection that breaks while its request is being read has nobody to answer.
      response.destroy();
    }
    this.#openRequests -= 1;
    if (this.#openRequests > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (message.url ?? '').split('?', 1)[0] ?? '';
    const protocol = PROTOCOLS.find(({ pathSuffix }) => path.endsWith(pathSuffix));
    const bodyText = await readText(message);
    if (protocol === undefined || message.method !== 'POST') {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'Unknown path', type: 'invalid_request_error', code: 404 } }));
      return;
    }
    const body = parseBody(bodyText);
    const request = this.#record(message, { path, protocol, bodyText, body: body ?? {} });
    const connection = new FakeConnection(response, request, this.#clock);
    try {
      const problem =
        body === undefined ? 'We could not parse the JSON body of your request' : this.#problem(request, protocol);
      await this.#reply(connection, protocol, problem);
    } catch (error) {
      // A script that throws is a mistake in a test: it must be seen at once and not be retried by an SDK.
      const text = `The script of the fake provider failed: ${error instanceof Error ? error.message : String(error)}`;
      if (!connection.hasHead) connection.head(500, { 'content-type': 'application/json', 'x-should-retry': 'false' });
      await connection.send(JSON.stringify(protocol.errorBody(500, text)));
      connection.end();
    }
    await connection.ended;
    if (this.#options.keepBodies === false) {
      request.body = {};
      request.bodyText = '';
    }
  }

  #record(
    message: IncomingMessage,
    seen: {
      readonly path: string;
      readonly protocol: FakeProtocol;
      readonly bodyText: string;
      readonly body: JsonRecord;
    },
  ): OpenFakeRequest {
    const { body } = seen;
    const request: OpenFakeRequest = {
      index: this.requests.length,
      path: seen.path,
      wire: seen.protocol.wire,
      body,
      bodyText: seen.bodyText,
      headers: publicHeaders(message.headers),
      model: typeof body.model === 'string' ? body.model : '',
      stream: body.stream === true,
      aborted: false,
      chunksSent: 0,
      bytesSent: 0,
      billedNanoUsd: 0n,
    };
    this.requests.push(request);
    const ready = this.#waiters.filter(({ count }) => count <= this.requests.length);
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
    return request;
  }

  async #reply(connection: FakeConnection, protocol: FakeProtocol, problem: string | undefined): Promise<void> {
    const { request } = connection;
    const { body, index } = request;
    const limit = this.#options.maxOutputTokens?.[request.model];
    const script = problem === undefined ? (this.#queue.shift() ?? this.#respond) : rejection(protocol, problem);
    const reply = typeof script === 'function' ? await script(request, index) : script;
    const ceilings = [...protocol.ceilings(body), limit].filter(isCeiling);
    const answer = planAnswer(reply, {
      id: `fake${index}`,
      createdSeconds: Math.floor(this.#clock.nowMs() / 1000),
      model: request.model,
      texts: reply.inputTokens === undefined ? inputTexts(body) : [],
      countTokens: this.#options.countTokens,
      ceiling: ceilings.length > 0 ? Math.min(...ceilings) : undefined,
      choices: protocol.choices(body),
      showsReasoning: protocol.showsReasoning(body),
    });
    await deliver({ connection, reply, protocol, answer, gate: this.gate, bill: this.#biller(request, reply) });
  }

  #problem(request: FakeRequest, protocol: FakeProtocol): string | undefined {
    if (this.#options.strict === false) return undefined;
    return protocol.problem(request.body, this.#options.maxOutputTokens?.[request.model]);
  }

  #biller(request: OpenFakeRequest, reply: FakeReply): (usage: FakeUsage) => void {
    const { requests } = this;
    return (usage) => {
      // After a reset the record is no longer of this bill.
      if (request.usage !== undefined || requests !== this.requests) return;
      request.usage = usage;
      request.billedNanoUsd = this.bill.charge(reply.servedModel ?? request.model, reply.serviceTier, usage);
    };
  }
}

function rejection(protocol: FakeProtocol, problem: string): FakeReply {
  return { status: 400, errorBody: protocol.errorBody(400, problem) };
}

async function readText(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
