/** Runs a body with something in force; called anew for each step of a generator. */
export type Enter = <Result>(body: () => Result) => Result;

/** Whether an error is to be swallowed: the result is then `undefined`. */
export type Rescue = (error: unknown) => boolean;

type AnyGenerator = Generator | AsyncGenerator;

/**
 * Calls `body` inside `enter` and keeps its shape: a value stays a value, a promise a promise; for a generator or an
 * async iterable every `next`, `return` and `throw` runs inside. `onEnd` is told when a value or a promise is done.
 */
export function enterWith<Result>(enter: Enter, body: () => Result, rescue?: Rescue, onEnd?: () => void): Result {
  let result: Result;
  try {
    result = enter(body);
  } catch (error) {
    onEnd?.();
    if (rescue?.(error)) return undefined as Result;
    throw error;
  }
  if (onEnd) endWith(result, onEnd);
  if (isThenable(result)) return rescue ? (rescuePromise(result, rescue) as Result) : result;
  if (isGenerator(result)) return enterGenerator(result, enter, rescue) as Result;
  if (isAsyncIterable(result)) enterIterable(result, enter, rescue);
  return result;
}

/** A value ends its scope when it is there, a promise when it is settled; who iterates may go on for ever. */
function endWith(result: unknown, onEnd: () => void): void {
  if (isThenable(result)) void result.then(onEnd, onEnd);
  else if (!isGenerator(result) && !isAsyncIterable(result)) onEnd();
}

async function rescuePromise(promise: PromiseLike<unknown>, rescue: Rescue): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (rescue(error)) return undefined;
    throw error;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

function isGenerator(value: unknown): value is AnyGenerator {
  const tag = isObject(value) ? (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] : undefined;
  return tag === 'Generator' || tag === 'AsyncGenerator';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function enterGenerator(generator: AnyGenerator, enter: Enter, rescue?: Rescue): AnyGenerator {
  const step = (method: 'next' | 'return' | 'throw') => ({
    value: (...values: [unknown]) => runStep(() => enter(() => generator[method](...values)), rescue),
  });
  // The generator's own prototype stays, so it is still iterable, disposable and what `instanceof` says.
  return Object.create(Object.getPrototypeOf(generator), {
    next: step('next'),
    return: step('return'),
    throw: step('throw'),
  });
}

function runStep(step: () => unknown, rescue?: Rescue): unknown {
  if (!rescue) return step();
  const end = { done: true, value: undefined };
  try {
    const result = step();
    if (!isThenable(result)) return result;
    return rescuePromise(result, rescue).then((value) => value ?? end);
  } catch (error) {
    if (rescue(error)) return end;
    throw error;
  }
}

function enterIterable(iterable: AsyncIterable<unknown>, enter: Enter, rescue?: Rescue): void {
  if (!Object.isExtensible(iterable)) return;
  const original = iterable[Symbol.asyncIterator];
  Object.defineProperty(iterable, Symbol.asyncIterator, {
    configurable: true,
    writable: true,
    value: () => {
      const iterator = enter(() => original.call(iterable));
      const call = (method: 'next' | 'return' | 'throw') => (value?: unknown) =>
        runStep(() => enter(() => iterator[method]?.(value)), rescue);
      return {
        next: call('next'),
        ...(iterator.return && { return: call('return') }),
        ...(iterator.throw && { throw: call('throw') }),
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  });
}
