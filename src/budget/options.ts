import type { ExceedHandler } from '../policy/callback.js';
import type { PolicyName } from '../policy/policy.js';
import type { Tags } from '../sink/sink.js';
import type { WindowOption } from './window.js';

/** What a call whose model has no price does under a usd cap. */
export type OnUnpriced = 'refuse' | 'warn' | { readonly assume: string };

/** What an outcome nobody knows costs. */
export type OnUnknown = 'auto' | 'charge' | 'estimate';

/** One step of `onExceed`. */
export type Step = PolicyName | ExceedHandler;

/** A ladder of modes, tried in order. */
export type Ladder = readonly [Step, ...Step[]];

/** Caps of a budget; at least one. Landing exactly on a cap is allowed. */
export type Caps =
  | { readonly usd: number | string; readonly tokens?: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens?: number; readonly calls: number };

type OutputCaps =
  | { readonly usd: number | string; readonly tokens?: number; readonly calls?: number }
  | { readonly usd?: number | string; readonly tokens: number; readonly calls?: number };

interface CommonOptions {
  readonly description?: string;
  /** The ceiling sent with calls that set none of their own, in tokens. */
  readonly maxOutputTokens?: number;
  /**
   * How a call without a ceiling is bounded before it is sent. Default `'ceiling'`: by the model's maximum if that fits
   * what is not spent, else a ceiling is sent with it. `'reserve'`: nothing is sent and `outputReserve` is assumed; the
   * provider may then bill more than was held, which is booked as overrun and emitted.
   */
  readonly bound?: 'ceiling' | 'reserve';
  /**
   * How input is bounded. Default `'calibrated'`: by its UTF-8 bytes, or by what the longest prefix of the conversation
   * that settled before took in and the bytes of what is new; where that does not fit, tokens are counted. `'bytes'`
   * never learns or counts. Each is an upper bound.
   */
  readonly inputBound?: 'calibrated' | 'bytes';
  /**
   * The least output worth sending a call for, in tokens; under `bound: 'reserve'`, the output assumed. Default 256.
   */
  readonly outputReserve?: number;
  /** Tokens of headroom for hidden thinking, for calls without an output ceiling of their own. Default 0. */
  readonly reasoningReserve?: number;
  /**
   * Where money is only held, not spent, how long a call waits for holds to settle before it is refused, in
   * milliseconds; first come, first served. Default 0.
   */
  readonly waitMs?: number;
  /** Fractions of the cap, above 0 and at most 1; each fires `threshold` once a run. */
  readonly alertAt?: number | readonly number[];
  /** `'shadow'` decides, books and emits, and refuses nothing. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'shadow';
  /** Default `'refuse'` where the mode keeps the cap, else `'warn'`. */
  readonly onUnpriced?: OnUnpriced;
  /**
   * Default `'auto'`: the estimate where the consumer cut a stream that was delivering and the model hides no reasoning,
   * else the hold. `'charge'`: always the hold.
   */
  readonly onUnknown?: OnUnknown;
}

/** A cap, or for standing budgets a function that tells it from the tags of the call; cached for `capTtlMs`. */
type CapOf<Value> = Value | ((tags: Tags) => Value | Promise<Value>);

/** Caps of a standing budget; at least one. */
type StandingCaps<Usd = CapOf<number | string>, Count = CapOf<number>> =
  | { readonly usd: Usd; readonly tokens?: Count; readonly calls?: Count }
  | { readonly usd?: Usd; readonly tokens: Count; readonly calls?: Count }
  | { readonly usd?: Usd; readonly tokens?: Count; readonly calls: Count };

/** A budget without a window lives for one run of the function it wraps. */
interface RunOptions {
  /** Identity on errors, events and records. */
  readonly name?: string;
  readonly window?: never;
  readonly per?: never;
  readonly onMissingTag?: never;
  readonly capTtlMs?: never;
}

/** A budget with a window stands in the ledger that `configure` was given, for every process that shares it. */
interface StandingOptions {
  /** Its identity, together with `window` and `per`: one name is one budget. */
  readonly name: string;
  /** How long what was spent counts: a calendar window (UTC unless a zone is named), a rolling one, or for ever. */
  readonly window: WindowOption;
  /** Tag keys: one account for each combination of their values. */
  readonly per?: readonly string[];
  /**
   * What a call without one of the `per` tags does: it is refused with a `ConfigError` that names the tag (the default),
   * takes the one account that all such calls share, or is none of this budget's.
   */
  readonly onMissingTag?: 'refuse' | 'shared' | 'skip';
  /** How long a cap that a function told is believed, in milliseconds. Default 60 000. */
  readonly capTtlMs?: number;
}

type Lifetime<RunCaps> = (RunOptions & RunCaps) | (StandingOptions & StandingCaps);

type WithoutMap = { readonly downgrade?: never };
type DowngradeMap = { readonly downgrade: Readonly<Record<string, string>> };
type LadderWith<Name extends PolicyName> =
  | readonly [Name, ...Step[]]
  | readonly [Step, Name, ...Step[]]
  | readonly [Step, Step, Name, ...Step[]]
  | readonly [Step, Step, Step, Name, ...Step[]];
type PlainStep = Exclude<Step, 'clamp' | 'downgrade'>;
type StepWithoutDowngrade = Exclude<Step, 'downgrade'>;

/**
 * Options of `budget`. `clamp` needs a usd or tokens cap to work from, `downgrade` needs its map: other combinations do
 * not compile, and throw `ConfigError` in JavaScript.
 */
export type BudgetOptions = CommonOptions &
  (
    | (Lifetime<Caps> & WithoutMap & { readonly onExceed?: PlainStep | readonly [PlainStep, ...PlainStep[]] })
    | (Lifetime<OutputCaps> &
        WithoutMap & { readonly onExceed: 'clamp' | readonly [StepWithoutDowngrade, ...StepWithoutDowngrade[]] })
    | (Lifetime<Caps> & DowngradeMap & { readonly onExceed: 'downgrade' | LadderWith<'downgrade'> })
  );

/** Options of a budget that stands in a ledger. */
export type StandingBudgetOptions = Extract<BudgetOptions, { readonly window: WindowOption }>;

type KeysOfEach<Union> = Union extends unknown ? keyof Union : never;

/** `Options` without any other key: generic parameters alone would let a misspelt option through. */
export type Exact<Options> = Options & {
  readonly [Key in Exclude<keyof Options, KeysOfEach<BudgetOptions>>]: never;
};

type NameOf<OnExceed> = OnExceed extends readonly (infer Name)[] ? Name : OnExceed;
type Names<Options> = Options extends unknown
  ? 'onExceed' extends keyof Options
    ? NameOf<Options['onExceed']>
    : 'block'
  : never;

/** Whether a budget of these options can end its scope quietly, so that its function may resolve to `undefined`. */
export type CanTruncate<Options> = 'truncate' extends Names<Options> ? true : false;
