import { ConfigError } from '../errors.js';
import type { Unit, Window } from '../ledger/ledger.js';
import { isAmount, parseUsd } from '../money.js';
import { POLICY_NAMES, policyFor } from '../policy/policies.js';
import type { Policy } from '../policy/policy.js';
import type { Tags } from '../sink/sink.js';
import type { OnUnknown, OnUnpriced } from './options.js';
import { readWindow } from './window.js';

export type Caps = Readonly<Partial<Record<Unit, number>>>;

/** A cap that is told by the tags of the call: plans differ by tenant. */
export type CapSource = (tags: Tags) => unknown;

/** What makes a budget stand in a ledger. */
export interface StandingSpec {
  readonly window: Window;
  readonly per: readonly string[];
  readonly onMissingTag: 'refuse' | 'shared' | 'skip';
  readonly capSources: Readonly<Partial<Record<Unit, CapSource>>>;
  /** How long a cap that was told is believed. */
  readonly capTtlMs: number;
}

/** A budget's options, checked, with money in nano-dollars and defaults filled in. */
export interface BudgetSpec {
  readonly name?: string;
  readonly description?: string;
  /** Of a cap that is a function, 0 until it is asked. */
  readonly caps: Caps;
  readonly ladder: readonly Policy[];
  readonly downgrade: ReadonlyMap<string, string>;
  readonly maxOutputTokens?: number;
  /** Whether input may be bounded by more than its bytes. */
  readonly countsInput: boolean;
  readonly outputReserve: number;
  readonly reasoningReserve: number;
  readonly bound: 'ceiling' | 'reserve';
  readonly waitMs: number;
  /** Fractions of the cap, ascending. */
  readonly alertAt: readonly number[];
  /** Decides, books and tells, and refuses nothing. */
  readonly isShadow: boolean;
  /** Whether some step keeps the cap. */
  readonly enforces: boolean;
  readonly onUnpriced?: OnUnpriced;
  readonly onUnknown: OnUnknown;
  /** Absent for a budget that lives for one run of a function. */
  readonly standing?: StandingSpec;
}

const OPTIONS = [
  'usd',
  'tokens',
  'calls',
  'onExceed',
  'downgrade',
  'name',
  'description',
  'maxOutputTokens',
  'bound',
  'inputBound',
  'outputReserve',
  'reasoningReserve',
  'waitMs',
  'alertAt',
  'mode',
  'onUnpriced',
  'onUnknown',
  'window',
  'per',
  'onMissingTag',
  'capTtlMs',
] as const;

const DEFAULT_OUTPUT_RESERVE = 256;
const DEFAULT_CAP_TTL_MS = 60_000;
const MAX_PER = 16;
const UNITS: readonly Unit[] = ['usd', 'tokens', 'calls'];

/**
 * Checks the options of `budget` and returns them normalised.
 *
 * @throws ConfigError naming the option, the value and what is allowed.
 */
export function readBudgetOptions(input: unknown): BudgetSpec {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ConfigError({ option: 'budget options', value: input, remedy: 'give an object such as { usd: 0.5 }' });
  }
  refuseUnknownKeys('budget option', input, OPTIONS);
  const options = input as Readonly<Record<string, unknown>>;
  const standing = readStanding(options);
  const caps = readCaps(options);
  const ladder = readLadder(options.onExceed);
  const modes = new Set(ladder.map((policy) => policy.name));
  if (modes.has('clamp') && caps.usd === undefined && caps.tokens === undefined) {
    throw new ConfigError({
      option: 'onExceed',
      value: 'clamp',
      remedy: "give 'clamp' a usd or tokens cap to work from",
    });
  }
  const name = readText('name', options.name);
  const description = readText('description', options.description);
  const maxOutputTokens = readCount('maxOutputTokens', options.maxOutputTokens, 1);
  const onUnpriced = readOnUnpriced(options.onUnpriced);
  return Object.freeze({
    caps,
    ladder,
    downgrade: readDowngrade(options.downgrade, modes.has('downgrade')),
    countsInput: readChoice('inputBound', options.inputBound, ['calibrated', 'bytes']) !== 'bytes',
    outputReserve: readCount('outputReserve', options.outputReserve, 0) ?? DEFAULT_OUTPUT_RESERVE,
    bound: readChoice('bound', options.bound, ['ceiling', 'reserve']) ?? 'ceiling',
    reasoningReserve: readCount('reasoningReserve', options.reasoningReserve, 0) ?? 0,
    waitMs: readCount('waitMs', options.waitMs, 0) ?? 0,
    alertAt: readFractions('alertAt', options.alertAt),
    isShadow: readChoice('mode', options.mode, ['enforce', 'shadow']) === 'shadow',
    enforces: ladder.some((policy) => policy.enforces) && options.mode !== 'shadow',
    onUnknown: readChoice('onUnknown', options.onUnknown, ['auto', 'charge', 'estimate']) ?? 'auto',
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(onUnpriced !== undefined && { onUnpriced }),
    ...(standing && { standing }),
  });
}

/** Throws `ConfigError` at the first own key of `options` that is not in `known`. */
export function refuseUnknownKeys(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ConfigError({ option: what, value: key, remedy: `use one of: ${known.join(', ')}` });
    }
  }
}

/** Reads `onUnpriced`, of a budget or of `configure`. */
export function readOnUnpriced(value: unknown): OnUnpriced | undefined {
  if (value === undefined || value === 'refuse' || value === 'warn') return value;
  const assume = typeof value === 'object' && value !== null ? (value as { assume?: unknown }).assume : undefined;
  if (typeof assume === 'string' && assume !== '') return { assume };
  throw new ConfigError({ option: 'onUnpriced', value, remedy: "use 'refuse', 'warn' or { assume: model }" });
}

function readCaps(options: Readonly<Record<string, unknown>>): BudgetSpec['caps'] {
  const caps: Partial<Record<Unit, number>> = {};
  for (const unit of UNITS) {
    const cap = options[unit];
    if (cap === undefined) continue;
    caps[unit] = typeof cap === 'function' && options.window !== undefined ? 0 : readCap(unit, cap);
  }
  if (Object.keys(caps).length === 0) {
    throw new ConfigError({
      option: 'budget caps',
      value: undefined,
      remedy: 'give at least one of usd, tokens, calls',
    });
  }
  return Object.freeze(caps);
}

/**
 * Reads one cap: US dollars as nano-dollars, tokens and calls as they are.
 *
 * @throws ConfigError for what is no cap.
 */
export function readCap(unit: Unit, value: unknown): number {
  if (unit === 'usd') return parseUsd(value as number | string, 'usd');
  return readCount(unit, value ?? null, 0) as number;
}

function readStanding(options: Readonly<Record<string, unknown>>): StandingSpec | undefined {
  const { window, per, onMissingTag, capTtlMs } = options;
  if (window === undefined) {
    for (const option of ['per', 'onMissingTag', 'capTtlMs']) {
      if (options[option] === undefined) continue;
      const remedy = "give it together with a window, such as window: 'day'";
      throw new ConfigError({ option, value: options[option], remedy });
    }
    return undefined;
  }
  if (options.name === undefined) {
    const remedy = 'name a budget that has a window: it stands in the ledger under its name';
    throw new ConfigError({ option: 'name', value: undefined, remedy });
  }
  const keys = per === undefined ? [] : per;
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string' && key !== '') || keys.length > MAX_PER) {
    throw new ConfigError({ option: 'per', value: per, remedy: `give a list of at most ${MAX_PER} tag keys` });
  }
  const capSources = Object.fromEntries(
    UNITS.flatMap((unit) => (typeof options[unit] === 'function' ? [[unit, options[unit]]] : [])),
  );
  return Object.freeze({
    window: readWindow(window),
    per: Object.freeze([...new Set<string>(keys)]),
    onMissingTag: readChoice('onMissingTag', onMissingTag, ['refuse', 'shared', 'skip']) ?? 'refuse',
    capSources: Object.freeze(capSources) as StandingSpec['capSources'],
    capTtlMs: readCount('capTtlMs', capTtlMs, 0) ?? DEFAULT_CAP_TTL_MS,
  });
}

function readLadder(value: unknown): readonly Policy[] {
  const steps = value === undefined ? ['block'] : Array.isArray(value) ? value : [value];
  const remedy = `use one of ${POLICY_NAMES.join(', ')}, a function, or a list of them to try in order`;
  if (steps.length === 0) throw new ConfigError({ option: 'onExceed', value, remedy });
  const seen = new Set<unknown>();
  return Object.freeze(
    steps.map((step: unknown) => {
      const policy = policyFor(step);
      if (policy === undefined) throw new ConfigError({ option: 'onExceed', value: step, remedy });
      if (seen.has(step))
        throw new ConfigError({ option: 'onExceed', value: step, remedy: `name each mode once; ${remedy}` });
      seen.add(step);
      return policy;
    }),
  );
}

function readFractions(option: string, value: unknown): readonly number[] {
  const fractions = value === undefined ? [] : Array.isArray(value) ? value : [value];
  for (const fraction of fractions) {
    if (typeof fraction !== 'number' || !(fraction > 0 && fraction <= 1)) {
      throw new ConfigError({ option, value: fraction, remedy: 'give fractions of the cap, above 0 and at most 1' });
    }
  }
  return Object.freeze([...new Set<number>(fractions)].sort((left, right) => left - right));
}

function readDowngrade(value: unknown, needed: boolean): ReadonlyMap<string, string> {
  const remedy = "give a map such as { 'gpt-4o': 'gpt-4o-mini' } together with onExceed: 'downgrade'";
  if (!needed) {
    if (value !== undefined) throw new ConfigError({ option: 'downgrade', value, remedy });
    return new Map();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw new ConfigError({ option: 'downgrade', value, remedy });
  }
  const map = new Map<string, string>(Object.entries(value));
  for (const [from, to] of map) {
    if (typeof to !== 'string' || to === '')
      throw new ConfigError({ option: `downgrade['${from}']`, value: to, remedy });
    const seen = new Set([from]);
    for (let next: string | undefined = to; next !== undefined; next = map.get(next)) {
      if (seen.has(next)) {
        throw new ConfigError({ option: 'downgrade', value: [...seen, next].join(' → '), remedy: 'remove the cycle' });
      }
      seen.add(next);
    }
  }
  return map;
}

function readText(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new ConfigError({ option, value, remedy: 'give a text that is not empty' });
}

function readCount(option: string, value: unknown, least: number): number | undefined {
  if (value === undefined || (isAmount(value) && value >= least)) return value;
  throw new ConfigError({ option, value, remedy: `give a whole number, ${least} or more` });
}

function readChoice<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
): Choice | undefined {
  if (value === undefined || choices.includes(value as Choice)) return value as Choice | undefined;
  throw new ConfigError({ option, value, remedy: `use ${choices.map((choice) => `'${choice}'`).join(' or ')}` });
}
