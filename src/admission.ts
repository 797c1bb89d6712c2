import { createAdmittedCall } from './answer.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { type Change, type Decidable, type Decision, decide } from './budget/decide.js';
import { amountToShow, type BudgetRun, runName } from './budget/run.js';
import type { Admission, Gate, OutgoingCall, Refused } from './client/client.js';
import { type Engine, findPrice, findServedPrice, type PriceQuery } from './engine.js';
import { BudgetExceededError, RefusalError, UnpricedModelError } from './errors.js';
import type { Price } from './pricing/price.js';
import { publishRecord } from './publish.js';
import { boundInputByBytes, boundInputByParts, bytesOfStrings, type InputBound } from './quote/input-bound.js';
import { currentContext, mergeTags } from './scope.js';
import type { SpendRecord } from './sink/sink.js';
import { UnpricedModelWarning } from './warnings.js';
import { providerOfHost } from './wire/hosts.js';
import { parseJson } from './wire/json.js';
import type { CallRequest, InputContent, JsonObject, Wire } from './wire/wire.js';
import { wireForPath } from './wire/wires.js';

/** One call as the steps below see it. */
interface Call {
  readonly wire: Wire;
  readonly body: JsonObject;
  readonly bodyBytes: number;
  readonly request: CallRequest;
  readonly provider: string;
  readonly baseURL: string | undefined;
  readonly runs: readonly BudgetRun[];
  readonly tags: SpendRecord['tags'];
}

type Granted = Extract<Decision, { granted: true }>;

/** The way of one call before it is sent: read, quote, reserve for every budget, rewrite or refuse. */
export function createGate(engine: Engine): Gate {
  return {
    meters: (path) => wireForPath(path) !== undefined,
    async admit(outgoing) {
      const call = readCall(engine, outgoing);
      if (call === undefined) return { kind: 'pass' };
      const startedMs = engine.clock.monotonicMs();
      expireHolds(engine);
      const id = engine.nextId();
      try {
        const decision = await decide(decidable(engine, call, id));
        if (!decision.granted) return { kind: 'refused', refusal: refuse(engine, call, decision) };
        return admitted(engine, call, id, startedMs, decision);
      } catch (error) {
        if (!RefusalError.isInstance(error)) throw error;
        return { kind: 'refused', refusal: { error, body: call.wire.refusalBody(error) } };
      }
    },
  };
}

/** Reads the call; `undefined` for a body that no provider would take. */
function readCall(engine: Engine, outgoing: OutgoingCall): Call | undefined {
  const url = outgoing.kind === 'http' ? new URL(outgoing.url) : undefined;
  const path = url?.pathname ?? (outgoing as { path: string }).path;
  const wire = wireForPath(path);
  const body = outgoing.kind === 'http' ? parseJson(outgoing.bodyText) : outgoing.body;
  if (wire === undefined || body === undefined || typeof body !== 'object') return undefined;
  const { binding } = outgoing;
  const context = currentContext();
  const ambient = context.runs.filter((run) => run.owner === engine.owner);
  return {
    wire,
    body,
    bodyBytes: outgoing.kind === 'http' ? Buffer.byteLength(outgoing.bodyText) : bytesOfStrings(body),
    request: wire.readRequest(body, path),
    provider: binding.provider ?? (url && providerOfHost(url.hostname)) ?? wire.provider,
    baseURL: url?.href,
    runs: binding.runs.length > 0 ? [...binding.runs, ...ambient] : ambient,
    tags: mergeTags(binding.tags, context.tags),
  };
}

function decidable(engine: Engine, call: Call, id: string): Decidable {
  const { wire, body, request, runs } = call;
  const query: PriceQuery = call;
  let content: InputContent | undefined;
  const readContent = () => {
    content ??= wire.readInput(body);
    return content;
  };
  const modelOf = (model: string, price: Price | undefined) => ({
    model,
    provider: call.provider,
    ...(price?.contextTokens !== undefined && { contextTokens: price.contextTokens }),
  });
  return {
    runs,
    request,
    reserve: (claims) => (claims.length === 0 ? { granted: true } : engine.ledger.reserve(id, claims)),
    priceOf: (model) => priceOrRefuse(engine, model, call),
    findPrice: (model) => findPrice(engine, model, query),
    boundInput: (model, price) =>
      boundSpecial(request, price) ?? boundInputByBytes(call.bodyBytes, readContent(), modelOf(model, price)),
    async countInput(model, price) {
      const isOpenAI = price === undefined || price.provider === 'openai' || price.provider === 'azure';
      const encode = isOpenAI ? await engine.encoders(model) : undefined;
      return boundInputByParts(readContent(), modelOf(model, price), encode);
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

function priceOrRefuse(engine: Engine, model: string, call: Call): Price | undefined {
  const price = findPrice(engine, model, call);
  if (price !== undefined) return price;
  const capped = call.runs.filter((run) => run.spec.caps.usd !== undefined);
  const refuses = capped.some((run) => {
    const enforces = run.spec.ladder.some((policy) => policy.enforces);
    return (run.spec.onUnpriced ?? engine.settings.onUnpriced ?? (enforces ? 'refuse' : 'warn')) === 'refuse';
  });
  if (refuses || (capped.length === 0 && call.runs.length === 0 && engine.settings.onUnpriced === 'refuse')) {
    throw new UnpricedModelError({ model, provider: call.provider });
  }
  if (capped.length > 0) engine.warnOnce(`unpriced:${model}`, () => new UnpricedModelWarning(model));
  return undefined;
}

function refuse(engine: Engine, call: Call, decision: Extract<Decision, { granted: false }>): Refused {
  const { run, unit, policy } = decision;
  const cap = run.spec.caps[unit] ?? 0;
  const error = new BudgetExceededError({
    budget: runName(run),
    unit,
    cap: amountToShow(unit, cap),
    spent: amountToShow(unit, decision.spent),
    held: amountToShow(unit, decision.held),
    requested: amountToShow(unit, decision.amount),
    remaining: amountToShow(unit, Math.max(0, cap - decision.spent - decision.held)),
    canFitLater: decision.canFitLater,
    model: decision.model,
    tags: call.tags,
  });
  engine.refusedBy.set(error, run);
  if (policy.endsScope) run.isCut = true;
  engine.events.emit(policy.endsScope ? 'truncated' : 'blocked', { error });
  return { error, body: call.wire.refusalBody(error) };
}

function admitted(engine: Engine, call: Call, id: string, startedMs: number, decision: Granted): Admission {
  const { wire, request, runs, tags, provider } = call;
  const { model, price, quote, ceilingTokens, ceilingInjected } = decision;
  let record: SpendRecord | undefined;
  const host = attemptHost(engine, call.baseURL, (published) => {
    record = published;
  });
  const facts = { id, provider, request, model, price, quote, runs, tags, startedMs, ceilingInjected };
  const attempt = new Attempt(ceilingTokens === undefined ? facts : { ...facts, ceilingTokens }, host);
  engine.live.set(id, attempt);
  for (const change of decision.changes) announce(engine, call, decision, change);
  const admittedCall = createAdmittedCall({ engine, attempt, wire, sent: call.body, record: () => record });
  const rewritten = rewriteBody(call, decision);
  return rewritten === call.body
    ? { kind: 'admitted', call: admittedCall }
    : { kind: 'admitted', body: rewritten, call: admittedCall };
}

function rewriteBody(call: Call, decision: Granted): JsonObject {
  const { wire, request, provider } = call;
  let body = call.body;
  if (decision.model !== request.model || decision.ceilingTokens !== undefined) {
    const served = decision.price?.provider ?? provider;
    const patch = {
      ...(decision.model !== request.model && { model: decision.model }),
      ...(decision.ceilingTokens !== undefined && { maxOutputTokens: decision.ceilingTokens }),
    };
    body = wire.rewrite(body, patch, { official: served === 'openai' || served === 'azure' });
  }
  return request.stream ? wire.askForUsage(body) : body;
}

function announce(engine: Engine, call: Call, decision: Granted, change: Change): void {
  const budget = runName(change.run);
  const { tags } = call;
  if (change.kind === 'downgraded') {
    const event = Object.freeze({ from: change.from, to: change.to, budget, tags });
    engine.downgrades.add(event);
    engine.events.emit('downgraded', event);
    return;
  }
  const { tokens, injected } = change;
  const event = Object.freeze({ model: decision.model, maxOutputTokens: tokens, injected, budget, tags });
  engine.clamps.add(event);
  engine.events.emit('clamped', event);
}

function attemptHost(
  engine: Engine,
  baseURL: string | undefined,
  onRecord: (record: SpendRecord) => void,
): AttemptHost {
  return {
    ledger: engine.ledger,
    nowMs: engine.clock.nowMs,
    monotonicMs: engine.clock.monotonicMs,
    priceOf: (facts, servedModel) => findServedPrice(engine, facts, baseURL, servedModel),
    publish(attempt, record, settled, replaces) {
      onRecord(record);
      publishRecord(engine, attempt, record, settled, replaces);
    },
    onInvalidUsage: ({ facts: { id, model, tags } }) => engine.events.emit('invalid_usage', { id, model, tags }),
    onClosed: (attempt) => engine.live.delete(attempt.facts.id),
  };
}

function expireHolds(engine: Engine): void {
  for (const id of engine.ledger.expire()) engine.live.get(id)?.expired();
}
