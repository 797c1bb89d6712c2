import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { type Catalog, openCatalog } from './catalog.js';
import { explainMatch, type PriceExplanation, type PriceView, viewOf } from './explain.js';
import { findInCatalog } from './find.js';
import { MAX_NAME_LENGTH, readingsOf } from './match.js';
import type { Price, PriceInput, PriceMatch, PriceTarget } from './price.js';
import { dayOf } from './price-table.js';
import type { RefreshOptions, RefreshOutcome } from './refresh.js';
import { readAliasOptions, readPrice, readTarget } from './register.js';
import { RegisteredPrices } from './registered-prices.js';

const MAX_CACHED = 1000;

/**
 * The prices of one guard: those its user registered, then his aliases, then the table in force. Nothing here is a guess:
 * a name that no rule leads to a row has no price. Names are compared without regard to case.
 *
 * @example
 * const prices = new Prices();
 * prices.register('my-model', { input: 0.2, output: '0.8' });
 * prices.alias('my-azure-deployment', { like: 'gpt-4o' });
 * prices.lookup('my-azure-deployment')?.input; // 2.5, US dollars per million tokens
 */
export class Prices {
  readonly #initial: Catalog;
  readonly #clock: Clock;
  readonly #registered = new RegisteredPrices();
  readonly #cache = new Map<string, PriceMatch | undefined>();
  #catalog: Catalog;
  #resets = 0;

  constructor(catalog: Catalog = openCatalog(), clock: Clock = systemClock) {
    this.#initial = catalog;
    this.#catalog = catalog;
    this.#clock = clock;
  }

  /** The day the table in force was true, `YYYY-MM-DD`. */
  get asOf(): string {
    return this.#catalog.asOf;
  }

  /** The row for a model as it was asked for, and why; `undefined` where no rule leads to one. */
  match(model: string, provider?: string, baseURL?: string): PriceMatch | undefined {
    const place = this.#registered.hasBaseURLs ? `${provider ?? ''}\n${baseURL ?? ''}` : (provider ?? '');
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
    const today = dayOf(this.#clock.nowMs());
    const price = readPrice(read, input, like, today);
    this.#registered.add({ ...read, price, via: 'registered', why: `registered for ${read.model}` });
    this.#cache.clear();
  }

  /**
   * Prices a deployment as another model: every figure of it, as it is now.
   *
   * @throws ConfigError when the other model has no price.
   */
  alias(deployment: string | PriceTarget, options: { readonly like: string }): void {
    const read = readTarget(deployment, 'prices.alias');
    const price = this.#requireLike(read, readAliasOptions(read, options));
    this.#registered.add({ ...read, price, via: 'alias', why: `${read.model} is an alias of ${price.model}` });
    this.#cache.clear();
  }

  /** Which rate a model has, from where, as of when, and why, frozen; `String(…)` of it is one sentence. */
  explain(model: string, provider?: string): PriceExplanation {
    return explainMatch(model, this.match(model, provider));
  }

  /**
   * Fetches a newer price table and puts it in force, if all of it can be true; else the table stays as it is, and the
   * outcome says why. What was registered stays. Calls in flight settle at the prices they were quoted at.
   *
   * By default the table is what genai-prices publishes, converted as the bundled one was; limits, service tiers and fees
   * that it lacks are those of the bundled table. A fetched table is of the day its server says it was written, or else
   * sent, and of today at the latest. A file that `save` wrote has its own day. An older table than the one in force is
   * refused, and so is one with a rate that is negative, missing or above 10 000 US dollars per million tokens, that
   * changed by more than a factor of 100, or with less than half of the rows in force. Nothing about the user is sent.
   *
   * @throws ConfigError only under `strict: true`, naming what was wrong.
   *
   * @example
   * const { refreshed, asOf, reason } = await prices.refresh();
   * if (!refreshed) console.warn(`prices are still those of ${asOf}: ${reason}`);
   */
  async refresh(options: RefreshOptions = {}): Promise<RefreshOutcome> {
    const resets = this.#resets;
    const inForce = (): Catalog => {
      if (resets === this.#resets) return this.#catalog;
      throw new ConfigError({ option: 'prices.refresh', value: 'reset', remedy: 'refresh after the reset' });
    };
    try {
      const { refreshTable } = await import('./refresh.js');
      await refreshTable(options, { inForce, put: (table) => this.#putInForce(openCatalog(table)) }, this.#clock);
      return this.#outcome();
    } catch (error) {
      if (options?.strict === true) throw error;
      return this.#outcome(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Writes the table in force to a file, at once or not at all: JSON lines, a header line first. What was registered is
   * not part of it.
   *
   * @throws ConfigError where the file cannot be written.
   *
   * @example
   * await prices.refresh();
   * await prices.save('prices.jsonl');
   */
  async save(file: string | URL): Promise<void> {
    const { table } = this.#catalog;
    const [{ pathOf, writePriceFile }, { writeTable }] = await Promise.all([
      import('./price-file.js'),
      import('./saved-table.js'),
    ]);
    const path = pathOf(file, 'prices.save');
    await writePriceFile(path, writeTable(table), `price table ${path}`);
  }

  /**
   * Puts a table in force that `save` wrote, checked as `refresh` checks one; it may be older than the one in force. What
   * was registered stays.
   *
   * @throws ConfigError where the file cannot be read, naming the line and the figure that cannot be true. The table in
   * force stays then.
   *
   * @example
   * await prices.load('prices.jsonl');
   */
  async load(file: string | URL): Promise<void> {
    const [{ pathOf, readPriceFile }, { readTable }] = await Promise.all([
      import('./price-file.js'),
      import('./saved-table.js'),
    ]);
    const path = pathOf(file, 'prices.load');
    const place = `price table ${path}`;
    const text = await readPriceFile(path, place);
    this.#putInForce(openCatalog(readTable(text, this.#catalog, place, this.#clock.nowMs())));
  }

  /** Forgets what was registered, fetched and loaded. */
  reset(): void {
    this.#resets += 1;
    this.#registered.clear();
    this.#putInForce(this.#initial);
  }

  #putInForce(catalog: Catalog): void {
    this.#catalog = catalog;
    this.#cache.clear();
  }

  #outcome(reason?: string): RefreshOutcome {
    const { asOf, size } = this.#catalog;
    return Object.freeze({
      refreshed: reason === undefined,
      asOf,
      models: size,
      ...(reason !== undefined && { reason }),
    });
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

  #search(model: string, provider: string | undefined, baseURL: string | undefined): PriceMatch | undefined {
    const readings = readingsOf(model);
    return this.#registered.find(readings, provider, baseURL) ?? findInCatalog(this.#catalog, readings, provider);
  }
}
