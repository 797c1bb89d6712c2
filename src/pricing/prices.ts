import { ConfigError } from '../errors.js';
import { type Catalog, openCatalog } from './catalog.js';
import { explainMatch, type PriceExplanation, type PriceView, viewOf } from './explain.js';
import { type Candidate, candidatesFor } from './match.js';
import type { Price, PriceInput, PriceMatch, PriceTarget } from './price.js';
import { readPrice, readTarget } from './register.js';

interface Registered extends PriceTarget {
  readonly price: Price;
  readonly via: 'registered' | 'alias';
  readonly why: string;
}

const MAX_CACHED = 1000;

/**
 * The prices of one guard: those its user registered, over the bundled table. Nothing here is a guess: a name that no
 * rule leads to a row has no price.
 *
 * @example
 * prices.register('my-model', { input: 0.2, output: '0.8' });
 * prices.alias('my-azure-deployment', { like: 'gpt-4o' });
 * prices.lookup('gpt-4o')?.input; // 2.5, US dollars per million tokens
 */
export class Prices {
  readonly #catalog: Catalog;
  readonly #registered = new Map<string, Registered[]>();
  readonly #cache = new Map<string, PriceMatch | undefined>();

  constructor(catalog: Catalog = openCatalog()) {
    this.#catalog = catalog;
  }

  /** The day the bundled table was true, `YYYY-MM-DD`. */
  get asOf(): string {
    return this.#catalog.asOf;
  }

  /** The row for a model as it was asked for, and why; `undefined` where no rule leads to one. */
  match(model: string, provider?: string, baseURL?: string): PriceMatch | undefined {
    const registered = this.#registered.size > 0 && this.#findRegistered(model.toLowerCase(), provider, baseURL);
    if (registered) return { price: registered.price, via: registered.via, reason: registered.why };
    const key = `${provider ?? ''}\n${model}`;
    if (this.#cache.has(key)) return this.#cache.get(key);
    const found = this.#search(model, provider, baseURL);
    // Names can be made up by callers, so what is remembered is bounded.
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(key, found);
    return found;
  }

  /** Whether the user gave this very name a price. */
  isRegistered(model: string, provider?: string, baseURL?: string): boolean {
    return this.#findRegistered(model.toLowerCase(), provider, baseURL) !== undefined;
  }

  /** The price of a model in US dollars per million tokens; `undefined` where none is known. */
  lookup(model: string, provider?: string): PriceView | undefined {
    const found = this.match(model, provider);
    return found && viewOf(found.price);
  }

  /**
   * Gives a model a price, in US dollars per million tokens. 0 is a price. `like` fills what is not given.
   *
   * @throws ConfigError naming the figure that is missing, negative or no number.
   */
  register(target: string | PriceTarget, input: PriceInput): void {
    const read = readTarget(target);
    const like = input?.like === undefined ? undefined : this.#requireLike(read.model, input.like, read.provider);
    const price = readPrice(read, input, like, this.asOf);
    this.#add({ ...read, price, via: 'registered', why: `registered for ${read.model}` });
  }

  /**
   * Prices a deployment as another model.
   *
   * @throws ConfigError when the other model has no price.
   */
  alias(deployment: string | PriceTarget, options: { readonly like: string }): void {
    const read = readTarget(deployment);
    const like = this.#requireLike(read.model, options?.like, read.provider);
    this.#add({ ...read, price: like, via: 'alias', why: `${read.model} is an alias of ${like.model}` });
  }

  /** Which rate a model has, from where, as of when, and why; `String(…)` of it is one sentence. */
  explain(model: string, provider?: string): PriceExplanation {
    return explainMatch(model, this.match(model, provider));
  }

  /** Forgets what was registered. */
  reset(): void {
    this.#registered.clear();
    this.#cache.clear();
  }

  #requireLike(model: string, like: unknown, provider: string | undefined): Price {
    const found = typeof like === 'string' ? this.match(like, provider) : undefined;
    if (found) return found.price;
    throw new ConfigError({
      option: `price of '${model}': like`,
      value: like,
      remedy: 'name a model that has a price',
    });
  }

  #add(entry: Registered): void {
    const key = entry.model.toLowerCase();
    const others = (this.#registered.get(key) ?? []).filter(
      (other) => other.provider !== entry.provider || other.baseURL !== entry.baseURL,
    );
    // The narrower target comes first.
    const entries = [...others, entry].sort((left, right) => breadth(left) - breadth(right));
    this.#registered.set(key, entries);
    this.#cache.clear();
  }

  #findRegistered(name: string, provider: string | undefined, baseURL: string | undefined): Registered | undefined {
    return this.#registered.get(name)?.find((entry) => {
      if (entry.baseURL !== undefined && !baseURL?.startsWith(entry.baseURL)) return false;
      return entry.provider === undefined || entry.provider === provider;
    });
  }

  #search(model: string, provider: string | undefined, baseURL: string | undefined): PriceMatch | undefined {
    for (const candidate of candidatesFor(model)) {
      const registered = this.#findRegistered(candidate.name, candidate.provider ?? provider, baseURL);
      if (registered)
        return { price: registered.price, via: registered.via, reason: `${candidate.why}; ${registered.why}` };
      const found = this.#inCatalog(candidate, provider);
      if (found) return found;
    }
    return undefined;
  }

  #inCatalog(candidate: Candidate, provider: string | undefined): PriceMatch | undefined {
    const { name, via, why } = candidate;
    for (const host of [candidate.provider, provider]) {
      const price = host === undefined ? undefined : this.#catalog.at(host, name);
      if (price) return { price, via, reason: why };
    }
    const price = candidate.isOwnOnly ? undefined : this.#catalog.anywhere(name);
    if (price === undefined) return undefined;
    const elsewhere =
      provider === undefined || price.provider === provider
        ? ''
        : `; ${provider} has no row of its own, so the rate is that of ${price.provider}`;
    return { price, via, reason: `${why}${elsewhere}` };
  }
}

function breadth(target: PriceTarget): number {
  return (target.baseURL === undefined ? 2 : 0) + (target.provider === undefined ? 1 : 0);
}
