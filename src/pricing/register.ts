import { ConfigError } from '../errors.js';
import { isAmount, parseRate } from '../money.js';
import { parseApiece } from './apiece.js';
import type { LongContextRates, Price, PriceInput, PriceTarget } from './price.js';
import { COUNT_COLUMNS, FEE_COLUMNS, RATE_COLUMNS } from './price-row.js';
import { canonicalProvider } from './provider-names.js';

const FIGURES: readonly string[] = ['like', ...RATE_COLUMNS, ...FEE_COLUMNS, ...COUNT_COLUMNS, 'hidesReasoning'];
const TARGET_KEYS: readonly string[] = ['model', 'provider', 'baseURL'];

type GivenRates = Partial<Record<(typeof RATE_COLUMNS)[number], number>>;

/** Reads which calls a price is for. @throws ConfigError for a target without a model, or an option it does not know. */
export function readTarget(target: unknown, caller: string): PriceTarget {
  const read = typeof target === 'string' ? { model: target } : target;
  if (typeof read !== 'object' || read === null) {
    throw new ConfigError({ option: `${caller} model`, value: target, remedy: 'give a name, or { model, provider? }' });
  }
  refuseUnknown(`${caller} target`, read, TARGET_KEYS);
  const { model, provider, baseURL } = read as Partial<PriceTarget>;
  for (const [option, value] of Object.entries({ model: model ?? null, provider, baseURL })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new ConfigError({ option: `${caller} ${option}`, value, remedy: 'give a text that is not empty' });
    }
  }
  return {
    model: model as string,
    ...(provider !== undefined && { provider }),
    ...(baseURL !== undefined && { baseURL: readBaseURL(baseURL, caller) }),
  };
}

/** In the form of a request's own URL, without a slash at the end. */
function readBaseURL(baseURL: string, caller: string): string {
  if (!URL.canParse(baseURL)) {
    throw new ConfigError({
      option: `${caller} baseURL`,
      value: baseURL,
      remedy: "give a URL such as 'http://localhost:8000/v1'",
    });
  }
  return new URL(baseURL).href.replace(/\/+$/, '');
}

/** Whether a price for `target` holds for a call to `provider` that was sent to `url`. */
export function isServedAt(target: PriceTarget, provider: string | undefined, url: string | undefined): boolean {
  if (target.baseURL !== undefined) {
    const rest = url?.startsWith(target.baseURL) ? url.slice(target.baseURL.length) : undefined;
    // `http://gpu-1` is not the base of `http://gpu-10/v1`.
    if (rest === undefined || (rest !== '' && !/^[/?#]/.test(rest))) return false;
  }
  if (target.provider === undefined || target.provider === provider) return true;
  if (provider === undefined) return false;
  const canonical = canonicalProvider(target.provider);
  return canonical !== undefined && canonical === canonicalProvider(provider);
}

/** Reads which model a deployment is priced as. @throws ConfigError for an option it does not know. */
export function readAliasOptions(target: PriceTarget, options: unknown): unknown {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigError({ option: `alias of '${target.model}'`, value: options, remedy: 'give { like: model }' });
  }
  refuseUnknown(`alias of '${target.model}'`, options, ['like']);
  return (options as { readonly like?: unknown }).like;
}

/**
 * Makes a price from the figures a user gave, in US dollars per million tokens; `like` fills what is not given.
 *
 * @throws ConfigError naming the figure that is missing, negative or no number.
 */
export function readPrice(target: PriceTarget, input: PriceInput, like: Price | undefined, today: string): Price {
  const name = `price of '${target.model}'`;
  if (typeof input !== 'object' || input === null) {
    throw new ConfigError({ option: name, value: input, remedy: 'give { input, output } or { like }' });
  }
  refuseUnknown(name, input, FIGURES);
  const rates = readRates(name, input, like);
  const fees = readFees(name, input);
  const hasOwnRates = Object.keys(rates).length + Object.keys(fees).length > 0;
  const { hidesReasoning } = input;
  if (hidesReasoning !== undefined && typeof hidesReasoning !== 'boolean') {
    throw new ConfigError({ option: `${name}: hidesReasoning`, value: hidesReasoning, remedy: 'give true or false' });
  }
  return Object.freeze({
    ...like,
    ...(rates as Pick<Price, 'input' | 'output'>),
    ...(like?.longContext && { longContext: like.longContext.map((long) => atLeast(long, rates)) }),
    ...fees,
    ...readCounts(name, input),
    ...(hidesReasoning !== undefined && { hidesReasoning }),
    model: target.model,
    provider: target.provider ?? like?.provider ?? 'registered',
    source: like === undefined ? 'registered' : `registered, like ${like.model}`,
    asOf: like === undefined || hasOwnRates ? today : like.asOf,
  });
}

function readRates(name: string, input: PriceInput, like: Price | undefined): GivenRates {
  const given: GivenRates = {};
  for (const rate of RATE_COLUMNS) {
    const value = input[rate];
    if (value !== undefined) given[rate] = parseRate(value, `${name}: ${rate}`);
    else if (like === undefined && (rate === 'input' || rate === 'output')) {
      throw new ConfigError({
        option: `${name}: ${rate}`,
        value,
        remedy: 'give US dollars per million tokens (0 for free), or { like: model }',
      });
    }
  }
  return given;
}

function readFees(name: string, input: PriceInput): Partial<Record<(typeof FEE_COLUMNS)[number], number>> {
  const fees: Partial<Record<(typeof FEE_COLUMNS)[number], number>> = {};
  for (const fee of FEE_COLUMNS) {
    const value = input[fee];
    if (value === undefined) continue;
    fees[fee] = parseApiece(value, `${name}: ${fee}`);
  }
  return fees;
}

/** A long request is never cheaper a token than a short one: where the given rate is the dearer, it holds for both. */
function atLeast(long: LongContextRates, given: GivenRates): LongContextRates {
  const raised = RATE_COLUMNS.flatMap((rate) => {
    const value = given[rate];
    return value === undefined ? [] : [[rate, Math.max(value, long[rate] ?? 0)]];
  });
  return { ...long, ...(Object.fromEntries(raised) as GivenRates) };
}

function readCounts(name: string, input: PriceInput): Partial<Record<(typeof COUNT_COLUMNS)[number], number>> {
  const counts: Partial<Record<(typeof COUNT_COLUMNS)[number], number>> = {};
  for (const count of COUNT_COLUMNS) {
    const value = input[count];
    if (value === undefined) continue;
    if (!isAmount(value) || value === 0) {
      throw new ConfigError({ option: `${name}: ${count}`, value, remedy: 'give a whole number above 0' });
    }
    counts[count] = value;
  }
  return counts;
}

function refuseUnknown(option: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new ConfigError({ option: `${option}: ${key}`, value: key, remedy: `use one of: ${known.join(', ')}` });
    }
  }
}
