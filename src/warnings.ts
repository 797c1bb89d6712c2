/** A warning that goes to `process.emitWarning`, or to `onWarning`. */
export class TokenguardWarning extends Error {
  readonly code: string;

  constructor(name: string, code: string, message: string) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

/** A model without a price was called under a usd cap that does not refuse it. */
export class UnpricedModelWarning extends TokenguardWarning {
  constructor(model: string) {
    super(
      'UnpricedModelWarning',
      'TOKENGUARD_UNPRICED_MODEL',
      `No price is known for model '${model}': its calls are booked as $0. Call prices.register('${model}', { input, output }) or prices.alias('${model}', { like })`,
    );
  }
}

/** A budget was in force where no client of its guard was. */
export class UnguardedWarning extends TokenguardWarning {
  constructor(message: string) {
    super('UnguardedWarning', 'TOKENGUARD_UNGUARDED', message);
  }
}

/** Prices come from a table that is older than providers usually leave theirs unchanged. */
export class StalePriceTableWarning extends TokenguardWarning {
  constructor(message: string) {
    super('StalePriceTableWarning', 'TOKENGUARD_STALE_PRICES', message);
  }
}

// Enough for every real model of a program; a caller that makes names up cannot make this grow.
const MAX_REMEMBERED = 1000;

/** Sends each warning once for its key. What `onWarning` throws is dropped: a warning never harms a call. */
export function createWarner(listener: () => ((warning: TokenguardWarning) => void) | undefined) {
  const given = new Set<string>();
  return {
    warnOnce(key: string, make: () => TokenguardWarning): void {
      if (given.has(key) || given.size >= MAX_REMEMBERED) return;
      given.add(key);
      const warning = make();
      const onWarning = listener();
      try {
        if (onWarning) onWarning(warning);
        else process.emitWarning(warning);
      } catch {
        // The listener's own trouble.
      }
    },
    forget: () => given.clear(),
  };
}
