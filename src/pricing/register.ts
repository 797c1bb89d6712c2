import { ConfigError } from '../errors.js';
import { isAmount, parseRate } from '../money.js';
import type { Price, PriceInput, PriceTarget } from './price.js';

const RATES = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'audioInput', 'audioOutput'] as const;
const COUNTS = ['maxOutputTokens', 'contextTokens'] as const;
const KEYS: readonly string[] = ['like', ...RATES, ...COUNTS, 'hidesReasoning'];

/** Reads which calls a registered price is for. @throws ConfigError for a target without a model. */
export function readTarget(target: unknown): PriceTarget {
  const read = typeof target === 'string' ? { model: target } : target;
  const { model, provider, baseURL } = (typeof read === 'object' && read !== null ? read : {}) as Partial<PriceTarget>;
  for (const [option, value] of [
    ['model', model ?? null],
    ['provider', provider],
    ['baseURL', baseURL],
  ] as const) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new ConfigError({ option: `prices.register ${option}`, value, remedy: 'give a text that is not empty' });
    }
  }
  return read as PriceTarget;
}

/**
 * Makes a price from the figures a user gave, in US dollars per million tokens; `like` fills what is not given.
 *
 * @throws ConfigError naming the figure that is missing, negative or no number.
 */
export function readPrice(target: PriceTarget, input: PriceInput, like: Price | undefined, asOf: string): Price {
  const option = (name: string) => `price of '${target.model}': ${name}`;
  if (typeof input !== 'object' || input === null) {
    throw new ConfigError({ option: option('figures'), value: input, remedy: 'give { input, output } or { like }' });
  }
  for (const key of Object.keys(input)) {
    if (!KEYS.includes(key))
      throw new ConfigError({ option: option('figure'), value: key, remedy: `use one of: ${KEYS.join(', ')}` });
  }
  const figures: Partial<Record<(typeof RATES)[number] | (typeof COUNTS)[number], number>> = {};
  for (const rate of RATES) {
    const value = input[rate];
    if (value !== undefined) figures[rate] = parseRate(value, option(rate));
    else if (like === undefined && (rate === 'input' || rate === 'output')) {
      throw new ConfigError({
        option: option(rate),
        value,
        remedy: 'give US dollars per million tokens (0 for free), or { like: model }',
      });
    }
  }
  for (const count of COUNTS) {
    const value = input[count];
    if (value === undefined) continue;
    if (!isAmount(value) || value === 0)
      throw new ConfigError({ option: option(count), value, remedy: 'give a whole number above 0' });
    figures[count] = value;
  }
  if (input.hidesReasoning !== undefined && typeof input.hidesReasoning !== 'boolean') {
    throw new ConfigError({
      option: option('hidesReasoning'),
      value: input.hidesReasoning,
      remedy: 'give true or false',
    });
  }
  // A rate of one's own replaces the tiers of the model it is like, which are multiples of other rates.
  const isOwnRate = input.input !== undefined || input.output !== undefined;
  const { longContext, ...base } = like ?? {};
  return Object.freeze({
    ...base,
    ...(longContext && !isOwnRate && { longContext }),
    ...figures,
    ...(input.hidesReasoning !== undefined && { hidesReasoning: input.hidesReasoning }),
    model: target.model,
    provider: target.provider ?? like?.provider ?? 'registered',
    source: like === undefined ? 'registered' : `registered, like ${like.model}`,
    asOf: like?.asOf ?? asOf,
  }) as Price;
}
