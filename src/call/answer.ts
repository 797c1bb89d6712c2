import type { AdmittedCall, EventTap, Refused, StreamStep, StreamTap } from '../client/client.js';
import type { Engine } from '../engine.js';
import type { BudgetExceededError } from '../errors.js';
import type { MaybePromise } from '../ledger/ledger.js';
import type { Outcome, SpendRecord } from '../sink/sink.js';
import { toJsonText } from '../wire/json-text.js';
import { createByteTap, createOutputCounter } from '../wire/tap.js';
import type { JsonObject, ResponseReading, StreamReader, Wire } from '../wire/wire.js';
import { after } from './after.js';
import type { Attempt, Seen } from './attempt.js';
import { createBreaker, type StreamCrossing } from './breaker.js';
import { brokenError, crossingError } from './publish.js';

/** What following an answer needs. */
export interface AnswerContext {
  readonly engine: Engine;
  readonly attempt: Attempt;
  readonly wire: Wire;
  /** The request as the caller wrote it. */
  readonly sent: JsonObject;
  /** Has the record of this attempt, once it is booked. */
  readonly booking: { readonly record: SpendRecord | undefined };
}

const NOTHING_SEEN: Seen = { outputTokens: 0 };

/** Maps how a call ended to what its hold becomes. */
export function createAdmittedCall(context: AnswerContext): AdmittedCall {
  const { attempt, wire } = context;
  return {
    expectsStream: attempt.facts.request.stream,
    expectsJsonStream: attempt.facts.request.stream && wire.streamsAsJson === true,
    isBudgeted: attempt.facts.runs.some((run) => !run.spec.isShadow),
    notSent: () => attempt.release(),
    lost: () => attempt.settleUnknown('failed', {}, NOTHING_SEEN),
    rejected: (status, bodyText) =>
      isUnbilled(status, bodyText) ? attempt.release() : attempt.settleUnknown('failed', {}, NOTHING_SEEN),
    completed(body) {
      if (body === undefined) return after(attempt.settleUnknown('failed', {}, NOTHING_SEEN), () => undefined);
      const seen = () => ({ outputTokens: tokensOfAnswer(body) });
      return finish(context, wire.readResponse(body), { outcome: 'completed', seen, answer: { response: body } });
    },
    streamed: () => createStreamTap(context),
    followed: () => createEventTap(context),
  };
}

interface Ending {
  readonly outcome: Outcome;
  /** For an answer that never told its usage. */
  readonly seen: () => Seen;
  readonly answer?: { readonly response: unknown };
}

/** Settles, and says whether this paid call crossed a cap that raises. */
function finish(
  { engine, attempt, wire, booking }: AnswerContext,
  reading: ResponseReading,
  { outcome, seen, answer }: Ending,
): MaybePromise<(Refused & { readonly error: BudgetExceededError }) | undefined> {
  if (!attempt.isOpen) return undefined;
  const isKnown = reading.usage !== undefined || reading.reportedCostPicoUsd !== undefined;
  return after(isKnown ? attempt.settle(reading, outcome) : attempt.settleUnknown(outcome, reading, seen()), () => {
    const error = crossingError(engine, attempt, chargedAmounts(attempt, booking.record), answer);
    return error && { error, body: wire.refusalBody(error) };
  });
}

/** The output of an answer that told no usage: all of its JSON, so that nothing in it is missed. */
function tokensOfAnswer(body: JsonObject): number {
  const output = createOutputCounter();
  output.see([toJsonText(body)]);
  return output.tokens();
}

function chargedAmounts(attempt: Attempt, record: SpendRecord | undefined) {
  const { quote } = attempt.facts;
  const tokens = record?.usage
    ? record.usage.inputTokens + record.usage.outputTokens
    : quote.inputTokens + quote.outputTokens;
  return { usd: record?.costNanoUsd ?? quote.costNanoUsd, tokens, calls: 1 };
}

/**
 * Whether an error answer says that nothing was billed. Providers do not bill requests they reject; a time-out at a
 * gateway says nothing of what happened behind it, unless the provider itself says that it failed.
 */
function isUnbilled(status: number, bodyText: string): boolean {
  if (status === 408 || status === 499) return false;
  if (status < 500) return true;
  try {
    const body: unknown = JSON.parse(bodyText);
    return typeof body === 'object' && body !== null && ('error' in body || 'message' in body || 'detail' in body);
  } catch {
    return false;
  }
}

/** What both kinds of taps do with a stream's reader. */
function followReader(context: AnswerContext, reader: StreamReader, outputTokens: () => number) {
  const { attempt } = context;
  const seen = (): Seen => ({
    outputTokens: outputTokens(),
    ...(reader.inputUsage && { inputUsage: reader.inputUsage }),
  });

  function settleEarly(outcome: Outcome): MaybePromise<void> {
    const reading = reader.result();
    return reading.usage === undefined
      ? attempt.settleUnknown(outcome, reading, seen())
      : attempt.settle(reading, outcome);
  }

  return {
    clock: context.engine.clock,
    isOpen: () => attempt.isOpen,
    /** `isWhole`: the stream said itself that it is complete. Without that, and without usage, it has failed. */
    finish(isWhole: boolean) {
      const reading = reader.result();
      const outcome = isWhole || reading.usage !== undefined ? 'completed' : 'failed';
      return finish(context, reading, { outcome, seen });
    },
    /** Ends the stream before the chunk that would cross a cap: an estimate of what was made, and the error to end it with. */
    breakOff: ({ run, unit }: StreamCrossing): MaybePromise<BudgetExceededError> =>
      after(attempt.estimate('cut', reader.result(), seen()), () => brokenError(context.engine, attempt, run, unit)),
    cut: () => settleEarly('cut'),
    broken: () => settleEarly('failed'),
  };
}

function createStreamTap(context: AnswerContext): StreamTap {
  const { attempt, wire } = context;
  const reader = wire.followStream(context.sent);
  const breaker = createBreaker(context.engine, attempt);
  let crossing: StreamCrossing | undefined;
  const tap = createByteTap(reader, wire.framing, (seenTokens) => {
    crossing = breaker?.(seenTokens, reader.inputUsage);
    return crossing === undefined;
  });
  const { finish: finishStream, breakOff, ...leaving } = followReader(context, reader, tap.seenTokens);
  return {
    push(chunk): MaybePromise<StreamStep> {
      const step = tap.push(chunk);
      if (step.hasOutput) attempt.sawOutput();
      if (crossing) return after(breakOff(crossing), (error) => ({ show: step.before, error }));
      if (step.terminal === undefined) return { show: step.before };
      const { raw, isDoneMark } = step.terminal;
      return after(finishStream(isDoneMark), (crossed) => {
        if (crossed === undefined) return { show: [...step.before, raw, ...step.after] };
        // SDKs stop reading at the mark that ends a stream, and would never come to the error behind it.
        return { show: isDoneMark ? step.before : [...step.before, raw], error: crossed.error };
      });
    },
    ended(): MaybePromise<StreamStep> {
      const rest = tap.end();
      const show = rest.length > 0 ? [rest] : [];
      return after(finishStream(false), (crossed) => (crossed ? { show, error: crossed.error } : { show }));
    },
    ...leaving,
  };
}

function createEventTap(context: AnswerContext): EventTap {
  const { attempt, wire } = context;
  const reader = wire.followStream(context.sent);
  const output = createOutputCounter();
  const { finish: finishStream, breakOff, ...leaving } = followReader(context, reader, output.tokens);
  const breaker = createBreaker(context.engine, attempt);
  return {
    push(event) {
      const json = typeof event === 'object' && event !== null ? (event as JsonObject) : undefined;
      const reading = reader.read('', json);
      if (reading.deltas && reading.deltas.length > 0) {
        output.see(reading.deltas);
        attempt.sawOutput();
        const crossing = breaker?.(output.tokens(), reader.inputUsage);
        if (crossing) return after(breakOff(crossing), (error) => ({ show: [], error }));
      }
      const show = reading.strip ? [] : [event];
      if (!reading.terminal) return { show };
      return after(finishStream(false), (crossed) => (crossed ? { show, error: crossed.error } : { show }));
    },
    ended: () => after(finishStream(false), (crossed) => crossed?.error),
    ...leaving,
  };
}
