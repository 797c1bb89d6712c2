import { ConfigError } from '../errors.js';
import type { CanTruncate } from './options.js';
import { type Enter, enterWith, type Rescue } from './shapes.js';

/** Amounts of a scope in each unit: US dollars, tokens, calls. */
export interface ScopeAmounts {
  readonly usd: number;
  readonly tokens: number;
  readonly calls: number;
}

/** The live state of one run of a budget. `Report` is what its `report()` returns. */
export interface Scope<Report, ReportOptions> {
  readonly id: string;
  readonly name?: string;
  readonly spent: ScopeAmounts;
  readonly held: ScopeAmounts;
  /** What is neither spent nor held; `Infinity` in a unit without a cap. */
  readonly remaining: ScopeAmounts;
  /** What this run alone spent. */
  report(options?: ReportOptions): Report;
}

type AnyFunction = (...parameters: never[]) => unknown;

/** The result of a function whose budget may end it quietly. */
export type MaybeCut<Result, Cuts extends boolean> = Cuts extends false
  ? Result
  : Result extends PromiseLike<infer Value>
    ? Promise<Value | undefined>
    : Result extends Generator | AsyncGenerator
      ? Result
      : Result | undefined;

/** A function under a budget: the same parameters and `this`. */
export type Budgeted<Fn extends AnyFunction, Cuts extends boolean> = Cuts extends false
  ? Fn
  : (this: ThisParameterType<Fn>, ...parameters: Parameters<Fn>) => MaybeCut<ReturnType<Fn>, Cuts>;

/**
 * A budget: call it with a function to wrap it, put it on a method as a decorator, or open a scope with `run`.
 * Each call of the wrapped function, and each `run`, is a fresh account.
 */
export interface Budget<Cuts extends boolean, LiveScope> {
  <Fn extends AnyFunction>(fn: Fn): Budgeted<Fn, Cuts>;
  <Fn extends AnyFunction>(method: Fn, context: ClassMethodDecoratorContext): Fn;
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor;
  run<Result>(fn: (scope: LiveScope) => Result): MaybeCut<Result, Cuts>;
}

/** The budget that options of this type make. */
export type BudgetOf<Options, LiveScope> = Budget<CanTruncate<Options>, LiveScope>;

/** One opened run, as the wrapper needs it. */
export interface OpenedRun<LiveScope> {
  readonly enter: Enter;
  readonly scope: LiveScope;
  readonly rescue?: Rescue;
  readonly onEnd?: () => void;
}

/** Makes the callable budget around `open`, which opens a fresh run. */
export function createBudget<LiveScope>(open: () => OpenedRun<LiveScope>): Budget<boolean, LiveScope> {
  function wrap(fn: AnyFunction): AnyFunction {
    if (typeof fn !== 'function') {
      throw new ConfigError({
        option: 'budget function',
        value: fn,
        remedy: 'give the function to put under the budget',
      });
    }
    const wrapped = function (this: unknown, ...parameters: never[]): unknown {
      const { enter, rescue, onEnd } = open();
      return enterWith(enter, () => fn.apply(this, parameters), rescue, onEnd);
    };
    return Object.defineProperties(wrapped, {
      name: { value: fn.name, configurable: true },
      length: { value: fn.length, configurable: true },
    });
  }

  function decorate(target: unknown, _key?: unknown, descriptor?: PropertyDescriptor): unknown {
    if (descriptor === undefined) return wrap(target as AnyFunction);
    // The older decorators hand over the method inside its descriptor.
    return { ...descriptor, value: wrap(descriptor.value as AnyFunction) };
  }

  return Object.assign(decorate, {
    run<Result>(fn: (scope: LiveScope) => Result): Result {
      if (typeof fn !== 'function') {
        throw new ConfigError({ option: 'budget.run', value: fn, remedy: 'give the function to run under the budget' });
      }
      const { enter, rescue, onEnd, scope } = open();
      return enterWith(enter, () => fn(scope), rescue, onEnd);
    },
  }) as Budget<boolean, LiveScope>;
}
