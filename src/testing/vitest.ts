// Names the module, so that the compiler finds what is declared anew below. It leaves no trace in the build.
import type {} from 'vitest';

/** The cost matchers with their types for vitest 3.2 and later. */
export { type CostBaseline, type CostBaselineOptions, costBaseline } from './baseline.js';
export { costMatchers } from './matchers.js';

declare module 'vitest' {
  // The type parameter must be named as vitest names it, though a cost has no use for it.
  interface Matchers<T> {
    /** Passes where the cost in US dollars is known to be whole and is below `usd`. */
    toCostLessThan(usd: number | string): void;
  }
}
