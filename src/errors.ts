import type { Unit } from './ledger/ledger.js';
import type { Tags } from './sink/sink.js';

/** Every error class of this package by its stable `code`. */
export const ERROR_CODES = [
  'budget_exceeded',
  'unpriced_model',
  'unbounded_call',
  'ledger_unavailable',
  'config_error',
  'cost_assertion',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

const BRAND = Symbol.for('tokenguard.error');
// LangChain reads this own property before it retries; false means never.
const LANGCHAIN_RETRYABLE = Symbol.for('langchain.errors.retryable');

/** The base of every error this package throws. */
export abstract class TokenguardError extends Error {
  abstract readonly code: ErrorCode;
  /** No retry makes the same call fit: SDKs and frameworks that read this give up at once. */
  readonly isRetryable = false;
  /** Whether the message may be shown to an end user. */
  readonly expose = false;

  constructor(message: string) {
    super(message);
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
    Object.defineProperty(this, BRAND, { value: true });
    Object.defineProperty(this, LANGCHAIN_RETRYABLE, { value: false });
  }

  /** Whether `error` was made by this class, in this or another copy of the package. */
  static isInstance(error: unknown): error is TokenguardError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return TokenguardError.isInstance(error) && (error as { code?: unknown }).code === code;
}

/** An error that stands for a call that was not sent. No SDK retries a 402. */
export abstract class RefusalError extends TokenguardError {
  readonly status = 402;
  readonly statusCode = 402;

  /** A neutral answer for an end user: no caps, no tags, no amounts. */
  toResponse(): Response {
    return new Response(JSON.stringify({ error: { code: this.code, message: 'The usage limit is reached.' } }), {
      status: this.status,
      headers: { 'content-type': 'application/json' },
    });
  }

  static override isInstance(error: unknown): error is RefusalError {
    return TokenguardError.isInstance(error) && (error as { status?: unknown }).status === 402;
  }
}

/** What a budget said no to; amounts are in `unit`: US dollars, tokens or calls. */
export interface BudgetExceededDetails {
  /** The budget's name, or `budget` for one without. */
  readonly budget: string;
  readonly unit: Unit;
  readonly cap: number;
  readonly spent: number;
  readonly held: number;
  /** The upper bound of the refused call; under `raise`, what the call that crossed has cost. */
  readonly requested: number;
  readonly remaining: number;
  /** `false`: never, as sent. `true`: once holds settle or the window turns. */
  readonly canFitLater: boolean;
  readonly resetsAt?: Date;
  readonly retryAfterMs?: number;
  readonly model: string;
  readonly tags: Tags;
  /** What happened to the call: nothing of it was sent, it was paid, or its stream was cut. Default `'refused'`. */
  readonly fate?: 'refused' | 'paid' | 'cut';
  /** The paid answer of the call that crossed the cap under `raise`: its parsed body. */
  readonly response?: unknown;
  /** What a function of the user's threw when it was asked about the refusal. */
  readonly cause?: unknown;
}

/** Some SDKs read an error's text to decide on a retry; a name that a user gave must not look like a time-out there. */
function withoutTimeouts(text: string): string {
  return text.replace(/(time)(d?) ?(out)/gi, '$1$2-$3');
}

function messageOf(details: BudgetExceededDetails): string {
  const { budget, model, spent, held, cap } = details;
  const show = UNIT_FORMAT[details.unit];
  if (details.fate === 'cut') {
    return `Budget '${budget}' cut a stream of ${model} before the chunk that would have crossed its cap: ${show(spent)} spent of ${show(cap)}`;
  }
  if (details.fate === 'paid') {
    return `Budget '${budget}' is exceeded: ${show(spent)} spent of ${show(cap)}; the call to ${model} that crossed it was paid`;
  }
  const later = details.canFitLater ? '; it can fit once calls in flight settle' : '';
  return `Budget '${budget}' refused a call to ${model}: it may need ${show(details.requested)}, and ${show(details.remaining)} of ${show(cap)} remain (${show(spent)} spent, ${show(held)} held)${later}`;
}

const UNIT_FORMAT: Record<Unit, (amount: number) => string> = {
  usd: (amount) => `$${amount}`,
  tokens: (amount) => `${amount} tokens`,
  calls: (amount) => `${amount} calls`,
};

/**
 * A budget refused a call before it was sent, or a call under `raise` crossed the cap.
 *
 * @example
 * try { await answer(question); }
 * catch (error) {
 *   const refusal = findBudgetError(error);
 *   if (refusal) return refusal.toResponse();
 *   throw error;
 * }
 */
export class BudgetExceededError extends RefusalError implements BudgetExceededDetails {
  readonly code = 'budget_exceeded';
  readonly budget: string;
  readonly unit: Unit;
  readonly cap: number;
  readonly spent: number;
  readonly held: number;
  readonly requested: number;
  readonly remaining: number;
  readonly canFitLater: boolean;
  readonly model: string;
  readonly tags: Tags;
  declare readonly resetsAt?: Date;
  declare readonly retryAfterMs?: number;
  declare readonly response?: unknown;

  constructor(details: BudgetExceededDetails) {
    super(withoutTimeouts(messageOf(details)));
    this.budget = details.budget;
    this.unit = details.unit;
    this.cap = details.cap;
    this.spent = details.spent;
    this.held = details.held;
    this.requested = details.requested;
    this.remaining = details.remaining;
    this.canFitLater = details.canFitLater;
    this.model = details.model;
    this.tags = details.tags;
    if (details.resetsAt !== undefined) this.resetsAt = details.resetsAt;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    // The paid answer is the caller's own content: reachable, but not printed by a logger that walks the error.
    if ('cause' in details)
      Object.defineProperty(this, 'cause', { value: details.cause, configurable: true, writable: true });
    if ('response' in details) Object.defineProperty(this, 'response', { value: details.response });
  }

  /** The coded facts, without the paid answer. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, budget, unit, cap, spent, held, requested, remaining, canFitLater, model, tags } =
      this;
    const { resetsAt, retryAfterMs } = this;
    return {
      ...{ name, code, message, budget, unit, cap, spent, held, requested, remaining, canFitLater, model, tags },
      ...(resetsAt && { resetsAt: resetsAt.toISOString() }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  override toResponse(): Response {
    const response = super.toResponse();
    if (this.retryAfterMs !== undefined)
      response.headers.set('retry-after', String(Math.ceil(this.retryAfterMs / 1000)));
    return response;
  }

  static override isInstance(error: unknown): error is BudgetExceededError {
    return hasCode(error, 'budget_exceeded');
  }
}

/** A call under a usd cap whose model has no price. */
export class UnpricedModelError extends RefusalError {
  readonly code = 'unpriced_model';
  readonly model: string;

  constructor(details: { readonly model: string; readonly provider?: string; readonly staleReason?: string }) {
    const host = details.provider === undefined ? '' : ` (${details.provider})`;
    super(
      details.staleReason ??
        `No price is known for model '${details.model}'${host}: call prices.register('${details.model}', { input, output }) or prices.alias('${details.model}', { like }), or set onUnpriced: 'warn' or { assume: model }`,
    );
    this.model = details.model;
  }

  static override isInstance(error: unknown): error is UnpricedModelError {
    return hasCode(error, 'unpriced_model');
  }
}

/** A call under a cap that nothing can bound before it is sent. */
export class UnboundedCallError extends RefusalError {
  readonly code = 'unbounded_call';
  readonly model: string;

  constructor(details: { readonly model: string; readonly reason: string; readonly remedy: string }) {
    super(`A call to ${details.model} cannot be bounded: ${details.reason}. To send it under a cap, ${details.remedy}`);
    this.model = details.model;
  }

  static override isInstance(error: unknown): error is UnboundedCallError {
    return hasCode(error, 'unbounded_call');
  }
}

/** The ledger of a budget could not be asked, so the call was refused. */
export class LedgerUnavailableError extends RefusalError {
  readonly code = 'ledger_unavailable';

  constructor(reason: string) {
    super(`The ledger is unavailable: ${reason}`);
  }

  static override isInstance(error: unknown): error is LedgerUnavailableError {
    return hasCode(error, 'ledger_unavailable');
  }
}

/** An option that cannot be used: names the option, the value it was given and what to write instead. */
export class ConfigError extends TokenguardError {
  readonly code = 'config_error';
  readonly option: string;
  /** What was given; of an object or a function only that it was one, because a client would bring its keys along. */
  readonly value: unknown;
  readonly remedy: string;

  constructor(details: { readonly option: string; readonly value: unknown; readonly remedy: string }) {
    super(`Invalid ${details.option}: ${describeValue(details.value)}. ${capitalise(details.remedy)}`);
    this.option = details.option;
    this.value = isPrimitive(details.value) ? details.value : describeValue(details.value);
    this.remedy = details.remedy;
  }

  static override isInstance(error: unknown): error is ConfigError {
    return hasCode(error, 'config_error');
  }
}

/** A cost assertion that did not hold, in a test or a check. */
export class CostAssertionError extends TokenguardError {
  readonly code = 'cost_assertion';

  static override isInstance(error: unknown): error is CostAssertionError {
    return hasCode(error, 'cost_assertion');
  }
}

const WRAPPERS = ['cause', 'lastError', 'error', 'reason'] as const;

/**
 * Finds our refusal wherever an SDK or framework wrapped it: through `cause`, `errors`, `lastError`, `error`.
 * Returns `undefined` when there is none. Cycles are safe.
 */
export function findBudgetError(error: unknown): RefusalError | undefined {
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  for (let index = 0; index < queue.length; index += 1) {
    const candidate = queue[index];
    if (typeof candidate !== 'object' || candidate === null || seen.has(candidate)) continue;
    seen.add(candidate);
    if (RefusalError.isInstance(candidate)) return candidate;
    const holder = candidate as Record<string, unknown>;
    for (const key of WRAPPERS) queue.push(holder[key]);
    if (Array.isArray(holder.errors)) queue.push(...holder.errors);
  }
  return undefined;
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 80 ? `${value.slice(0, 80)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
