import type { JsonObject } from '../wire/wire.js';

/** A request body as the gate reads it. */
export interface RequestBody {
  readonly text: string;
  readonly isForm?: boolean;
  /** What to send in the place of a body that can be read only once. */
  readonly replay?: BodyInit;
}

/**
 * The body as text; a form is read as JSON of its fields, with files by name, size and type alone. `undefined` for
 * what no metered format uses.
 */
export async function readRequestBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<RequestBody | undefined> {
  const body: unknown = init?.body;
  if (typeof body === 'string') return { text: body };
  if (body === undefined || body === null) return isRequest(input) ? readRequestObject(input) : undefined;
  if (body instanceof FormData) return { text: JSON.stringify(fieldsOf(body)), isForm: true };
  if (body instanceof URLSearchParams) return undefined;
  const isReadOnce = typeof body === 'object' && Symbol.asyncIterator in body;
  if (!isReadOnce) return { text: await new Response(body as BodyInit).text() };
  const replay = new Uint8Array(await new Response(body as BodyInit).arrayBuffer());
  return { text: new TextDecoder().decode(replay), replay };
}

/** What to send in the place of `given`, with its fields changed to those of `body`. */
export function rewrittenBody(given: unknown, body: JsonObject): BodyInit {
  if (given instanceof FormData) return rewrittenForm(given, body);
  const text = JSON.stringify(body);
  // A text without a type is sent as plain text; bytes stay what they were, without one.
  return typeof given === 'object' && given !== null ? new TextEncoder().encode(text) : text;
}

async function readRequestObject(request: Request): Promise<RequestBody | undefined> {
  const isForm = request.headers.get('content-type')?.toLowerCase().startsWith('multipart/form-data');
  return isForm ? undefined : { text: await request.clone().text() };
}

function fieldsOf(form: FormData): JsonObject {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of form) {
    const field = typeof value === 'string' ? value : { name: value.name, size: value.size, type: value.type };
    const before = fields[name];
    fields[name] = before === undefined ? field : Array.isArray(before) ? [...before, field] : [before, field];
  }
  return fields;
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
