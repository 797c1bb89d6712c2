import { LedgerUnavailableError } from '../errors.js';
import { isAmount } from '../money.js';
import type { Amounts } from './ledger.js';
import type { StoreState } from './request.js';

/** What a script answered; which parts are there depends on `status`. */
export interface RedisReply {
  readonly status: string;
  /** The time of the store. */
  readonly timeMs: number;
  readonly generation: string;
  /** The run of the server, where it was asked for. */
  readonly run: string;
  readonly choice: number;
  readonly denied: readonly number[];
  readonly states: readonly StoreState[] | undefined;
  readonly due: readonly string[];
  readonly names: readonly string[];
  readonly overrun: Amounts | undefined;
  readonly isFirst: boolean;
  readonly info: string;
}

/**
 * Reads the answer of a script.
 *
 * @throws LedgerUnavailableError where it is none.
 */
export function readRedisReply(value: unknown): RedisReply {
  if (typeof value !== 'object' || value === null) throw unreadable();
  const reply = value as Readonly<Record<string, unknown>>;
  return {
    status: text(reply.s),
    timeMs: count(reply.t),
    generation: text(reply.g),
    run: text(reply.r),
    choice: typeof reply.choice === 'number' ? reply.choice : 0,
    denied: list(reply.denied).map((index) => Number(index) - 1),
    states: reply.states === undefined ? undefined : list(reply.states).map(readState),
    due: list(reply.due).map(text),
    names: list(reply.names).map(text),
    overrun: readAmounts(reply.overrun),
    isFirst: reply.first === true,
    info: typeof reply.info === 'string' ? reply.info : '',
  };
}

function readState(value: unknown): StoreState {
  const [spent, held, presumed, overrun, spentAbove, cap] = list(value);
  return {
    spent: count(spent),
    held: count(held),
    presumed: count(presumed),
    overrun: count(overrun),
    spentAbove: count(spentAbove),
    ...(cap !== '' && cap !== undefined && { otherCap: count(cap) }),
  };
}

function readAmounts(value: unknown): Amounts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { usd, tokens, calls } = value as Readonly<Record<string, unknown>>;
  return { usd: count(usd), tokens: count(tokens), calls: count(calls) };
}

function count(value: unknown): number {
  const number = Number(value);
  // Sums of information may go below 0 where an operator took out what stood for a charge.
  if (!isAmount(Math.abs(number))) throw unreadable();
  return number;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unreadable();
}

/** An empty list is an empty object in the JSON of the store. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function unreadable(): LedgerUnavailableError {
  return new LedgerUnavailableError('its store gave an answer that is none');
}
