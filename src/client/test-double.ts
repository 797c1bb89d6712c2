import { BudgetExceededError } from '../errors.js';
import type { Admission, AdmittedCall, Binding, Gate } from './client.js';
import { followEvents } from './event-stream.js';
import { addLayer } from './layers.js';

type Method = (this: unknown, body: Record<string, unknown>, ...rest: unknown[]) => unknown;
type Holder = Record<string, unknown> & { create: Method };

/** Where an object that only has an SDK's methods has them, and the path of the same call over HTTP. */
const METHODS = [
  { keys: ['chat', 'completions', 'create'], path: '/v1/chat/completions' },
  { keys: ['responses', 'create'], path: '/v1/responses' },
  { keys: ['messages', 'create'], path: '/v1/messages' },
] as const;

/** Whether `client` has methods of an SDK but no transport: no `fetch` and no base URL. */
export function isTestDouble(client: object): boolean {
  return (
    !('fetch' in client) && !('baseURL' in client) && METHODS.some(({ keys }) => holderOf(client, keys) !== undefined)
  );
}

/** Guards the methods of `client` in place. Returns what undoes it. */
export function guardTestDouble(client: object, gate: Gate, binding: Binding): () => void {
  const undo: (() => void)[] = [];
  for (const { keys, path } of METHODS) {
    const holder = holderOf(client, keys);
    if (holder === undefined) continue;
    undo.push(addLayer(holder, 'create', gate, (inner) => guardMethod(inner as Method, path, gate, binding)));
  }
  return () => {
    for (const step of undo) step();
  };
}

function holderOf(client: object, keys: readonly string[]): Holder | undefined {
  let holder = client as Holder;
  for (const key of keys.slice(0, -1)) {
    const next: unknown = holder[key];
    if ((typeof next !== 'object' && typeof next !== 'function') || next === null) return undefined;
    holder = next as Holder;
  }
  return typeof holder[keys.at(-1) as string] === 'function' ? holder : undefined;
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
  // Of a guard nearer to the double: only what it refuses after it was paid has an answer.
  if (BudgetExceededError.isInstance(error) && error.response !== undefined) {
    await call.completed(isObject(error.response) ? error.response : undefined);
    return;
  }
  const status = isObject(error) ? error.status : undefined;
  if (typeof status === 'number') await call.rejected(status, '{"error":{}}');
  else await call.lost();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
