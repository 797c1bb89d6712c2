import type { Price, PriceMatch } from './price.js';
import { COUNT_COLUMNS, FEE_COLUMNS, RATE_COLUMNS } from './price-row.js';

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
  readonly imageInput?: number;
  readonly imageOutput?: number;
  /** US dollars for one hosted web search. */
  readonly webSearch?: number;
  /** US dollars for one hosted search of stored files. */
  readonly fileSearch?: number;
  /** US dollars for one session of a container with 1 GB. */
  readonly codeSession?: number;
  /** US dollars for each request. */
  readonly request?: number;
  /** US dollars for one image. */
  readonly perImage?: number;
  /** US dollars for one second of audio. */
  readonly perAudioSecond?: number;
  readonly maxOutputTokens?: number;
  readonly contextTokens?: number;
  readonly minAudioSeconds?: number;
  readonly maxAudioSeconds?: number;
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

const PICO_PER_USD = 1_000_000_000_000;
const PICO_PER_TOKEN_IN_A_USD_PER_MILLION = 1_000_000;

/** A row as the user reads it. */
export function viewOf(price: Price): PriceView {
  const { model, provider, source, asOf } = price;
  const figures = [
    ...RATE_COLUMNS.map((rate) => [rate, scaled(price[rate], PICO_PER_TOKEN_IN_A_USD_PER_MILLION)] as const),
    ...FEE_COLUMNS.map((fee) => [fee, scaled(price[fee], PICO_PER_USD)] as const),
    ...COUNT_COLUMNS.map((count) => [count, price[count]] as const),
  ].filter(([, figure]) => figure !== undefined);
  const known = Object.fromEntries(figures) as unknown as Omit<PriceView, 'model' | 'provider' | 'source' | 'asOf'>;
  return Object.freeze({ model, provider, ...known, source, asOf });
}

function scaled(pico: number | undefined, unit: number): number | undefined {
  return pico === undefined ? undefined : pico / unit;
}

/** Explains what a look-up found, or that it found nothing. */
export function explainMatch(asked: string, match: PriceMatch | undefined): PriceExplanation {
  if (match === undefined) {
    const reason = `no price is known for ${asked}`;
    return Object.freeze({ asked, found: false, reason, toString: () => `${asked}: ${reason}` });
  }
  const view = viewOf(match.price);
  const { via, reason } = match;
  const text = `${asked}: ${ratesText(view)}, from ${view.source} as of ${view.asOf}, because ${reason}`;
  return Object.freeze({ ...view, asked, found: true, via, reason, toString: () => text });
}

function ratesText({ input, output, perImage, perAudioSecond }: PriceView): string {
  const pieces = [
    ...(perImage === undefined ? [] : [`$${perImage} per image`]),
    ...(perAudioSecond === undefined ? [] : [`$${perAudioSecond} per second of audio`]),
  ];
  // What is sold by the piece alone has no rates to tell.
  if (pieces.length > 0 && input + output === 0) return pieces.join(' and ');
  return [`$${input} in and $${output} out per million tokens`, ...pieces].join(', ');
}
