import type { Price, TierRatios } from './price.js';

/** What other lists say of a name at a provider. */
export interface Listing
  extends Pick<Price, 'contextTokens' | 'maxOutputTokens' | 'hidesReasoning' | 'audioInput' | 'audioOutput'> {
  readonly tiers?: TierRatios;
  /** Pico-dollars for one hosted web search. */
  readonly webSearch?: number;
}

/** A correction of what genai-prices has: names that mean another row, rates that are missing, rows that are. */
export interface Correction {
  readonly provider: string;
  readonly model: string;
  /** Rates in pico-dollars per token, and counts. They hold where the row has none, or a smaller one. */
  readonly set?: Readonly<Record<string, number>>;
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: boolean;
  readonly rename?: string;
  readonly dropAliases?: readonly string[];
  readonly addAliases?: readonly string[];
  readonly source: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** What holds for every model of a provider of which no list says otherwise. */
export interface ProviderDefaults {
  readonly tiers?: TierRatios;
  /** Pico-dollars for one hosted web search. */
  readonly webSearch?: number;
  /** Pico-dollars for one hosted search of stored files. */
  readonly fileSearch?: number;
  /** Pico-dollars for one session of a container with 1 GB. */
  readonly codeSession?: number;
}

/** The rules of an overlay that are not about one name. */
export interface OverlayRules {
  readonly corrections: readonly Correction[];
  readonly defaults: Readonly<Record<string, ProviderDefaults>>;
}

/** All that a price table has besides what genai-prices says. */
export interface PriceOverlay extends OverlayRules {
  /** The names of a provider that are known to be names of models. */
  namesOf(provider: string): readonly string[];
  /** What is said of a name in lower case or as its provider writes it. */
  find(provider: string, name: string): Listing | undefined;
}
