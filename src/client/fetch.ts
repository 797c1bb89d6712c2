import type { JsonObject } from '../wire/wire.js';
import type { Admission, AdmittedCall, Binding, Gate, Refused } from './client.js';
import { isCertainlyUnsent } from './network-error.js';
import { headerOf, isRequest, readRequestBody, rewrittenBody } from './request-body.js';
import { copyResponse, parseJsonObject } from './response.js';
import { type Abandoned, createAbandoned, tapStream } from './stream.js';

/** The `fetch` a guard wraps. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** How a refusal reaches the code that called `fetch`. */
export type Refuse = (refused: Refused) => Response | Promise<Response>;

// A guard that meets this mark sends the call on: a call guarded twice is held once. It is enumerable, so that it survives
// the copies an SDK makes of a request on its way.
const ADMITTED = Symbol.for('tokenguard.admitted');

/**
 * A `fetch` that asks the gate before each POST to an LLM endpoint, settles with what comes back, and passes everything
 * else through untouched.
 */
export function createGuardedFetch(gate: Gate, send: Fetch, binding: Binding, refuse: Refuse): Fetch {
  const abandoned = createAbandoned();
  return async function guardedFetch(input, init) {
    const url = urlOf(input);
    const method = (init?.method ?? (isRequest(input) ? input.method : 'GET')).toUpperCase();
    if (method !== 'POST' || (init !== undefined && ADMITTED in init) || !isMetered(gate, url))
      return send(input, init);
    const body = await readRequestBody(input, init);
    if (body === undefined) return send(input, init);
    const admission = await gate.admit({
      kind: 'http',
      url,
      bodyText: body.text,
      isForm: body.isForm ?? false,
      isSigned: isSigned(input, init),
      binding,
      signal: signalOf(input, init),
    });
    const outgoing = body.replay === undefined ? init : { ...init, body: body.replay };
    return dispatch(admission, { input, init: outgoing, send, refuse, abandoned });
  };
}

interface Outgoing {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
  readonly send: Fetch;
  readonly refuse: Refuse;
  readonly abandoned: Abandoned;
}

async function dispatch(admission: Admission, outgoing: Outgoing): Promise<Response> {
  const { input, init, send, refuse, abandoned } = outgoing;
  if (admission.kind === 'pass') return send(input, init);
  if (admission.kind === 'refused') return refuse(admission.refusal);
  const { call, body, path } = admission;
  const signal = signalOf(input, init);
  if (signal?.aborted) {
    await call.notSent();
    throw signal.reason;
  }
  let response: Response;
  try {
    const changed = body ? withBody(input, init, body) : marked(init);
    response = await send(path === undefined ? input : withPath(input, path), changed);
  } catch (error) {
    await (isCertainlyUnsent(error) ? call.notSent() : call.lost());
    throw error;
  }
  return receive(response, call, { refuse, signal, abandoned });
}

/** AWS signs the body and the path of a request before it is sent. */
function isSigned(input: string | URL | Request, init: RequestInit | undefined): boolean {
  return headerOf(input, init, 'authorization')?.startsWith('AWS4-') ?? false;
}

function withPath(input: string | URL | Request, path: string): string | Request {
  const url = new URL(urlOf(input));
  url.pathname = path;
  return isRequest(input) ? new Request(url, input) : url.href;
}

function signalOf(input: string | URL | Request, init: RequestInit | undefined): AbortSignal | undefined {
  return init?.signal ?? (isRequest(input) ? input.signal : undefined);
}

interface Receiving {
  readonly refuse: Refuse;
  readonly signal: AbortSignal | null | undefined;
  readonly abandoned: Abandoned;
}

async function receive(response: Response, call: AdmittedCall, receiving: Receiving): Promise<Response> {
  if (response.ok && response.body && isStream(response, call)) {
    return copyResponse(response, tapStream(response.body, call.streamed(), receiving));
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    await call.lost();
    // The caller meets the failure where he would without us: as he reads the body. A rejected fetch he might retry.
    return copyResponse(response, new ReadableStream({ start: (controller) => controller.error(error) }));
  }
  const text = new TextDecoder().decode(bytes);
  if (!response.ok) {
    await call.rejected(response.status, text);
    return copyResponse(response, bytes);
  }
  const crossed = await call.completed(parseJsonObject(text));
  return crossed ? receiving.refuse(crossed) : copyResponse(response, bytes);
}

/** Some compatible servers send their streams under another type, or none. */
function isStream(response: Response, call: AdmittedCall): boolean {
  const type = response.headers.get('content-type')?.toLowerCase() ?? '';
  if (/^(?:text\/event-stream|application\/vnd\.amazon\.eventstream)/.test(type) || call.expectsJsonStream) return true;
  return call.expectsStream && !type.startsWith('application/json');
}

function urlOf(input: string | URL | Request): string {
  if (typeof input === 'string') return input;
  return isRequest(input) ? input.url : input.href;
}

function isMetered(gate: Gate, url: string): boolean {
  if (!url.startsWith('http')) return false;
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start < 0) return false;
  const end = url.slice(start).search(/[?#]/);
  return gate.meters(end < 0 ? url.slice(start) : url.slice(start, start + end));
}

function marked(init: RequestInit | undefined): RequestInit {
  return { ...init, [ADMITTED]: true } as RequestInit;
}

function withBody(input: string | URL | Request, init: RequestInit | undefined, body: JsonObject): RequestInit {
  const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined));
  headers.delete('content-length');
  const given = init?.body;
  if (given instanceof Blob && given.type !== '' && !headers.has('content-type')) {
    headers.set('content-type', given.type);
  }
  // A form is given its boundary anew.
  if (given instanceof FormData) headers.delete('content-type');
  return { ...init, headers, body: rewrittenBody(given, body), [ADMITTED]: true } as RequestInit;
}
