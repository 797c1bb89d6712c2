import type { MaybePromise } from '../ledger/ledger.js';

/**
 * Goes on with a value that is there or will be. A ledger in this process answers at once, and then a call pays for no
 * promise: each one costs more than the whole of the booking does.
 */
export function after<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
