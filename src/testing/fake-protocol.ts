import type { FakeAnswer, FakeEvent } from './fake-answer.js';
import type { FakeWire, JsonRecord } from './fake-request.js';

/** One wire format as the fake provider speaks it. */
export interface FakeProtocol {
  readonly wire: FakeWire;
  /** How the paths it answers end. */
  readonly pathSuffix: string;
  /** The header that carries the request id. */
  readonly requestIdHeader: string;
  /** The values of the request's own output ceilings, unchecked. */
  ceilings(body: JsonRecord): readonly unknown[];
  choices(body: JsonRecord): number;
  /** Whether the request asks to see reasoning. */
  showsReasoning(body: JsonRecord): boolean;
  /** Why the real service would answer 400; `undefined` when it would not. `limit`: the model's maximum output. */
  problem(body: JsonRecord, limit: number | undefined): string | undefined;
  /** The body of an answer that is not streamed. */
  body(answer: FakeAnswer): JsonRecord;
  /** The stream of an answer, made as it is sent. */
  events(answer: FakeAnswer, request: JsonRecord): Iterable<FakeEvent>;
  errorBody(status: number, message: string): JsonRecord;
}

/** Whether `value` can be a ceiling: a whole number, 0 or more. */
export function isCeiling(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Why a service would reject this ceiling; `undefined` when it would not. Absent and `null` mean none. */
export function ceilingProblem(
  name: string,
  value: unknown,
  bounds: { readonly least: number; readonly most: number | undefined },
): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isCeiling(value)) return `Invalid type for '${name}': expected an integer of 0 or more`;
  if (value < bounds.least) return `Invalid '${name}': expected a value >= ${bounds.least}, but got ${value} instead`;
  if (bounds.most !== undefined && value > bounds.most) {
    return `${name} is too large: ${value}. This model supports at most ${bounds.most} output tokens`;
  }
  return undefined;
}

/** An error in the shape both OpenAI formats share. */
export function openaiErrorBody(status: number, message: string): JsonRecord {
  const type =
    status === 401
      ? 'authentication_error'
      : status === 429
        ? 'rate_limit_error'
        : status >= 500
          ? 'server_error'
          : 'invalid_request_error';
  return { error: { message, type, param: null, code: status === 429 ? 'rate_limit_exceeded' : null } };
}

/** `usage` as the reply wants it told: as it is, replaced, or left out. Spread it into the object that holds it. */
export function reportedUsage(answer: FakeAnswer, usage: JsonRecord): { readonly usage?: unknown } {
  if (!('usageOverride' in answer)) return { usage };
  return answer.usageOverride === 'omit' ? {} : { usage: answer.usageOverride };
}
