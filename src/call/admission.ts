import type { Decision, Grant } from '../budget/decide.js';
import type { Admission, Gate } from '../client/client.js';
import type { Engine } from '../engine.js';
import { ConfigError, RefusalError } from '../errors.js';
import type { MaybePromise } from '../ledger/ledger.js';
import type { InputBound } from '../quote/input-bound.js';
import { admit } from './admit.js';
import { after } from './after.js';
import { refuse } from './announce.js';
import { type Call, readCall, withStanding } from './call.js';
import { DecidableCall } from './decidable-call.js';
import { decideOrWait } from './decide-or-wait.js';

/** The way of one call before it is sent: read, quote, reserve for every budget, rewrite or refuse. */
export function createGate(engine: Engine): Gate {
  return {
    meters: (path) => engine.findWire(path) !== undefined,
    admit(outgoing) {
      const call = readCall(engine, outgoing);
      if (call === undefined) return { kind: 'pass' };
      const startedMs = engine.clock.monotonicMs();
      expireHolds(engine);
      const id = engine.nextId();
      const act = (call: Call, decision: Decision): MaybePromise<Admission> => {
        if (!decision.granted) return { kind: 'refused', refusal: refuse(engine, call, decision) };
        const counted = meterInput(call, decision);
        return after(counted, (input) =>
          admit(engine, call, id, startedMs, input === decision.input ? decision : { ...decision, input }),
        );
      };
      try {
        const result = after(withStanding(engine, call), (whole) =>
          after(decideOrWait(engine, whole, new DecidableCall(engine, whole, id), outgoing.signal), (decision) =>
            act(whole, decision),
          ),
        );
        return result instanceof Promise ? result.catch((error) => refusedBy(error, call)) : result;
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
  // The call is held by now: a tokenizer that fails leaves it with the bound it is held at.
  return call.input.count(model, price).catch(() => input);
}

/** Calls that no budget has to look at to be refused: without a price, a bound, a tag, or a ledger that answers. Any other error is not ours. */
function refusedBy(error: unknown, call: Call): Admission {
  if (!RefusalError.isInstance(error) && !ConfigError.isInstance(error)) throw error;
  return { kind: 'refused', refusal: { error, body: call.wire.refusalBody(error) } };
}

function expireHolds(engine: Engine): void {
  for (const id of engine.ledger.expire()) {
    // An attempt that comes back after all still knows itself; nobody else has to.
    engine.live.get(id)?.expired();
    engine.live.delete(id);
  }
}
