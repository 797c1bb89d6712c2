/** Remembers the models that billed more than their bound, and by how much. */
export interface Headroom {
  /** What to multiply a bound by: 1 for a model that keeps to it. */
  of(provider: string, model: string): number;
  /** A model was billed `ratio` times its bound; whether it had kept to it until now. */
  exceeded(provider: string, model: string, ratio: number): boolean;
  clear(): void;
}

// Enough for every real model of a program; names that callers make up cannot make this grow.
const MAX_MODELS = 1000;

/**
 * A bound that was passed once is no longer proven for that model: later calls hold as much more as it went over, so
 * that the same excess fits the hold.
 */
export function createHeadroom(): Headroom {
  const ratios = new Map<string, number>();
  const keyOf = (provider: string, model: string) => `${provider}\n${model}`;
  return {
    of: (provider, model) => (ratios.size === 0 ? 1 : (ratios.get(keyOf(provider, model)) ?? 1)),
    exceeded(provider, model, ratio) {
      const key = keyOf(provider, model);
      const known = ratios.get(key);
      if (known === undefined && ratios.size >= MAX_MODELS) return false;
      ratios.set(key, Math.max(known ?? 1, ratio));
      return known === undefined;
    },
    clear: () => ratios.clear(),
  };
}
