/** A stream of numbers that is the same for the same seed, on every machine. */
export interface Random {
  /** A whole number from 0 to `below`, exclusive. */
  below(below: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** Mulberry32: small, fast, and even enough to choose mutations with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined && items.length === 0) throw new Error('There is nothing to pick from');
      return item as (typeof items)[number];
    },
  };
}
