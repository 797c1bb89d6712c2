import type { Reading } from './match.js';
import type { Price, PriceMatch, PriceTarget } from './price.js';
import { isServedAt } from './register.js';

/** A price a user gave, or an alias: for which calls, and why. */
export interface RegisteredPrice extends PriceTarget {
  readonly price: Price;
  readonly via: 'registered' | 'alias';
  readonly why: string;
}

/** The prices a user gave. Prices outrank aliases, and the narrower target comes first. */
export class RegisteredPrices {
  readonly #entries = new Map<string, readonly RegisteredPrice[]>();
  #hasBaseURLs = false;

  /** Whether it matters where a call is sent. */
  get hasBaseURLs(): boolean {
    return this.#hasBaseURLs;
  }

  /** Adds a price; one for the same target is replaced. */
  add(entry: RegisteredPrice): void {
    const key = entry.model.toLowerCase();
    const others = (this.#entries.get(key) ?? []).filter(
      ({ provider, baseURL, via }) => provider !== entry.provider || baseURL !== entry.baseURL || via !== entry.via,
    );
    this.#entries.set(
      key,
      [...others, entry].sort((left, right) => rank(left) - rank(right)),
    );
    this.#hasBaseURLs ||= entry.baseURL !== undefined;
  }

  find(
    readings: readonly Reading[],
    provider: string | undefined,
    baseURL: string | undefined,
  ): PriceMatch | undefined {
    if (this.#entries.size === 0) return undefined;
    return (
      this.#findVia('registered', readings, provider, baseURL) ?? this.#findVia('alias', readings, provider, baseURL)
    );
  }

  clear(): void {
    this.#entries.clear();
    this.#hasBaseURLs = false;
  }

  #findVia(
    via: RegisteredPrice['via'],
    readings: readonly Reading[],
    provider: string | undefined,
    baseURL: string | undefined,
  ): PriceMatch | undefined {
    for (const reading of readings) {
      // A price for a model says nothing of its fine-tunes, which cost more.
      if (reading.via === 'fine-tune') continue;
      const entry = this.#entries
        .get(reading.name)
        ?.find((each) => each.via === via && isServedAt(each, reading.provider ?? provider, baseURL));
      if (!entry) continue;
      const reason = reading.via === 'exact' ? entry.why : `${reading.why}; ${entry.why}`;
      return { price: entry.price, via, reason };
    }
    return undefined;
  }
}

/** The narrower target comes first: a base URL is narrower than a provider. */
function rank(target: PriceTarget): number {
  return (target.baseURL === undefined ? 2 : 0) + (target.provider === undefined ? 1 : 0);
}
