/**
 * What a provider is to the models it serves: a maker's price is the price of the model, a reseller charges what the
 * maker does, a host sets a price of its own for a model that others serve too.
 */
export type ProviderKind = 'maker' | 'reseller' | 'host';

/** The providers of the price table, in the order in which a name without a provider is looked up. */
export const PROVIDER_KINDS: ReadonlyMap<string, ProviderKind> = new Map([
  ['openai', 'maker'],
  ['anthropic', 'maker'],
  ['google', 'maker'],
  ['mistral', 'maker'],
  ['cohere', 'maker'],
  ['deepseek', 'maker'],
  ['x-ai', 'maker'],
  ['moonshotai', 'maker'],
  ['perplexity', 'maker'],
  ['minimax', 'maker'],
  ['zai', 'maker'],
  ['voyageai', 'maker'],
  ['azure', 'reseller'],
  ['openrouter', 'reseller'],
  ['aws', 'host'],
  ['groq', 'host'],
  ['together', 'host'],
  ['fireworks', 'host'],
  ['cerebras', 'host'],
  ['novita', 'host'],
  ['cloudflare', 'host'],
  ['baseten', 'host'],
  ['ovhcloud', 'host'],
  ['zhipuai', 'host'],
]);
