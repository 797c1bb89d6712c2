import type { Price, PriceMatch } from './price.js';

/** A price in US dollars per million tokens. */
export interface PriceView {
  readonly model: string;
  readonly provider: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  readonly maxOutputTokens?: number;
  readonly contextTokens?: number;
  readonly source: string;
  readonly asOf: string;
}

/** Which rate a model has, from where, as of when, and why. */
export interface PriceExplanation extends Partial<PriceView> {
  readonly asked: string;
  readonly found: boolean;
  readonly via?: PriceMatch['via'];
  readonly reason: string;
  toString(): string;
}

const RATES = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'audioInput', 'audioOutput'] as const;
const PICO_PER_TOKEN_IN_A_USD_PER_MILLION = 1_000_000;

/** A row as the user reads it. */
export function viewOf(price: Price): PriceView {
  const { model, provider, maxOutputTokens, contextTokens, source, asOf } = price;
  const rates = RATES.flatMap((rate) => {
    const pico = price[rate];
    return pico === undefined ? [] : [[rate, pico / PICO_PER_TOKEN_IN_A_USD_PER_MILLION]];
  });
  return Object.freeze({
    model,
    provider,
    ...(Object.fromEntries(rates) as Pick<PriceView, (typeof RATES)[number]>),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(contextTokens !== undefined && { contextTokens }),
    source,
    asOf,
  });
}

/** Explains what a look-up found, or that it found nothing. */
export function explainMatch(asked: string, match: PriceMatch | undefined): PriceExplanation {
  if (match === undefined) {
    const reason = `no price is known for ${asked}`;
    return Object.freeze({ asked, found: false, reason, toString: () => `${asked}: ${reason}` });
  }
  const view = viewOf(match.price);
  const { via, reason } = match;
  const text = `${asked}: $${view.input} in and $${view.output} out per million tokens, from ${view.source} as of ${view.asOf}, because ${reason}`;
  return Object.freeze({ ...view, asked, found: true, via, reason, toString: () => text });
}
