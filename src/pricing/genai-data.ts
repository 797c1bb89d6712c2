import { checkCount, checkFigure, checkObject, checkText, type Place, refuse } from './check-figures.js';
import { isDay } from './price-table.js';

/** A rule of genai-prices that says which names mean a model. */
export type NameRule =
  | { readonly or: readonly NameRule[] }
  | { readonly and: readonly NameRule[] }
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string };

/** US dollars; where they depend on how long a request is, what holds above each number of tokens. */
export type GenaiFigure =
  | number
  | { readonly base: number; readonly tiers?: readonly { readonly start: number; readonly price: number }[] };

export type GenaiFigures = Readonly<Record<string, GenaiFigure>>;

/** Prices that hold from a day on, or at some hours of the day. */
export interface ConditionalFigures {
  readonly constraint?: { readonly start_date?: string };
  readonly prices: GenaiFigures;
}

export interface GenaiModel {
  readonly id: string;
  readonly match: NameRule;
  readonly prices: GenaiFigures | readonly ConditionalFigures[];
  readonly context_window?: number;
}

/** What genai-prices publishes: an array of these. */
export interface GenaiProvider {
  readonly id: string;
  readonly models: readonly GenaiModel[];
}

const MAX_PROVIDERS = 1000;
const MAX_MODELS = 20_000;
const MAX_RULE_DEPTH = 16;
const TEXT_RULES: readonly string[] = ['equals', 'starts_with', 'ends_with', 'contains', 'regex'];

/**
 * Reads data of genai-prices, all of it, those providers included that no table here has: a file of which a part is
 * wrong is not to be trusted.
 *
 * @throws ConfigError naming the provider, the model and the figure.
 */
export function checkGenaiData(value: unknown, place: Place): readonly GenaiProvider[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_PROVIDERS) {
    return refuse(place, value, 'it has to be a list of providers');
  }
  let models = 0;
  for (const provider of value as readonly unknown[]) {
    const { id, models: own } = checkObject(provider, place);
    const name = checkText(id, `${place}: id of a provider`);
    if (!Array.isArray(own)) return refuse(`${place}: models of ${name}`, own, 'a provider has a list of models');
    models += own.length;
    if (models > MAX_MODELS) return refuse(place, models, `it may have ${MAX_MODELS} models at most`);
    for (const model of own as readonly unknown[]) checkModel(model, `${place}: ${name}`);
  }
  return value as readonly GenaiProvider[];
}

function checkModel(value: unknown, place: Place): void {
  const { id, match, prices, context_window: contextTokens } = checkObject(value, place);
  const model = `${place} ${checkText(id, `${place}: id of a model`)}`;
  checkRule(match, `${model}: match`, 0);
  if (contextTokens !== undefined) checkCount(contextTokens, `${model}: context_window`);
  if (!Array.isArray(prices)) checkFigures(prices, model);
  for (const each of Array.isArray(prices) ? (prices as readonly unknown[]) : []) {
    const { constraint, prices: figures } = checkObject(each, `${model}: prices`);
    const day = constraint === undefined ? undefined : checkObject(constraint, `${model}: constraint`).start_date;
    if (day !== undefined && !isDay(day)) refuse(`${model}: start_date`, day, 'write it YYYY-MM-DD');
    checkFigures(figures, model);
  }
}

function checkFigures(value: unknown, model: Place): void {
  for (const [key, figure] of Object.entries(checkObject(value, `${model}: prices`))) {
    const place = `${model}: ${key}`;
    if (typeof figure !== 'object' || figure === null) {
      checkFigure(figure, place);
      continue;
    }
    const { base, tiers = [] } = checkObject(figure, place);
    checkFigure(base, `${place}: base`);
    if (!Array.isArray(tiers) || tiers.length > 100) refuse(`${place}: tiers`, tiers, 'give a list');
    for (const tier of tiers as readonly unknown[]) {
      const { start, price } = checkObject(tier, `${place}: tiers`);
      checkCount(start, `${place}: start of a tier`);
      checkFigure(price, `${place}: price of a tier`);
    }
  }
}

function checkRule(value: unknown, place: Place, depth: number): void {
  const rule = checkObject(value, place);
  const [kind = '', ...others] = Object.keys(rule);
  const content = rule[kind];
  if (others.length === 0 && TEXT_RULES.includes(kind)) {
    checkText(content, place);
    return;
  }
  if (others.length > 0 || (kind !== 'or' && kind !== 'and') || !Array.isArray(content) || depth > MAX_RULE_DEPTH) {
    refuse(place, value, 'it is no rule for names');
  }
  for (const each of content as readonly unknown[]) checkRule(each, place, depth + 1);
}
