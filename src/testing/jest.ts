/** The cost matchers with their types for jest, as `@types/jest` declares its matchers. */
export { type CostBaseline, type CostBaselineOptions, costBaseline } from './baseline.js';
export { costMatchers } from './matchers.js';

declare global {
  namespace jest {
    // The parameters must be those of jest's own declaration, though a cost has no use for the second.
    interface Matchers<R, T> {
      /** Passes where the cost in US dollars is known to be whole and is below `usd`. */
      toCostLessThan(usd: number | string): R;
    }
  }
}
