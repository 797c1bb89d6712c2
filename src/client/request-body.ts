import type { JsonObject } from '../wire/wire.js';
import { codingsOf, decodeContent } from './content-encoding.js';

/** A request body as the gate reads it. */
interface RequestBody {
  readonly text: string;
  /** The fields of a form, whose files `text` has by name, size and type alone. */
  readonly form?: FormData;
  /** What to send in the place of a body that can be read only once. */
  readonly replay?: BodyInit;
}

/** What is known of the body of a request: nothing, where there is one that cannot be read. */
export type ReadBody =
  | RequestBody
  | { readonly text: undefined; readonly form?: undefined; readonly replay?: BodyInit };

/** The body as text, or a form as JSON of its fields; `undefined` where there is none. */
export async function readRequestBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<ReadBody | undefined> {
  const body: unknown = init?.body;
  const encoding = headerOf(input, init, 'content-encoding');
  const isCoded = encoding !== undefined && codingsOf(encoding).length > 0;
  if (typeof body === 'string' && !isCoded) return body === '' ? undefined : { text: body };
  if (body instanceof FormData) return readForm(body);
  if (body instanceof URLSearchParams) return { text: undefined };
  const isGiven = body !== undefined && body !== null;
  if (!isGiven && (!isRequest(input) || input.body === null)) return undefined;
  const source = isGiven ? new Response(body as BodyInit) : (input as Request).clone();
  const bytes = new Uint8Array(await source.arrayBuffer());
  const replay = isGiven && isReadOnce(body) ? { replay: bytes } : {};
  const plain = isCoded ? await decodeContent(bytes, encoding) : bytes;
  const type = headerOf(input, init, 'content-type') ?? '';
  if (plain === undefined) return { text: undefined, ...replay };
  if (!/^multipart\/form-data/i.test(type)) return { text: new TextDecoder().decode(plain), ...replay };
  const form = await new Response(plain, { headers: { 'content-type': type } }).formData().catch(() => undefined);
  return form ? { ...readForm(form), ...replay } : { text: undefined, ...replay };
}

/** What to send in the place of `given`, with its fields changed to those of `body`. */
export function rewrittenBody(given: unknown, form: FormData | undefined, body: JsonObject): BodyInit {
  if (form) return rewrittenForm(form, body);
  const text = JSON.stringify(body);
  // A text without a type is sent as plain text; bytes stay what they were, without one.
  return typeof given === 'object' && given !== null ? new TextEncoder().encode(text) : text;
}

function isReadOnce(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

function readForm(form: FormData): RequestBody {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of form) {
    const field = typeof value === 'string' ? value : { name: value.name, size: value.size, type: value.type };
    const before = fields[name];
    fields[name] = before === undefined ? field : Array.isArray(before) ? [...before, field] : [before, field];
  }
  return { text: JSON.stringify(fields), form };
}

/** A copy of the form in which only the texts that were changed are changed: files are sent as they are. */
function rewrittenForm(form: FormData, body: JsonObject): FormData {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  for (const [name, value] of Object.entries(body)) {
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isText && form.get(name) !== String(value)) copy.set(name, String(value));
  }
  return copy;
}

/** Whether it is a request object, of this realm or of another `fetch` implementation. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && 'method' in input && 'url' in input;
}

/** One header of a request, without making a `Headers` of those it was given: this is on every call's way. */
export function headerOf(
  input: string | URL | Request,
  init: RequestInit | undefined,
  name: string,
): string | undefined {
  const headers = init?.headers ?? (isRequest(input) ? input.headers : undefined);
  if (headers === undefined) return undefined;
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const entries = Array.isArray(headers) ? headers : Object.entries(headers);
  return entries.find(([key]) => key?.toLowerCase() === name)?.[1];
}
