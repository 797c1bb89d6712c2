import type { Grant } from '../budget/decide.js';
import type { Admission } from '../client/client.js';
import { type Engine, findServedPrice } from '../engine.js';
import type { SettleResult } from '../ledger/ledger.js';
import type { Price } from '../pricing/price.js';
import type { SpendRecord } from '../sink/sink.js';
import type { JsonObject } from '../wire/wire.js';
import { announceGrant } from './announce.js';
import { createAdmittedCall } from './answer.js';
import { Attempt, type AttemptHost } from './attempt.js';
import type { Call } from './call.js';
import { publishRecord } from './publish.js';
import type { AttemptFacts } from './record.js';

/** Turns a granted hold into an attempt, and the request into what is sent for it. */
export function admit(engine: Engine, call: Call, id: string, startedMs: number, decision: Grant): Admission {
  const { wire, request, runs, tags, provider } = call;
  const { model, price, quote, ceilingTokens, ceilingInjected } = decision;
  const booking = new Booking(engine, call);
  const inputTokens = decision.input.tokens ?? quote.inputTokens;
  const facts = { id, provider, request, model, price, quote, inputTokens, runs, tags, startedMs, ceilingInjected };
  const attempt = new Attempt(ceilingTokens === undefined ? facts : { ...facts, ceilingTokens }, booking);
  engine.live.set(id, attempt);
  announceGrant(engine, call, decision);
  const admittedCall = createAdmittedCall({ engine, attempt, wire, sent: call.body, booking });
  const rewritten = rewriteBody(call, decision);
  const path = model === request.model ? undefined : wire.rewritePath?.(call.path, model);
  return {
    kind: 'admitted',
    call: admittedCall,
    ...(rewritten !== call.body && { body: rewritten }),
    ...(path !== undefined && { path }),
  };
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

/** Books the attempts of one call. */
class Booking implements AttemptHost {
  readonly ledger: AttemptHost['ledger'];
  /** What the attempt came to, once it is booked. */
  record: SpendRecord | undefined;
  readonly #engine: Engine;
  readonly #call: Call;

  constructor(engine: Engine, call: Call) {
    this.ledger = engine.booking;
    this.#engine = engine;
    this.#call = call;
  }

  nowMs(): number {
    return this.#engine.clock.nowMs();
  }

  monotonicMs(): number {
    return this.#engine.clock.monotonicMs();
  }

  priceOf(facts: AttemptFacts, servedModel: string | undefined): Price | undefined {
    return findServedPrice(this.#engine, facts, this.#call.baseURL, servedModel);
  }

  publish(attempt: Attempt, record: SpendRecord, settled: SettleResult, replaces: boolean): void {
    this.record = record;
    const isTold = record.usage !== undefined && record.basis !== 'estimated';
    if (isTold) this.#call.input.learn(record.model, record.usage.inputTokens);
    publishRecord(this.#engine, attempt, record, settled, replaces);
  }

  onInvalidUsage({ facts: { id, model, tags } }: Attempt): void {
    this.#engine.events.emit('invalid_usage', { id, model, tags });
  }

  onClosed(attempt: Attempt): void {
    this.#engine.live.delete(attempt.facts.id);
    this.#engine.waiting.wake();
  }
}
