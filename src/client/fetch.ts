import type { Admission, AdmittedCall, Binding, Gate, OutgoingCall, Refused } from './client.js';
import { isCertainlyUnsent } from './network-error.js';
import { isMetered, isSigned, methodOf, signalOf, urlOf, withBody, withPath } from './outgoing.js';
import { Passage } from './passage.js';
import { type ReadBody, readRequestBody } from './request-body.js';
import { copyResponse, parseJsonObject } from './response.js';
import { type Abandoned, createAbandoned, tapStream } from './stream.js';
import { refuseUnreadable } from './unreadable.js';

/** The `fetch` a guard wraps. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** How a refusal reaches the code that called `fetch`. */
export type Refuse = (refused: Refused) => Response | Promise<Response>;

/**
 * A `fetch` that asks the gate before each POST to an LLM endpoint, settles with what comes back, and passes everything
 * else through untouched.
 */
export function createGuardedFetch(gate: Gate, send: Fetch, binding: Binding, refuse: Refuse): Fetch {
  const abandoned = createAbandoned();
  return async function guardedFetch(input, init) {
    const url = urlOf(input);
    if (methodOf(input, init) !== 'POST' || !isMetered(gate, url)) return send(input, init);
    const passage = Passage.enter(init, gate);
    if (passage === undefined) return send(input, init);
    const read = await readRequestBody(input, init);
    if (read === undefined) return send(input, init);
    const outgoing = {
      kind: 'http',
      url,
      bodyText: read.text ?? '',
      isForm: read.form !== undefined,
      isSigned: isSigned(input, init),
      binding,
      signal: signalOf(input, init),
    } as const;
    const sendable = read.replay === undefined ? init : { ...init, body: read.replay };
    const admission = await admit(gate, outgoing, read);
    return dispatch(admission, { input, init: sendable, read, passage, send, refuse, abandoned });
  };
}

async function admit(gate: Gate, outgoing: OutgoingCall, read: ReadBody): Promise<Admission> {
  const admission: Admission = read.text === undefined ? { kind: 'pass' } : await gate.admit(outgoing);
  if (admission.kind !== 'pass') return admission;
  const refusal = await refuseUnreadable(gate, outgoing);
  return refusal ? { kind: 'refused', refusal } : admission;
}

interface Outgoing {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
  readonly read: ReadBody;
  readonly passage: Passage;
  readonly send: Fetch;
  readonly refuse: Refuse;
  readonly abandoned: Abandoned;
}

async function dispatch(admission: Admission, outgoing: Outgoing): Promise<Response> {
  const { input, init, read, passage, send, refuse, abandoned } = outgoing;
  if (admission.kind === 'pass') return send(input, init);
  if (admission.kind === 'refused') {
    passage.stop();
    return refuse(admission.refusal);
  }
  const { call, body, path } = admission;
  const signal = signalOf(input, init);
  if (signal?.aborted) {
    passage.stop();
    await call.notSent();
    throw signal.reason;
  }
  let response: Response;
  try {
    const changed = body ? withBody(input, init, read, body) : init;
    response = await send(path === undefined ? input : withPath(input, path), passage.mark(changed));
  } catch (error) {
    if (!(await settleByInner(passage, call))) await (isCertainlyUnsent(error) ? call.notSent() : call.lost());
    throw error;
  }
  // As it came: the guard that made it knows it by its headers.
  if (await settleByInner(passage, call)) return response;
  return receive(response, call, { refuse, passage, signal, abandoned });
}

/** Settles what a guard nearer to the provider refused, which is no answer of the provider; whether it did. */
async function settleByInner(passage: Passage, call: AdmittedCall): Promise<boolean> {
  if (passage.paid) {
    passage.keep(passage.paid);
    await call.completed(passage.paid);
    return true;
  }
  if (!passage.isStopped) return false;
  passage.stop();
  await call.notSent();
  return true;
}

interface Receiving {
  readonly refuse: Refuse;
  readonly passage: Passage;
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
  const body = parseJsonObject(text);
  const crossed = await call.completed(body);
  if (!crossed) return copyResponse(response, bytes);
  if (body) receiving.passage.keep(body);
  return receiving.refuse(crossed);
}

/** Some compatible servers send their streams under another type, or none. */
function isStream(response: Response, call: AdmittedCall): boolean {
  const type = response.headers.get('content-type')?.toLowerCase() ?? '';
  if (/^(?:text\/event-stream|application\/vnd\.amazon\.eventstream)/.test(type) || call.expectsJsonStream) return true;
  return call.expectsStream && !type.startsWith('application/json');
}
