import type { Binding, Gate, Refused } from './client.js';
import { createGuardedFetch, type Fetch } from './fetch.js';
import { addLayer } from './layers.js';
import { refuseByStatus, refuseByThrowing } from './refuse.js';

/** The part of an SDK made by Stainless (openai, @anthropic-ai/sdk and others) that a guard needs. */
export interface StainlessClient {
  baseURL: string;
  fetch: Fetch;
  makeStatusError(status: number, error: unknown, message: string | undefined, headers: Headers): Error;
  withOptions(options: Record<string, unknown>): StainlessClient;
  /** The official seam of @anthropic-ai/sdk since 0.101. */
  middleware?: Middleware[];
}

type MiddlewareRequest = RequestInit & { readonly url: string };
type Middleware = (
  request: MiddlewareRequest,
  next: (request: MiddlewareRequest) => Promise<Response>,
) => Promise<Response>;

const GUARDED = Symbol('guarded by');
type Marked = { readonly [GUARDED]?: Gate };

export function isStainlessClient(client: object): client is StainlessClient {
  const candidate = client as Partial<Record<keyof StainlessClient, unknown>>;
  return (
    typeof candidate.fetch === 'function' &&
    typeof candidate.baseURL === 'string' &&
    typeof candidate.makeStatusError === 'function' &&
    typeof candidate.withOptions === 'function'
  );
}

/** Guards `client` in place; every clone made with `withOptions` is handed to `onClone`. Returns what undoes it. */
export function guardStainless(
  client: StainlessClient,
  gate: Gate,
  binding: Binding,
  onClone: (clone: StainlessClient) => void,
): () => void {
  const undoSeam = Array.isArray(client.middleware)
    ? guardByMiddleware(client.middleware, gate, binding)
    : guardByFetch(client, gate, binding);
  const undoClones = addLayer(client, 'withOptions', gate, (original) => (options) => {
    const clone = original.call(client, options);
    onClone(clone);
    return clone;
  });
  return () => {
    undoClones();
    undoSeam();
  };
}

function guardByMiddleware(chain: Middleware[], gate: Gate, binding: Binding): () => void {
  const middleware: Middleware = (request, next) => {
    const send: Fetch = (_, init) => next({ ...request, ...init });
    return createGuardedFetch(gate, send, binding, refuseByThrowing)(request.url, request);
  };
  // A clone inherits the chain of its parent, this link included.
  const inherited = chain.find((link) => (link as Marked)[GUARDED] === gate);
  if (inherited) return () => remove(chain, inherited);
  Object.defineProperty(middleware, GUARDED, { value: gate });
  // Last in the chain is next to the wire: what other middleware changes is seen.
  chain.push(middleware);
  return () => remove(chain, middleware);
}

function remove(chain: Middleware[], link: Middleware): void {
  const index = chain.indexOf(link);
  if (index >= 0) chain.splice(index, 1);
}

function guardByFetch(client: StainlessClient, gate: Gate, binding: Binding): () => void {
  // Thrown errors are retried and wrapped by these SDKs; a 402 is neither, and becomes our own error here.
  const refusals = new WeakMap<Headers, Refused['error']>();
  const undoFetch = addLayer(client, 'fetch', gate, (send) =>
    createGuardedFetch(gate, send, binding, (refused) =>
      refuseByStatus(refused, (headers, error) => refusals.set(headers, error)),
    ),
  );
  const undoError = addLayer(client, 'makeStatusError', gate, (original) => (status, error, message, headers) => {
    return refusals.get(headers) ?? original.call(client, status, error, message, headers);
  });
  return () => {
    undoError();
    undoFetch();
  };
}
