import type { BudgetExceededError, LedgerUnavailableError } from './errors.js';
import type { Amounts, Unit } from './ledger/ledger.js';
import type { Tags } from './sink/sink.js';

/** What each event tells its listeners. */
export interface EventMap {
  /** A budget refused a call before it was sent; with `isShadow`, it would have, and the call was sent. */
  readonly blocked: { readonly error: BudgetExceededError; readonly isShadow?: boolean };
  /** As `blocked`, by a budget that ends its scope quietly. */
  readonly truncated: { readonly error: BudgetExceededError };
  /** A paid call crossed the cap of a budget that raises. */
  readonly exceeded: { readonly error: BudgetExceededError };
  /** A budget cut a stream before the chunk that would have crossed its cap. */
  readonly broken: { readonly error: BudgetExceededError };
  /** A fraction of a cap from `alertAt` was reached. Amounts in US dollars, tokens or calls. */
  readonly threshold: ThresholdEvent;
  /** A call waits for money that is held. */
  readonly waiting: { readonly budget: string; readonly model: string; readonly waitMs: number; readonly tags: Tags };
  readonly downgraded: DowngradeEvent;
  readonly clamped: ClampEvent;
  /** A provider billed more than was held. */
  readonly overrun: {
    readonly id: string;
    readonly model: string;
    readonly tags: Tags;
    /** What was billed above the hold: nano-dollars, tokens, calls. */
    readonly amounts: Amounts;
    /** Whether the model passed a bound it had kept to until now: its later calls are held with headroom. */
    readonly isBoundBroken: boolean;
  };
  /** An attempt whose outcome nobody knows was charged its hold. */
  readonly presumed: { readonly id: string; readonly model: string; readonly tags: Tags; readonly costNanoUsd: number };
  /** A provider told usage that cannot be true; the attempt was charged its hold. */
  readonly invalid_usage: { readonly id: string; readonly model: string; readonly tags: Tags };
  /** A call was sent whose model has no price; it is booked as 0 USD. */
  readonly unpriced: { readonly model: string; readonly tags: Tags };
  /** A price came from a table that is too old to be trusted without a look; told once. */
  readonly stale_prices: { readonly asOf: string; readonly ageDays: number };
  /** A budget was in force where no client of its guard was; told once for each reason. */
  readonly unguarded: { readonly reason: string };
  /** Another process claims on the same account under another cap: until they agree, the larger one binds. */
  readonly cap_mismatch: { readonly key: string; readonly unit: Unit; readonly cap: number; readonly otherCap: number };
  /** The ledger of standing budgets failed; `isAdmitted`: the call went out all the same. */
  readonly ledger_error: { readonly error: LedgerUnavailableError; readonly isAdmitted: boolean };
  /** A sink failed, or dropped records because it was too slow. */
  readonly sink_error: { readonly sink: string; readonly error?: unknown; readonly dropped?: number };
}

/** A call that went out with a cheaper model. */
export interface DowngradeEvent {
  readonly from: string;
  readonly to: string;
  readonly budget: string;
  readonly tags: Tags;
}

/** A call that went out with an output ceiling a budget set. */
export interface ClampEvent {
  readonly model: string;
  readonly maxOutputTokens: number;
  /** Whether the caller had set no ceiling of his own. */
  readonly injected: boolean;
  readonly budget: string;
  readonly tags: Tags;
}

/** A budget reached a fraction of its cap. */
export interface ThresholdEvent {
  readonly budget: string;
  readonly unit: Unit;
  readonly fraction: number;
  readonly spent: number;
  readonly cap: number;
  /** Those of the call that reached it. */
  readonly tags: Tags;
}

export type EventName = keyof EventMap;
export type Listener<Name extends EventName> = (event: EventMap[Name]) => void;

/** The names of all events. */
export const EVENT_NAMES: readonly EventName[] = Object.freeze([
  'blocked',
  'truncated',
  'exceeded',
  'broken',
  'threshold',
  'waiting',
  'downgraded',
  'clamped',
  'overrun',
  'presumed',
  'invalid_usage',
  'unpriced',
  'stale_prices',
  'unguarded',
  'cap_mismatch',
  'ledger_error',
  'sink_error',
]);

/** Tells listeners; what a listener throws reaches `onListenerError` and nobody else. */
export interface Events {
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void;
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void;
  clear(): void;
}

export function createEvents(onListenerError: (name: EventName, error: unknown) => void): Events {
  const listeners = new Map<EventName, Set<(event: never) => void>>();
  function tellError(name: EventName, error: unknown): void {
    try {
      onListenerError(name, error);
    } catch {
      // Whoever hears of a listener's trouble may have trouble of his own: neither has a place in the call.
    }
  }
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      // A wrapper of its own, so that the same function added twice is two listeners, each with its own removal.
      const entry = (event: never) => listener(event);
      set.add(entry);
      return () => {
        set.delete(entry);
      };
    },
    emit(name, event) {
      const set = listeners.get(name);
      if (set === undefined) return;
      for (const listener of [...set]) {
        try {
          const result: unknown = listener(event as never);
          if (result instanceof Promise) result.catch((error: unknown) => tellError(name, error));
        } catch (error) {
          tellError(name, error);
        }
      }
    },
    clear: () => listeners.clear(),
  };
}
