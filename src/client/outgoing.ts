import type { JsonObject } from '../wire/wire.js';
import type { Gate } from './client.js';
import { headerOf, isRequest, type ReadBody, rewrittenBody } from './request-body.js';

export function urlOf(input: string | URL | Request): string {
  if (typeof input === 'string') return input;
  return isRequest(input) ? input.url : input.href;
}

export function methodOf(input: string | URL | Request, init: RequestInit | undefined): string {
  return (init?.method ?? (isRequest(input) ? input.method : 'GET')).toUpperCase();
}

export function signalOf(input: string | URL | Request, init: RequestInit | undefined): AbortSignal | undefined {
  return init?.signal ?? (isRequest(input) ? input.signal : undefined);
}

export function isMetered(gate: Gate, url: string): boolean {
  if (!url.startsWith('http')) return false;
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start < 0) return false;
  const end = url.slice(start).search(/[?#]/);
  return gate.meters(end < 0 ? url.slice(start) : url.slice(start, start + end));
}

/** AWS signs the body and the path of a request before it is sent. */
export function isSigned(input: string | URL | Request, init: RequestInit | undefined): boolean {
  return headerOf(input, init, 'authorization')?.startsWith('AWS4-') ?? false;
}

export function withPath(input: string | URL | Request, path: string): string | Request {
  const url = new URL(urlOf(input));
  url.pathname = path;
  return isRequest(input) ? new Request(url, input) : url.href;
}

/** The options of the request with another body, which is sent plain. */
export function withBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
  read: ReadBody,
  body: JsonObject,
): RequestInit {
  const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined));
  headers.delete('content-length');
  headers.delete('content-encoding');
  const given = init?.body;
  if (given instanceof Blob && given.type !== '' && !headers.has('content-type')) {
    headers.set('content-type', given.type);
  }
  const { form } = read;
  // A form is given its boundary anew.
  if (form) headers.delete('content-type');
  return { ...init, headers, body: rewrittenBody(given, form, body) };
}
