import type { Admission, AdmittedCall, Binding, EventTap, Gate } from './client.js';

type Method = (this: unknown, body: Record<string, unknown>, ...rest: unknown[]) => unknown;
type Holder = Record<string, unknown>;

/** Where an object that only has an SDK's methods has them, and the path of the same call over HTTP. */
const METHODS = [
  { keys: ['chat', 'completions', 'create'], path: '/v1/chat/completions' },
  { keys: ['responses', 'create'], path: '/v1/responses' },
  { keys: ['messages', 'create'], path: '/v1/messages' },
] as const;

/** Whether `client` has methods of an SDK but no transport: no `fetch` and no base URL. */
export function isTestDouble(client: object): boolean {
  return (
    !('fetch' in client) && !('baseURL' in client) && METHODS.some(({ keys }) => methodOf(client, keys) !== undefined)
  );
}

/** Guards the methods of `client` in place. Returns what undoes it. */
export function guardTestDouble(client: object, gate: Gate, binding: Binding): () => void {
  const undo: (() => void)[] = [];
  for (const { keys, path } of METHODS) {
    const found = methodOf(client, keys);
    if (found === undefined) continue;
    const { holder, method } = found;
    const own = Object.getOwnPropertyDescriptor(holder, 'create');
    Object.defineProperty(holder, 'create', {
      value: guardMethod(method, path, gate, binding),
      configurable: true,
      writable: true,
    });
    undo.push(() => {
      if (own) Object.defineProperty(holder, 'create', own);
      else delete holder.create;
    });
  }
  return () => {
    for (const step of undo) step();
  };
}

function methodOf(client: object, keys: readonly string[]): { holder: Holder; method: Method } | undefined {
  let holder = client as Holder;
  for (const key of keys.slice(0, -1)) {
    const next = holder[key];
    if ((typeof next !== 'object' && typeof next !== 'function') || next === null) return undefined;
    holder = next as Holder;
  }
  const method = holder[keys.at(-1) as string];
  return typeof method === 'function' ? { holder, method: method as Method } : undefined;
}

function guardMethod(method: Method, path: string, gate: Gate, binding: Binding): Method {
  return async function create(this: unknown, body, ...rest) {
    if (!isObject(body)) return method.call(this, body, ...rest);
    const admission: Admission = await gate.admit({ kind: 'method', path, body, binding });
    if (admission.kind === 'pass') return method.call(this, body, ...rest);
    if (admission.kind === 'refused') throw admission.refusal.error;
    const { call } = admission;
    let answer: unknown;
    try {
      answer = await method.call(this, admission.body ?? body, ...rest);
    } catch (error) {
      await settleRejection(error, call);
      throw error;
    }
    if (isAsyncIterable(answer)) return followEvents(answer, call.followed());
    const crossed = await call.completed(isObject(answer) ? answer : undefined);
    if (crossed) throw crossed.error;
    return answer;
  };
}

async function settleRejection(error: unknown, call: AdmittedCall): Promise<void> {
  const status = isObject(error) ? error.status : undefined;
  if (typeof status === 'number') await call.rejected(status, '{"error":{}}');
  else await call.lost();
}

/** The same object, whose iteration passes through the tap. */
function followEvents<Stream extends AsyncIterable<unknown>>(stream: Stream, tap: EventTap): Stream {
  const followed = follow(originalIterator(stream), tap);
  const overrides = {
    [Symbol.asyncIterator]: () => followed,
    ...('next' in stream && {
      next: () => followed.next(),
      return: () => followed.return(),
      throw: (error: unknown) => followed.throw(error),
    }),
  };
  if (!Object.isExtensible(stream)) return overrides as unknown as Stream;
  for (const key of Reflect.ownKeys(overrides)) {
    Object.defineProperty(stream, key, { value: Reflect.get(overrides, key), configurable: true, writable: true });
  }
  return stream;
}

/** Opens the iterator of `stream` by its methods as they are now: a generator is its own iterator, and gets new ones. */
function originalIterator(stream: AsyncIterable<unknown>): () => AsyncIterator<unknown> {
  const open = stream[Symbol.asyncIterator];
  const { next, return: end } = stream as Partial<AsyncIterator<unknown>>;
  return () => {
    const iterator = open.call(stream);
    if ((iterator as object) !== stream || next === undefined) return iterator;
    return { next: () => next.call(iterator), ...(end && { return: () => end.call(iterator) }) };
  };
}

async function* follow(open: () => AsyncIterator<unknown>, tap: EventTap): AsyncGenerator<unknown, void, unknown> {
  const iterator = open();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await nextOf(iterator, tap);
      if (done) {
        isOver = true;
        const error = await tap.ended();
        if (error) throw error;
        return;
      }
      const step = await tap.push(value);
      for (const event of step.show) yield event;
      if (step.error) throw step.error;
    }
  } finally {
    if (!isOver) {
      await tap.cut();
      await iterator.return?.();
    }
  }
}

async function nextOf(iterator: AsyncIterator<unknown>, tap: EventTap): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next();
  } catch (error) {
    await tap.broken();
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
