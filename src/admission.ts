import { after } from './after.js';
import { announceGrant, errorOf, refuse } from './announce.js';
import { createAdmittedCall } from './answer.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { type Decidable, type Decision, decide, type Grant, type Refusal } from './budget/decide.js';
import { type BudgetRun, runName } from './budget/run.js';
import { type Call, readCall } from './call.js';
import type { Admission, Gate } from './client/client.js';
import { type Engine, findPrice, findServedPrice } from './engine.js';
import { RefusalError, UnpricedModelError } from './errors.js';
import type { Claim, MaybePromise, ReserveResult } from './ledger/ledger.js';
import type { Price } from './pricing/price.js';
import { stalePriceWarning } from './pricing/stale.js';
import { publishRecord } from './publish.js';
import type { InputBound } from './quote/input-bound.js';
import type { SpendRecord } from './sink/sink.js';
import { StalePriceTableWarning, UnpricedModelWarning } from './warnings.js';
import type { JsonObject } from './wire/wire.js';
import { wireForPath } from './wire/wires.js';

/** The way of one call before it is sent: read, quote, reserve for every budget, rewrite or refuse. */
export function createGate(engine: Engine): Gate {
  return {
    meters: (path) => wireForPath(path) !== undefined,
    admit(outgoing) {
      const call = readCall(engine, outgoing);
      if (call === undefined) return { kind: 'pass' };
      const startedMs = engine.clock.monotonicMs();
      expireHolds(engine);
      const id = engine.nextId();
      const act = (decision: Decision): MaybePromise<Admission> => {
        if (!decision.granted) return { kind: 'refused', refusal: refuse(engine, call, decision) };
        const counted = meterInput(call, decision);
        return after(counted, (input) => admitted(engine, call, id, startedMs, { ...decision, input }));
      };
      try {
        const decision = decideOrWait(engine, call, id, outgoing.signal);
        return decision instanceof Promise
          ? decision.then(act).catch((error) => refusedBy(error, call))
          : act(decision);
      } catch (error) {
        return refusedBy(error, call);
      }
    },
  };
}

/** The input of a stream that may be cut is counted: cutting by its bound would cut it far too early. */
function meterInput(call: Call, { model, price, input }: Grant): MaybePromise<InputBound> {
  const cuts = call.runs.some(({ spec }) => spec.ladder.some((policy) => policy.cutsStreams));
  if (!call.request.stream || !cuts || input.method !== 'bytes') return input;
  return call.input.count(model, price);
}

/** Calls that no budget has to look at to be refused: without a price, or without a bound. Any other error is not ours. */
function refusedBy(error: unknown, call: Call): Admission {
  if (!RefusalError.isInstance(error)) throw error;
  return { kind: 'refused', refusal: { error, body: call.wire.refusalBody(error) } };
}

/** Decides; a call whose money is merely held waits for it, behind those that came before, where its budgets let it. */
function decideOrWait(engine: Engine, call: Call, id: string, signal: AbortSignal | undefined): MaybePromise<Decision> {
  const toTry = decidable(engine, call, id);
  const waitable = call.runs.filter((run) => run.spec.waitMs > 0 && !run.spec.isShadow);
  return waitable.length === 0 ? decide(toTry) : decideInOrder(engine, call, toTry, waitable, signal);
}

async function decideInOrder(
  engine: Engine,
  call: Call,
  toTry: Decidable,
  waitable: readonly BudgetRun[],
  signal: AbortSignal | undefined,
): Promise<Decision> {
  const { waited, decided } = await engine.waiting.inOrder(async () => {
    const isBehind = engine.waiting.isBehind(waitable);
    const decision = await decide(isBehind ? { ...toTry, reserve: (claims) => asIfHeld(engine, claims) } : toTry);
    if (decision.granted || !mayWait(decision)) return { decided: decision };
    return { waited: waitForMoney(engine, call, toTry, decision, signal) };
  });
  return waited ?? (decided as Decision);
}

function waitForMoney(
  engine: Engine,
  { runs, tags }: Call,
  toTry: Decidable,
  refusal: Refusal,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  const waitMs = Math.min(...refusal.refusing.map((run) => run.spec.waitMs));
  engine.events.emit('waiting', { budget: runName(refusal.run), model: refusal.model, waitMs, tags });
  const tryAgain = async () => {
    const next = await decide(toTry);
    if (next.granted || !mayWait(next)) return { isFinal: true, outcome: next } as const;
    return { isFinal: false, outcome: next, blockedBy: next.refusing } as const;
  };
  const first = { isFinal: false, outcome: refusal, blockedBy: refusal.refusing } as const;
  return engine.waiting.wait<Decision>({ runs, waitMs, signal, tryAgain }, first);
}

/** The answer to a call that stands behind others: what they wait for is not free for it, whatever the balance says. */
function asIfHeld(engine: Engine, claims: readonly Claim[]): ReserveResult {
  const denied = claims.flatMap((claim, index) => (claim.admit === 'always' ? [] : [index]));
  if (denied.length === 0) return { granted: false, reason: 'finished' };
  return {
    granted: false,
    reason: 'exceeded',
    denied,
    balances: engine.ledger.balances(claims.map(({ limit }) => limit)),
  };
}

function mayWait(refusal: Refusal): boolean {
  return refusal.canFitLater && refusal.refusing.every((run) => run.spec.waitMs > 0);
}

function decidable(engine: Engine, call: Call, id: string): Decidable {
  const { request, runs, input } = call;
  return {
    runs,
    request,
    reserve: (claims) => (claims.length === 0 ? { granted: true } : engine.ledger.reserve(id, claims)),
    priceOf: (model) => priceOrRefuse(engine, model, call),
    findPrice: (model) => findPrice(engine, model, call),
    errorOf: (refusal) => errorOf(engine, call, refusal),
    headroomOf: (model) => engine.headroom.of(call.provider, model),
    boundInput: (model, price) => input.bound(model, price),
    countInput: (model, price) => input.count(model, price),
  };
}

function priceOrRefuse(engine: Engine, model: string, call: Call): Price | undefined {
  const price = findPrice(engine, model, call);
  const capped = call.runs.filter((run) => run.spec.caps.usd !== undefined);
  if (price !== undefined) {
    if (capped.length > 0) checkAge(engine, call, price);
    return price;
  }
  const refuses = capped.some(({ spec }) => {
    if (spec.isShadow) return false;
    return (spec.onUnpriced ?? engine.settings.onUnpriced ?? (spec.enforces ? 'refuse' : 'warn')) === 'refuse';
  });
  if (refuses || (capped.length === 0 && call.runs.length === 0 && engine.settings.onUnpriced === 'refuse')) {
    throw new UnpricedModelError({ model, provider: call.provider });
  }
  if (capped.length > 0) engine.warnOnce(`unpriced:${model}`, () => new UnpricedModelWarning(model));
  return undefined;
}

/** Prices of another day may be too low: says so once, or refuses where that was asked for. */
function checkAge(engine: Engine, call: Call, price: Price): void {
  const { onStalePrices, stalePricesAfterDays } = engine.settings;
  if (onStalePrices === 'ignore') return;
  const stale = stalePriceWarning(price.asOf, engine.clock.nowMs(), stalePricesAfterDays);
  if (stale === undefined) return;
  if (onStalePrices === 'refuse' && call.runs.some(({ spec }) => spec.enforces && spec.caps.usd !== undefined)) {
    throw new UnpricedModelError({ model: price.model, staleReason: stale.message });
  }
  engine.warnOnce(`stale:${price.asOf}`, () => {
    engine.events.emit('stale_prices', { asOf: price.asOf, ageDays: stale.ageDays });
    return new StalePriceTableWarning(stale.message);
  });
}

function admitted(engine: Engine, call: Call, id: string, startedMs: number, decision: Grant): Admission {
  const { wire, request, runs, tags, provider } = call;
  const { model, price, quote, ceilingTokens, ceilingInjected } = decision;
  let record: SpendRecord | undefined;
  const host = attemptHost(engine, call, (published) => {
    record = published;
  });
  const inputTokens = decision.input.tokens ?? quote.inputTokens;
  const facts = { id, provider, request, model, price, quote, inputTokens, runs, tags, startedMs, ceilingInjected };
  const attempt = new Attempt(ceilingTokens === undefined ? facts : { ...facts, ceilingTokens }, host);
  engine.live.set(id, attempt);
  announceGrant(engine, call, decision);
  const admittedCall = createAdmittedCall({ engine, attempt, wire, sent: call.body, record: () => record });
  const rewritten = rewriteBody(call, decision);
  return rewritten === call.body
    ? { kind: 'admitted', call: admittedCall }
    : { kind: 'admitted', body: rewritten, call: admittedCall };
}

function rewriteBody(call: Call, decision: Grant): JsonObject {
  const { wire, request, provider, namedProvider } = call;
  let body = call.body;
  if (decision.model !== request.model || decision.ceilingTokens !== undefined) {
    const served = namedProvider ?? decision.price?.provider ?? provider;
    const patch = {
      ...(decision.model !== request.model && { model: decision.model }),
      ...(decision.ceilingTokens !== undefined && { maxOutputTokens: decision.ceilingTokens }),
    };
    body = wire.rewrite(body, patch, { official: served === 'openai' || served === 'azure' });
  }
  return request.stream ? wire.askForUsage(body) : body;
}

function attemptHost(engine: Engine, call: Call, onRecord: (record: SpendRecord) => void): AttemptHost {
  return {
    ledger: engine.ledger,
    nowMs: engine.clock.nowMs,
    monotonicMs: engine.clock.monotonicMs,
    priceOf: (facts, servedModel) => findServedPrice(engine, facts, call.baseURL, servedModel),
    publish(attempt, record, settled, replaces) {
      onRecord(record);
      if (record.usage && record.basis !== 'estimated') call.input.learn(record.model, record.usage.inputTokens);
      publishRecord(engine, attempt, record, settled, replaces);
    },
    onInvalidUsage: ({ facts: { id, model, tags } }) => engine.events.emit('invalid_usage', { id, model, tags }),
    onClosed(attempt) {
      engine.live.delete(attempt.facts.id);
      engine.waiting.wake();
    },
  };
}

function expireHolds(engine: Engine): void {
  for (const id of engine.ledger.expire()) engine.live.get(id)?.expired();
}
