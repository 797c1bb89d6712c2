import type { Clock } from '../clock.js';
import type { Amounts, Ask, Limit, Unit, WindowSpan } from './ledger.js';

/** One account of a hold as this process asked for it. */
export interface HeldItem {
  readonly name: string;
  readonly key: string;
  readonly unit: Unit;
  readonly cap: number;
  readonly span: WindowSpan;
  readonly ask: Ask;
}

/** What this process knows of a hold it made. */
export interface KnownHold {
  readonly id: string;
  readonly items: readonly HeldItem[];
  readonly itemOf: readonly number[];
  readonly limits: readonly Limit[];
  /** When it may be forgotten, in monotonic milliseconds. */
  untilMs: number;
  /** How it ended, for a store that has lost it. */
  end: { readonly kind: 'settled'; readonly actual: Amounts | undefined } | { readonly kind: 'released' } | undefined;
}

const MAX_KNOWN = 100_000;
const KEPT_MS = 10_000;

/** The holds that this process made: the open ones until well after their lease, the others for ten seconds. */
export class RedisHolds {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #open = new Map<string, KnownHold>();
  readonly #ended = new Map<string, KnownHold>();

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  get(id: string): KnownHold | undefined {
    return this.#open.get(id) ?? this.#ended.get(id);
  }

  add(hold: Omit<KnownHold, 'untilMs' | 'end'>): void {
    if (this.#open.has(hold.id)) return;
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    this.#open.set(hold.id, { ...hold, untilMs: nowMs + 2 * this.#leaseMs, end: undefined });
  }

  end(id: string, end: KnownHold['end']): void {
    const hold = this.get(id);
    if (hold === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    this.#open.delete(id);
    this.#ended.delete(id);
    hold.end = end;
    hold.untilMs = nowMs + KEPT_MS;
    this.#ended.set(id, hold);
  }

  /** All that a store which lost its data has to be told. */
  all(): readonly KnownHold[] {
    this.#forget(this.#clock.monotonicMs());
    return [...this.#open.values(), ...this.#ended.values()];
  }

  #forget(nowMs: number): void {
    for (const holds of [this.#open, this.#ended]) {
      for (const [id, { untilMs }] of holds) {
        if (untilMs > nowMs && holds.size <= MAX_KNOWN) break;
        holds.delete(id);
      }
    }
  }
}
