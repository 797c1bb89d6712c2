import { type Engine, findPrice } from './engine.js';
import { ConfigError, UnpricedModelError } from './errors.js';
import { addPico, multiplyPico, nanoToUsd, picoToNano } from './money.js';
import type { Price } from './pricing/price.js';
import { boundInputByParts } from './quote/input-bound.js';
import { quoteCall } from './quote/quote.js';
import { countTokens } from './quote/tokenizer.js';
import type { InputContent, JsonObject, Wire } from './wire/wire.js';
import { wireForBody } from './wire/wire-for-body.js';

/** A request to price: an SDK's own body, or the neutral form with `maxOutputTokens`. */
export interface EstimateRequest {
  readonly model: string;
  readonly provider?: string;
  readonly maxOutputTokens?: number;
  readonly [key: string]: unknown;
}

/** What a call is expected to cost, and the most it can cost. US dollars and tokens. */
export interface Estimate {
  readonly usd: number;
  readonly inputTokens: number;
  /** The ceiling of the request; 0 where it has none. */
  readonly outputTokens: number;
  readonly worstCase: { readonly usd: number; readonly inputTokens: number; readonly outputTokens: number };
}

// Four UTF-8 bytes a token is the usual figure for English; an estimate, not a bound.
const TYPICAL_BYTES_PER_TOKEN = 4;

/** Prices a call without making it. See `estimate` of the public door. */
export async function estimateCall(engine: Engine, input: EstimateRequest): Promise<Estimate> {
  const { wire, body, provider } = readEstimateRequest(input);
  const request = wire.readRequest(body, '');
  const query = { provider: provider ?? wire.provider, baseURL: undefined, runs: [] };
  const price = findPrice(engine, request.model, query) ?? engine.prices.match(request.model)?.price;
  if (price === undefined) throw new UnpricedModelError({ model: request.model });
  const content = wire.readInput(body);
  const encode = await engine.encoders(request.model, price.provider);
  const model = {
    model: request.model,
    provider: price.provider,
    ...(price.contextTokens !== undefined && { contextTokens: price.contextTokens }),
  };
  const bound = boundInputByParts(content, model, encode);
  const worst = quoteCall({
    request,
    price,
    inputTokens: bound.tokens ?? price.contextTokens ?? 0,
    hasAudio: bound.hasAudio,
    headroom: 1,
  });
  const inputTokens = Math.min(expectedInput(content, encode), worst.inputTokens);
  const outputTokens = (request.maxOutputTokens ?? 0) * request.choices;
  return Object.freeze({
    usd: nanoToUsd(plainCost(price, inputTokens, outputTokens)),
    inputTokens,
    outputTokens,
    worstCase: Object.freeze({
      usd: nanoToUsd(worst.costNanoUsd),
      inputTokens: worst.inputTokens,
      outputTokens: worst.outputTokens,
    }),
  });
}

function plainCost(price: Price, inputTokens: number, outputTokens: number): number {
  return picoToNano(addPico(multiplyPico(inputTokens, price.input), multiplyPico(outputTokens, price.output)));
}

function expectedInput(content: InputContent, encode: ((text: string) => number) | undefined): number {
  const schemas = content.schemas.map((schema) =>
    typeof schema === 'string' ? schema : (JSON.stringify(schema) ?? ''),
  );
  let tokens = 0;
  for (const text of [...content.texts, ...schemas]) {
    tokens += encode ? countTokens(text, encode) : Math.ceil(Buffer.byteLength(text) / TYPICAL_BYTES_PER_TOKEN);
  }
  return tokens;
}

function readEstimateRequest(input: EstimateRequest): { wire: Wire; body: JsonObject; provider: string | undefined } {
  if (typeof input !== 'object' || input === null || typeof input.model !== 'string') {
    throw new ConfigError({
      option: 'estimate request',
      value: input,
      remedy: 'give a request body with a model and its messages or input',
    });
  }
  const { provider, maxOutputTokens, ...body } = input;
  const wire = wireForBody(body, provider);
  if (wire === undefined) {
    throw new ConfigError({
      option: 'estimate request',
      value: input,
      remedy: 'give messages or input beside the model',
    });
  }
  // The ceiling in the neutral form takes the place of the format's own.
  const patched = maxOutputTokens === undefined ? body : wire.rewrite(body, { maxOutputTokens }, { official: true });
  return { wire, body: patched, provider };
}
