import type { BudgetRun } from '../budget/run.js';
import type { Clock } from '../clock.js';
import type { ConfigError, RefusalError } from '../errors.js';
import type { MaybePromise } from '../ledger/ledger.js';
import type { Tags } from '../sink/sink.js';
import type { JsonObject } from '../wire/wire.js';

/** What is bound to one client besides the ambient budgets and tags. */
export interface Binding {
  readonly runs: readonly BudgetRun[];
  readonly tags: Tags;
  readonly provider?: string;
}

/** A request on its way out. */
export type OutgoingCall = {
  readonly binding: Binding;
  /** Aborts a call that waits for held money. */
  readonly signal?: AbortSignal | undefined;
} & (
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly bodyText: string;
      /** Whether `bodyText` is the fields of a form. */
      readonly isForm: boolean;
      /** Whether the request is signed already, so that a rewrite would break its signature. */
      readonly isSigned: boolean;
    }
  | { readonly kind: 'method'; readonly path: string; readonly body: JsonObject }
);

/** What to do with it. */
export type Admission =
  /** Not a call that can be metered: send it as it is. */
  | { readonly kind: 'pass' }
  | { readonly kind: 'refused'; readonly refusal: Refused }
  /** `body` and `path` are what to send where they were rewritten. */
  | { readonly kind: 'admitted'; readonly body?: JsonObject; readonly path?: string; readonly call: AdmittedCall };

/** A refusal: the error the caller is to catch, and its shape on this wire. */
export interface Refused {
  readonly error: RefusalError | ConfigError;
  readonly body: JsonObject;
}

/** A call that holds its worst case, until exactly one of these says how it ended. Later ones change nothing. */
export interface AdmittedCall {
  /** Whether the request asks for a stream. */
  readonly expectsStream: boolean;
  /** Whether that stream may come as one JSON document. */
  readonly expectsJsonStream: boolean;
  /** Whether a budget that refuses is in force around it. */
  readonly isBudgeted: boolean;
  /** It was certainly never sent. */
  notSent(): MaybePromise<void>;
  /** It was sent and nobody knows what became of it. */
  lost(): MaybePromise<void>;
  /** The provider answered with an error. */
  rejected(status: number, bodyText: string): MaybePromise<void>;
  /** The provider answered whole; `undefined` for a body that is no JSON object. A refusal here was paid. */
  completed(body: JsonObject | undefined): MaybePromise<Refused | undefined>;
  /** The provider answers as a stream of bytes. */
  streamed(): StreamTap;
  /** The provider answers as a stream of parsed events. */
  followed(): EventTap;
}

/** What to show the consumer after one piece of a stream, and the error to end it with, if any. */
export interface StreamStep {
  readonly show: readonly Uint8Array[];
  readonly error?: RefusalError;
}

/** What a stream that its consumer forgets is settled by. */
export interface Forgettable {
  /** Whether it is still to be settled. */
  isOpen(): boolean;
  readonly clock: Clock;
}

/** Follows a stream of bytes between the provider and the consumer. */
export interface StreamTap extends Forgettable {
  push(chunk: Uint8Array): MaybePromise<StreamStep>;
  /** The provider closed the stream. */
  ended(): MaybePromise<StreamStep>;
  /** The consumer left, or aborted. */
  cut(): MaybePromise<void>;
  /** The connection broke. */
  broken(): MaybePromise<void>;
}

/** Follows a stream of parsed events, as a test double yields them. */
export interface EventTap extends Forgettable {
  push(event: unknown): MaybePromise<{ readonly show: readonly unknown[]; readonly error?: RefusalError }>;
  ended(): MaybePromise<RefusalError | undefined>;
  cut(): MaybePromise<void>;
  broken(): MaybePromise<void>;
}

/** What a client adapter asks of the guard. */
export interface Gate {
  /** Whether a POST to this path is a call the guard meters. */
  meters(path: string): boolean;
  admit(call: OutgoingCall): MaybePromise<Admission>;
}
