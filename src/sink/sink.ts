import type { CostItem } from '../pricing/price.js';
import type { Usage } from '../usage/usage.js';

/** Values a tag may have. */
export type TagValue = string | number | boolean;
/** Who a call is for: any keys, any values; `undefined` means not set. */
export type Tags = Readonly<Record<string, TagValue | undefined>>;

/** The version of the `SpendRecord` shape; a sink stores it beside each record. */
export const RECORD_SCHEMA_VERSION = 1;

/** How the cost of a record came about. */
export type CostBasis = 'reported' | 'priced' | 'estimated' | 'presumed' | 'unpriced';

/** How an attempt ended. */
export type Outcome = 'completed' | 'cut' | 'failed' | 'expired';

/** One settled attempt: what it cost, how that came about, and whom it is for. Frozen. */
export interface SpendRecord {
  /** Unique for each attempt; a later record with the same id replaces the earlier one. */
  readonly id: string;
  readonly schemaVersion: number;
  /** When it settled, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly provider: string;
  /** OpenTelemetry's `gen_ai.operation.name`: `chat`, `embeddings`, … */
  readonly operation: string;
  /** The model that was sent, after any rewrite. */
  readonly model: string;
  /** The model the caller asked for, where a budget rewrote it. */
  readonly requestedModel?: string;
  /** The model that answered. */
  readonly servedModel?: string;
  /** Absent where the provider never told and nothing was seen. */
  readonly usage?: Usage;
  readonly costNanoUsd: number;
  readonly basis: CostBasis;
  readonly items: readonly CostItem[];
  /** Where the price came from, and the day it was true. */
  readonly priceSource?: string;
  readonly priceAsOf?: string;
  readonly serviceTier?: string;
  readonly tags: Readonly<Record<string, TagValue>>;
  /** The budgets the attempt claimed on, outermost first: the id of the run, and the name if it has one. */
  readonly budgets: readonly { readonly id: string; readonly name?: string }[];
  readonly holdNanoUsd: number;
  readonly outcome: Outcome;
  readonly stream: boolean;
  readonly durationMs: number;
  readonly timeToFirstTokenMs?: number;
  /** The output ceiling that a budget sent with the call, where it sent one. */
  readonly ceilingTokens?: number;
  /** Whether that ceiling was added to a call that had none. */
  readonly ceilingInjected?: boolean;
}

/** Something that happened around a call, as a sink is told of it: what, when and for whom. Frozen. */
export interface SinkEvent {
  /** The name of the event as `on` knows it: `blocked`, `clamped`, … */
  readonly name: string;
  /** When it happened, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The name of the budget that did it, where one did. */
  readonly budget?: string;
  /** The model the call asked for, where the event is about a call. */
  readonly model?: string;
  readonly tags: Readonly<Record<string, TagValue>>;
}

/** Whom a sink tells of trouble that comes after `write` was done. */
export interface SinkHost {
  failed(error: unknown): void;
  dropped(count: number): void;
}

/**
 * Where settled records go. A sink is called outside the call it records: whatever it does, the call, the spend and
 * the other sinks stay as they are.
 */
export interface Sink {
  /** Its identity: adding a sink of the same name replaces the earlier one. */
  readonly name: string;
  /** Takes records in the order they settled. */
  write(records: readonly SpendRecord[]): void | Promise<void>;
  /** Takes events in the order they happened, as isolated from the call as `write` is. */
  onEvent?(event: SinkEvent): void | Promise<void>;
  /** Called when the sink is added, before anything else. A sink that writes later than it is told to keeps `host`. */
  attach?(host: SinkHost): void;
  /** Resolves when everything written is kept. */
  flush?(): Promise<void>;
  /** Flushes and gives back what the sink holds open. */
  shutdown?(): Promise<void>;
}
