import { createHash } from 'node:crypto';
import { isAmount } from '../money.js';
import type {
  Amounts,
  Balance,
  Limit,
  ReserveResult,
  SettleOutcome,
  SettleResult,
  Unit,
  WindowSpan,
} from './ledger.js';
import { balanceFrom, FOR_EVER } from './request.js';

/** An account in a window, as `tg_apply` reads it. */
export interface WireItem {
  readonly a: string;
  readonly u: Unit;
  readonly k: string;
  readonly cap: number;
  readonly s: number;
  readonly e: number;
  readonly w: string;
  /** The windows whose spending counts, its own first. */
  readonly p: readonly string[];
  readonly c: number;
}

/** An operation, as `tg_apply` reads it. */
export interface WireOperation {
  readonly t: 'reserve' | 'settle' | 'release' | 'balances' | 'adjust' | 'mark' | 'prune' | 'expire';
  readonly id?: string;
  readonly items?: readonly WireItem[];
  readonly [part: string]: unknown;
}

/** Spent, held, presumed, overrun, spentAbove, and the cap before. */
type WireState = readonly [number, number, number, number, number, number | null];

/** What `tg_apply` answers to one operation. */
export interface WireAnswer {
  readonly r: string;
  readonly now?: number;
  readonly choice?: number;
  readonly denied?: readonly number[];
  readonly s?: readonly WireState[];
  readonly o?: Partial<Amounts>;
  readonly expired?: string;
  readonly first?: boolean;
}

/** What `tg_apply` answers to a batch. */
export interface WireBatch {
  readonly now: number;
  readonly expired: readonly string[];
  readonly answers: readonly WireAnswer[];
}

/** The limits of a request: each claim's, the item it belongs to, and the moment their windows were taken at. */
export interface Asked {
  readonly limits: readonly Limit[];
  readonly itemOf: readonly number[];
}

const MAX_NAME = 300;

/** The window of a limit at a moment of the store's. */
function spanOf({ window }: Pick<Limit, 'window'>, nowMs: number): WindowSpan {
  return window === undefined ? FOR_EVER : window.at(nowMs);
}

/** An account in the window of `nowMs`. Names too long for an index go by their digest. */
export function wireItem(limit: Limit, nowMs: number): WireItem {
  const { key = '', unit, cap } = limit;
  const { id, startMs, endMs, earlierIds, countsUntilMs } = spanOf(limit, nowMs);
  const own = shortName(id);
  return {
    ...{ a: shortName(`${unit}:${key}`), u: unit, k: key, cap },
    ...{ s: startMs, e: endMs, w: own, p: [own, ...earlierIds.map(shortName)], c: countsUntilMs },
  };
}

/** A text as a name in the store: as it is where it is short and plain, else its digest. */
export function shortName(text: string): string {
  if (text.length <= MAX_NAME && /^[\x20-\x7e]*$/.test(text) && !text.startsWith('#')) return text;
  return `#${createHash('sha256').update(JSON.stringify(text)).digest('hex')}`;
}

/** A text that the store takes: without NUL and halves of characters, and not endless. */
export function storableText(text: string): string {
  return text
    .slice(0, 2000)
    .replaceAll('\0', '\ufffd')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** The balances beside the claims. */
export function balancesOf(states: readonly WireState[], { limits, itemOf }: Asked, nowMs: number): Balance[] {
  return limits.map((limit, index) => {
    const [spent, held, presumed, overrun, spentAbove, cap] = states[itemOf[index] as number] as WireState;
    const otherCap = cap ?? undefined;
    return balanceFrom({ spent, held, presumed, overrun, spentAbove, otherCap }, limit.cap, spanOf(limit, nowMs));
  });
}

/** The answer to a reserve; `undefined` where it is none. */
export function readReserve(answer: WireAnswer, asked: Asked, nowMs: number): ReserveResult | undefined {
  const { r, choice = 0, denied = [], s = [] } = answer;
  switch (r) {
    case 'granted':
      return { granted: true, choice, balances: balancesOf(s, asked, nowMs) };
    case 'exceeded': {
      const claims = asked.itemOf.flatMap((item, index) => (denied.includes(item) ? [index] : []));
      return { granted: false, reason: 'exceeded', denied: claims, balances: balancesOf(s, asked, nowMs) };
    }
    case 'mismatch':
    case 'finished':
    case 'invalid':
      return { granted: false, reason: r };
    // Not `late`, which is what a settle may be.
    case 'too-late':
      return { granted: false, reason: 'late' };
    default:
      return undefined;
  }
}

/** The answer to a settle. */
export function readSettle(answer: WireAnswer, asked: Asked | undefined, nowMs: number): SettleResult {
  const { r, o = {}, s } = answer;
  const overrun = { usd: o.usd ?? 0, tokens: o.tokens ?? 0, calls: o.calls ?? 0 };
  const outcome = r as SettleOutcome;
  if (asked === undefined || s === undefined) return { outcome, overrun };
  return { outcome, overrun, balances: balancesOf(s, asked, nowMs) };
}

/** What was consumed, where every part of it is an amount. */
export function readActual(actual: Amounts | undefined): Amounts | undefined {
  if (actual == null || !isAmount(actual.usd) || !isAmount(actual.tokens) || !isAmount(actual.calls)) return undefined;
  return { usd: actual.usd, tokens: actual.tokens, calls: actual.calls };
}
