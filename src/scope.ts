import { AsyncLocalStorage } from 'node:async_hooks';
import type { BudgetRun } from './budget/run.js';
import { ConfigError } from './errors.js';
import type { Tags, TagValue } from './sink/sink.js';

/** What is in force where code runs: budgets, outermost first, and tags. Immutable. */
export interface Context {
  readonly runs: readonly BudgetRun[];
  readonly tags: Readonly<Record<string, TagValue>>;
}

interface Shared {
  readonly storage: AsyncLocalStorage<Context>;
  /** The default guard, made at its first use by whichever copy of the package is first. */
  guard?: unknown;
}

const SHARED = Symbol.for('tokenguard.shared.v1');
const NO_TAGS: Context['tags'] = Object.freeze(Object.create(null));
const NO_CONTEXT: Context = Object.freeze({ runs: Object.freeze([]), tags: NO_TAGS });

/**
 * The one entry that all copies of this package share, so that a budget opened through one copy binds a client that was
 * guarded through another. Its name carries a version: a copy with another shape keeps to itself.
 */
export function shared(): Shared {
  const holder = globalThis as { [SHARED]?: Shared };
  holder[SHARED] ??= { storage: new AsyncLocalStorage<Context>() };
  return holder[SHARED];
}

const MAX_NESTED_BUDGETS = 1000;

/** The budgets and tags in force here. */
export function currentContext(): Context {
  return shared().storage.getStore() ?? NO_CONTEXT;
}

/** Runs `fn` with `context` in force. */
export function runInContext<Result>(context: Context, fn: () => Result): Result {
  return shared().storage.run(context, fn);
}

/** The current context with one more budget inside the others. */
export function withRun(run: BudgetRun): Context {
  const { runs, tags } = currentContext();
  // A recursion that opens a budget in each step would hold on all of them at every call.
  if (runs.length >= MAX_NESTED_BUDGETS) {
    const remedy = `nest at most ${MAX_NESTED_BUDGETS} budgets; open one around a recursion, not in each of its steps`;
    throw new ConfigError({ option: 'nested budgets', value: runs.length + 1, remedy });
  }
  return { runs: Object.freeze([...runs, run]), tags };
}

/** The current context with `tags` over those already there. */
export function withTags(tags: Tags): Context {
  const { runs, tags: outer } = currentContext();
  return { runs, tags: mergeTags(outer, readTags(tags)) };
}

/** `inner` over `outer`; a tag set to `undefined` is not set. */
export function mergeTags(outer: Tags, inner: Tags): Context['tags'] {
  // Without a prototype, a key such as `__proto__` is a key like any other.
  const merged: Record<string, TagValue> = Object.create(null);
  for (const tags of [outer, inner]) {
    for (const key of Object.keys(tags)) {
      const value = tags[key];
      if (value !== undefined) merged[key] = value;
    }
  }
  return Object.freeze(merged);
}

/**
 * Checks tags that a user wrote.
 *
 * @throws ConfigError naming the tag whose value is not text, a number or a boolean.
 */
export function readTags(tags: unknown): Tags {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
    throw new ConfigError({ option: 'tags', value: tags, remedy: "give an object such as { feature: 'search' }" });
  }
  for (const [key, value] of Object.entries(tags)) {
    if (value !== undefined && !['string', 'number', 'boolean'].includes(typeof value)) {
      throw new ConfigError({ option: `tag '${key}'`, value, remedy: 'give a string, a number or a boolean' });
    }
  }
  return tags as Tags;
}

/**
 * Carries the budgets and tags in force here to wherever `fn` is called: a pool, a queue, an event emitter.
 *
 * @example
 * queue.add(bind(() => client.chat.completions.create(request)));
 */
export function bind<This, Parameters extends unknown[], Result>(
  fn: (this: This, ...parameters: Parameters) => Result,
): (this: This, ...parameters: Parameters) => Result {
  if (typeof fn !== 'function') {
    throw new ConfigError({ option: 'bind', value: fn, remedy: 'give the function to bind' });
  }
  const context = currentContext();
  return function bound(...parameters) {
    return runInContext(context, () => fn.apply(this, parameters));
  };
}
