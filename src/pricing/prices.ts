import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { type Catalog, openCatalog } from './catalog.js';
import { explainMatch, type PriceExplanation, type PriceView, viewOf } from './explain.js';
import { findInCatalog } from './find.js';
import { MAX_NAME_LENGTH, type Reading, readingsOf } from './match.js';
import type { Price, PriceInput, PriceMatch, PriceTarget } from './price.js';
import { isServedAt, readAliasOptions, readPrice, readTarget } from './register.js';

interface Registered extends PriceTarget {
  readonly price: Price;
  readonly via: 'registered' | 'alias';
  readonly why: string;
}

const MAX_CACHED = 1000;

/**
 * The prices of one guard: those its user registered, then his aliases, then the bundled table. Nothing here is a guess:
 * a name that no rule leads to a row has no price. Names are compared without regard to case.
 *
 * @example
 * const prices = new Prices();
 * prices.register('my-model', { input: 0.2, output: '0.8' });
 * prices.alias('my-azure-deployment', { like: 'gpt-4o' });
 * prices.lookup('my-azure-deployment')?.input; // 2.5, US dollars per million tokens
 */
export class Prices {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #registered = new Map<string, readonly Registered[]>();
  readonly #cache = new Map<string, PriceMatch | undefined>();
  #hasBaseURLs = false;

  constructor(catalog: Catalog = openCatalog(), clock: Clock = systemClock) {
    this.#catalog = catalog;
    this.#clock = clock;
  }

  /** The day the bundled table was true, `YYYY-MM-DD`. */
  get asOf(): string {
    return this.#catalog.asOf;
  }

  /** The row for a model as it was asked for, and why; `undefined` where no rule leads to one. */
  match(model: string, provider?: string, baseURL?: string): PriceMatch | undefined {
    const place = this.#hasBaseURLs ? `${provider ?? ''}\n${baseURL ?? ''}` : (provider ?? '');
    const key = `${place}\n${model}`;
    const known = this.#cache.get(key);
    if (known !== undefined || this.#cache.has(key)) return known;
    const found = this.#search(model, provider, baseURL);
    // Callers may make names up without end, so what is remembered is bounded in number and in length.
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    if (model.length <= MAX_NAME_LENGTH) this.#cache.set(key, found);
    return found;
  }

  /** Whether the price of this model is one the user gave, by a price or by an alias. */
  isRegistered(model: string, provider?: string, baseURL?: string): boolean {
    const via = this.match(model, provider, baseURL)?.via;
    return via === 'registered' || via === 'alias';
  }

  /** The price of a model in US dollars per million tokens, frozen; `undefined` where none is known. */
  lookup(model: string, provider?: string): PriceView | undefined {
    const found = this.match(model, provider);
    return found && viewOf(found.price);
  }

  /**
   * Gives a model a price, in US dollars per million tokens: a number or a decimal string. 0 is a price. `like` fills
   * what is not given; without it, `input` and `output` are required. Registering the same target again replaces it.
   *
   * @throws ConfigError naming the figure that is missing, negative, no number or unknown.
   */
  register(target: string | PriceTarget, input: PriceInput): void {
    const read = readTarget(target, 'prices.register');
    const like = input?.like === undefined ? undefined : this.#requireLike(read, input.like);
    const today = new Date(this.#clock.nowMs()).toISOString().slice(0, 'YYYY-MM-DD'.length);
    const price = readPrice(read, input, like, today);
    this.#add({ ...read, price, via: 'registered', why: `registered for ${read.model}` });
  }

  /**
   * Prices a deployment as another model: every figure of it, as it is now.
   *
   * @throws ConfigError when the other model has no price.
   */
  alias(deployment: string | PriceTarget, options: { readonly like: string }): void {
    const read = readTarget(deployment, 'prices.alias');
    const price = this.#requireLike(read, readAliasOptions(read, options));
    this.#add({ ...read, price, via: 'alias', why: `${read.model} is an alias of ${price.model}` });
  }

  /** Which rate a model has, from where, as of when, and why, frozen; `String(…)` of it is one sentence. */
  explain(model: string, provider?: string): PriceExplanation {
    return explainMatch(model, this.match(model, provider));
  }

  /** Forgets what was registered. */
  reset(): void {
    this.#registered.clear();
    this.#cache.clear();
    this.#hasBaseURLs = false;
  }

  #requireLike(target: PriceTarget, like: unknown): Price {
    const found =
      typeof like === 'string' ? (this.match(like, target.provider, target.baseURL) ?? this.match(like)) : undefined;
    if (found) return found.price;
    throw new ConfigError({
      option: `price of '${target.model}': like`,
      value: like,
      remedy: 'name a model that has a price',
    });
  }

  #add(entry: Registered): void {
    const key = entry.model.toLowerCase();
    const others = (this.#registered.get(key) ?? []).filter(
      ({ provider, baseURL, via }) => provider !== entry.provider || baseURL !== entry.baseURL || via !== entry.via,
    );
    this.#registered.set(
      key,
      [...others, entry].sort((left, right) => rank(left) - rank(right)),
    );
    this.#hasBaseURLs ||= entry.baseURL !== undefined;
    this.#cache.clear();
  }

  #search(model: string, provider: string | undefined, baseURL: string | undefined): PriceMatch | undefined {
    const readings = readingsOf(model);
    return (
      this.#findRegistered(readings, 'registered', provider, baseURL) ??
      this.#findRegistered(readings, 'alias', provider, baseURL) ??
      findInCatalog(this.#catalog, readings, provider)
    );
  }

  #findRegistered(
    readings: readonly Reading[],
    via: Registered['via'],
    provider: string | undefined,
    baseURL: string | undefined,
  ): PriceMatch | undefined {
    if (this.#registered.size === 0) return undefined;
    for (const reading of readings) {
      // A price for a model says nothing of its fine-tunes, which cost more.
      if (reading.via === 'fine-tune') continue;
      const entry = this.#registered
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
