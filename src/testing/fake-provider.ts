import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeBilled } from './fake-bill.js';
import type { FakeScript } from './fake-reply.js';
import type { FakeRequest } from './fake-request.js';
import { type FakeProviderOptions, FakeService } from './fake-service.js';

/** A running fake provider. */
export interface FakeProvider {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The `baseURL` of an OpenAI client. */
  readonly openaiBaseURL: string;
  /** The `baseURL` of an Anthropic client. */
  readonly anthropicBaseURL: string;
  /** Every request on a known path, in order of arrival. Live: records change until their answer is complete. */
  readonly requests: readonly FakeRequest[];
  /** How many requests have arrived on known paths. */
  readonly calls: number;
  /** What would have been billed up to now. */
  readonly billed: FakeBilled;
  /** Answers all later requests so, after what is enqueued. */
  respondWith(script: FakeScript): void;
  /** Answers the next requests with these, one each, in order of arrival. */
  enqueue(...scripts: readonly FakeScript[]): void;
  /** Makes the answers to later requests wait for `releaseAll`. */
  hold(): void;
  releaseAll(): void;
  /** Resolves when at least `count` requests have arrived; rejects when the provider closes before. */
  waitForRequests(count: number): Promise<void>;
  /** Resolves when no request is open. */
  idle(): Promise<void>;
  /** Forgets requests and bill; scripts and the gate stay. Requests still open do not count afterwards. */
  reset(): void;
  /** Breaks all connections and stops listening. */
  close(): Promise<void>;
}

// A thousand clients connect at once in tests; the kernel's usual queue of a few hundred would make some wait a second.
const BACKLOG = 4096;
const KEEP_ALIVE_MS = 60_000;

/**
 * Starts an HTTP server on 127.0.0.1 that answers as OpenAI (chat completions, responses) and Anthropic (messages) do,
 * streamed and not, and counts what it would have billed. It is the ground truth a guard is checked against.
 *
 * The bill: an answer with a 2xx status is billed in full as soon as it is generated, read or not. An error status and
 * a reset before headers cost nothing (unless `billAnyway`). A stream that the client or a fault ends early costs its
 * input and the output of every chunk written, the one in flight included. A hang, a reset after headers and a
 * truncated body cost the whole answer, and so does a plain call whose client went away: the model has worked.
 *
 * @example
 * const provider = await startFakeProvider({ respond: { inputTokens: 1000, outputTokens: 500 } });
 * const openai = new OpenAI({ apiKey: 'none', baseURL: provider.openaiBaseURL });
 * await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
 * provider.billed.usd; // '0.0075'
 * await provider.close();
 */
export async function startFakeProvider(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const service = new FakeService(options);
  const server = createServer((request, response) => void service.handle(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    openaiBaseURL: `${url}/v1`,
    anthropicBaseURL: url,
    get requests() {
      return service.requests;
    },
    get calls() {
      return service.requests.length;
    },
    get billed() {
      return service.bill.total();
    },
    respondWith: (script) => service.respondWith(script),
    enqueue: (...scripts) => service.enqueue(scripts),
    hold: () => service.gate.hold(),
    releaseAll: () => service.gate.releaseAll(),
    waitForRequests: (count) => service.waitForRequests(count),
    idle: () => service.idle(),
    reset: () => service.reset(),
    async close() {
      service.stopWaiting();
      await closeServer(server);
      await service.idle();
    },
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
