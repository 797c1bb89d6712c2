import { isAmount } from '../../src/money.js';
import { boundInputByBytes, boundInputByParts, bytesOfStrings } from '../../src/quote/input-bound.js';
import { ceilingForTokens, ceilingForUsd, quoteCall } from '../../src/quote/quote.js';
import type { CallRequest, JsonObject, Wire } from '../../src/wire/wire.js';
import { EVERY_RATE } from './check-amounts.js';

const CEILING_TOKENS = 7;

function demand(isTrue: boolean, what: string, value: unknown): void {
  if (!isTrue) throw new Error(`${what}: ${String(value)}`);
}

function checkCallRequest(request: CallRequest): void {
  demand(typeof request.model === 'string', 'the model is no text', request.model);
  demand(isAmount(request.choices) && request.choices >= 1, 'choices are no count', request.choices);
  demand(isAmount(request.minOutputTokens), 'the least ceiling is no count', request.minOutputTokens);
  const { maxOutputTokens: ceiling, hostedTools } = request;
  demand(ceiling === undefined || isAmount(ceiling), 'the ceiling is no count', ceiling);
  const searches = hostedTools?.maxWebSearches;
  demand(searches === undefined || isAmount(searches), 'the searches are no count', searches);
  const lookups = hostedTools?.maxFileSearches;
  demand(lookups === undefined || isAmount(lookups), 'the file searches are no count', lookups);
  const calls = hostedTools?.maxCalls;
  demand(calls === undefined || isAmount(calls), 'the tool calls are no count', calls);
}

/** What is held for a request is a whole number, and never below zero, whatever the request says. */
function checkQuote(wire: Wire, request: CallRequest, body: JsonObject): void {
  const content = wire.readInput(body);
  const model = { model: request.model, provider: wire.provider };
  const byBytes = boundInputByBytes(bytesOfStrings(body), content, model);
  const byParts = boundInputByParts(content, model, (text) => text.length);
  for (const bound of [byBytes, byParts]) {
    demand(bound.tokens === undefined || isAmount(bound.tokens), 'the input bound is no count', bound.tokens);
    if (bound.tokens === undefined) continue;
    const input = { request, price: EVERY_RATE, inputTokens: bound.tokens, hasAudio: bound.hasAudio, headroom: 1 };
    const quote = quoteCall(input);
    demand(isAmount(quote.costNanoUsd), 'the hold is no amount', quote.costNanoUsd);
    demand(isAmount(quote.outputTokens), 'the output bound is no count', quote.outputTokens);
    const ceilings = [ceilingForUsd(input, EVERY_RATE, 1_000_000), ceilingForTokens(input, 1_000_000)];
    for (const ceiling of ceilings) demand(Number.isSafeInteger(ceiling), 'a ceiling is no whole number', ceiling);
  }
}

function checkRewrite(wire: Wire, request: CallRequest, body: JsonObject, path: string): void {
  const patch = { model: 'patched', maxOutputTokens: CEILING_TOKENS };
  const rewritten = wire.rewrite(body, patch, { official: CEILING_TOKENS % 2 === 0 });
  demand(Object.getPrototypeOf(rewritten) === Object.prototype, 'a prototype was changed by', wire.id);
  const newPath = wire.rewritePath?.(path, 'patched') ?? path;
  const again = wire.readRequest(rewritten, newPath);
  const { maxOutputTokens: ceiling } = again;
  demand(ceiling === undefined || ceiling <= CEILING_TOKENS, 'the ceiling that goes out is above ours', ceiling);
  demand(again.choices === request.choices, 'a rewrite changed the choices', again.choices);
  const wasNamed = request.model !== '' && wire.matches(path);
  demand(!wasNamed || again.model === 'patched', 'the model that goes out is not ours', again.model);
}

/** Feeds one request to everything a codec does with requests; the request itself stays as it was. */
export function checkRequest(wire: Wire, body: JsonObject, path: string): void {
  const before = Object.keys(body).join();
  const request = wire.readRequest(body, path);
  checkCallRequest(request);
  checkQuote(wire, request, body);
  checkRewrite(wire, request, body, path);
  const asked = wire.askForUsage(body);
  demand(asked === body || wire.askForUsage(asked) === asked, 'usage is asked for twice by', wire.id);
  demand(Object.keys(body).join() === before, 'the body of the caller was changed by', wire.id);
}
