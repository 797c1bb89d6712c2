import type { PolicyName } from '../policy/policy.js';

/** What a call whose model has no price does under a usd cap. */
export type OnUnpriced = 'refuse' | 'warn' | { readonly assume: string };

/** What an outcome nobody knows costs. */
export type OnUnknown = 'auto' | 'charge' | 'estimate';

/** A ladder of modes, tried in order. */
export type Ladder = readonly [PolicyName, ...PolicyName[]];

/** Caps of a budget; at least one. Landing exactly on a cap is allowed. */
export type Caps =
  | { readonly usd: number | string; readonly tokens?: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens?: number; readonly calls: number };

type OutputCaps =
  | { readonly usd: number | string; readonly tokens?: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens: number; readonly calls?: number };

interface CommonOptions {
  /** Identity on errors, events and records. */
  readonly name?: string;
  readonly description?: string;
  /** The ceiling sent with calls that set none of their own, in tokens. */
  readonly maxOutputTokens?: number;
  /** How a call without a ceiling is bounded before it is sent. */
  readonly bound?: 'ceiling';
  /** `'bytes'` never counts tokens: the input is bounded by its UTF-8 bytes alone. */
  readonly inputBound?: 'bytes';
  /** The least output worth sending a call for, in tokens. Default 256. */
  readonly outputReserve?: number;
  /** Default `'refuse'` where the mode keeps the cap, else `'warn'`. */
  readonly onUnpriced?: OnUnpriced;
  /**
   * Default `'auto'`: the estimate where the consumer cut a stream that was delivering and the model hides no reasoning,
   * else the hold. `'charge'`: always the hold.
   */
  readonly onUnknown?: OnUnknown;
}

type WithoutMap = { readonly downgrade?: never };
type DowngradeMap = { readonly downgrade: Readonly<Record<string, string>> };
type LadderWith<Name extends PolicyName> =
  | readonly [Name, ...PolicyName[]]
  | readonly [PolicyName, Name, ...PolicyName[]]
  | readonly [PolicyName, PolicyName, Name, ...PolicyName[]]
  | readonly [PolicyName, PolicyName, PolicyName, Name, ...PolicyName[]];
type PlainName = 'block' | 'raise' | 'truncate';
type LadderWithoutDowngrade = readonly [Exclude<PolicyName, 'downgrade'>, ...Exclude<PolicyName, 'downgrade'>[]];

/**
 * Options of `budget`. `clamp` needs a usd or tokens cap to work from, `downgrade` needs its map: other combinations do
 * not compile, and throw `ConfigError` in JavaScript.
 */
export type BudgetOptions = CommonOptions &
  (
    | (Caps & WithoutMap & { readonly onExceed?: PlainName | readonly [PlainName, ...PlainName[]] })
    | (OutputCaps & WithoutMap & { readonly onExceed: 'clamp' | LadderWithoutDowngrade })
    | (Caps & DowngradeMap & { readonly onExceed: 'downgrade' | LadderWith<'downgrade'> })
  );

type Names<Options> = Options extends { readonly onExceed: infer OnExceed }
  ? OnExceed extends readonly (infer Name)[]
    ? Name
    : OnExceed
  : 'block';

/** Whether a budget of these options can end its scope quietly, so that its function may resolve to `undefined`. */
export type CanTruncate<Options> = 'truncate' extends Names<Options> ? true : false;
