import type { Engine } from '../engine.js';
import type { Price } from '../pricing/price.js';
import {
  boundInputByBytes,
  boundInputByParts,
  bytesOfStrings,
  type InputBound,
  type InputModel,
} from '../quote/input-bound.js';
import { type Conversation, type KnownPrefix, readConversation } from '../quote/prefix-memory.js';
import type { CallRequest, InputContent, JsonObject } from '../wire/wire.js';
import type { ReadCall } from './call.js';

/** How the input of one call is bounded: see `inputBound` of a budget. Everything is read at most once, when it is needed. */
export interface CallInput {
  /** The bound that costs no tokenizer. */
  bound(model: string, price: Price | undefined): InputBound;
  /** The tightest bound there is. */
  count(model: string, price: Price | undefined): Promise<InputBound>;
  /** Keeps what a settled attempt with `model` took in. */
  learn(model: string, inputTokens: number): void;
}

// Below this the bound by bytes is within a few thousand tokens of the truth, and a digest is not worth its time.
const LEAST_BYTES_TO_LEARN = 8192;

export function createCallInput(engine: Engine, call: ReadCall): CallInput {
  const { wire, body, request, provider, bodyBytes } = call;
  const mayLearn =
    wire.turnsField !== undefined &&
    bodyBytes >= LEAST_BYTES_TO_LEARN &&
    call.runs.every((run) => run.spec.countsInput);
  let content: InputContent | undefined;
  const conversations = new Map<string, Conversation | undefined>();
  const readContent = () => {
    content ??= wire.readInput(body);
    return content;
  };
  const conversationOf = (model: string) => {
    if (!mayLearn) return undefined;
    if (!conversations.has(model)) {
      conversations.set(model, readConversation(body, wire.turnsField as string, `${provider}/${model}`));
    }
    return conversations.get(model);
  };
  /** What is known of a conversation, and the part of the request that is new. */
  const knownOf = (model: string): { prefix: KnownPrefix; rest: JsonObject } | undefined => {
    const conversation = conversationOf(model);
    const prefix = conversation && engine.prefixes.find(conversation);
    if (!conversation || !prefix) return undefined;
    return { prefix, rest: { [wire.turnsField as string]: conversation.turns.slice(prefix.turnCount) } };
  };

  return {
    bound(model, price) {
      const special = boundSpecial(request, price);
      if (special) return special;
      const target = modelOf(call, model, price);
      const byBytes = boundInputByBytes(bodyBytes, readContent(), target);
      const known = knownOf(model);
      if (!known) return byBytes;
      const fresh = boundInputByBytes(bytesOfStrings(known.rest), wire.readInput(known.rest), target);
      return tighter(plus(fresh, known.prefix.inputTokens), byBytes);
    },
    async count(model, price) {
      const special = boundSpecial(request, price);
      if (special) return special;
      const encode = await engine.encoders(model, price?.provider ?? provider);
      const target = modelOf(call, model, price);
      const known = knownOf(model);
      if (!known) return boundInputByParts(readContent(), target, encode);
      return plus(boundInputByParts(wire.readInput(known.rest), target, encode), known.prefix.inputTokens);
    },
    learn(model, inputTokens) {
      const conversation = conversationOf(model);
      if (conversation) engine.prefixes.learn(conversation, inputTokens);
    },
  };
}

/** Calls whose input is not in the request: kept at the provider, or fetched by its own tools. */
function boundSpecial(request: CallRequest, price: Price | undefined): InputBound | undefined {
  if (request.unboundedInput !== undefined) return { tokens: undefined, method: 'counted', hasAudio: false };
  const { hostedTools } = request;
  if (hostedTools === undefined) return undefined;
  // Each round of a hosted tool sends the context in once more, with what the tool found.
  const rounds = hostedTools.maxCalls === undefined ? undefined : hostedTools.maxCalls + 1;
  const contextTokens = price?.contextTokens;
  const tokens = rounds === undefined || contextTokens === undefined ? undefined : rounds * contextTokens;
  return { tokens, method: 'counted', hasAudio: false };
}

function modelOf(call: ReadCall, model: string, price: Price | undefined): InputModel {
  const { provider } = call;
  return price?.contextTokens === undefined
    ? { model, provider }
    : { model, provider, contextTokens: price.contextTokens };
}

function plus(bound: InputBound, tokens: number): InputBound {
  return bound.tokens === undefined ? bound : { ...bound, tokens: bound.tokens + tokens };
}

function tighter(left: InputBound, right: InputBound): InputBound {
  return left.tokens !== undefined && (right.tokens === undefined || left.tokens <= right.tokens) ? left : right;
}
