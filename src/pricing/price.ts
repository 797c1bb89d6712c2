/** How a service tier changes the standard rates: a ratio such as 0.5 for flex. */
export interface TierRatios {
  readonly flex?: number;
  readonly priority?: number;
  readonly batch?: number;
  /** Anthropic's fast mode. */
  readonly fast?: number;
}

/** Token rates in integer pico-dollars per token. A rate that is absent costs what its nearest base rate costs. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  /** Absent: cached reads cost `input`. */
  readonly cacheRead?: number;
  /** Absent: cache writes cost `input`. */
  readonly cacheWrite?: number;
  /** Absent: one-hour cache writes cost `cacheWrite`. */
  readonly cacheWrite1h?: number;
  /** Absent: audio input costs `input`. */
  readonly audioInput?: number;
  /** Absent: audio output costs `output`. */
  readonly audioOutput?: number;
  /** Absent: images that come in cost `input`. */
  readonly imageInput?: number;
  /** Absent: images that go out cost `output`. */
  readonly imageOutput?: number;
}

/** Rates for the whole request once its input passes a threshold. */
export interface LongContextRates extends Rates {
  readonly aboveInputTokens: number;
}

/** One row of the price table: what a model costs, where the figures come from, and what bounds it. */
export interface Price extends Rates {
  readonly model: string;
  readonly provider: string;
  /** Ascending by threshold. */
  readonly longContext?: readonly LongContextRates[];
  readonly tiers?: TierRatios;
  /** Pico-dollars for one hosted web search. */
  readonly webSearch?: number;
  /** Pico-dollars for one hosted search of stored files. */
  readonly fileSearch?: number;
  /** Pico-dollars for one session of a container with 1 GB in which the provider runs code. */
  readonly codeSession?: number;
  /** Pico-dollars for each request, whatever its size. */
  readonly request?: number;
  /** Pico-dollars for one image that is made, for models sold by the piece. */
  readonly perImage?: number;
  /** Pico-dollars for one second of audio that is heard, for models sold by its length. */
  readonly perAudioSecond?: number;
  /** Shorter audio is billed as if it were this long. */
  readonly minAudioSeconds?: number;
  /** The longest audio that is sent; absent: unknown. */
  readonly maxAudioSeconds?: number;
  /** The most tokens the model can put out in one answer; absent: unknown. */
  readonly maxOutputTokens?: number;
  /** The largest input the model takes; absent: unknown. */
  readonly contextTokens?: number;
  /** Whether the model may spend output tokens on reasoning that the caller never sees. */
  readonly hidesReasoning?: boolean;
  /** Where the rates come from, for example `genai-prices 0.1.8` or `registered`. */
  readonly source: string;
  /** The day the rates were true, `YYYY-MM-DD`. */
  readonly asOf: string;
}

/** What a look-up found and why. */
export interface PriceMatch {
  readonly price: Price;
  /** One sentence: which rule led from the model asked for to this row. */
  readonly reason: string;
  /** How: a row the user registered outranks a row of the table. */
  readonly via: 'registered' | 'alias' | 'exact' | 'normalised' | 'snapshot' | 'fine-tune';
}

/** The figures a user gives to `prices.register`, in US dollars per million tokens where nothing else is said. */
export interface PriceInput {
  /** Another model whose figures fill what is not given here. */
  readonly like?: string;
  readonly input?: number | string;
  readonly output?: number | string;
  readonly cacheRead?: number | string;
  readonly cacheWrite?: number | string;
  readonly cacheWrite1h?: number | string;
  readonly audioInput?: number | string;
  readonly audioOutput?: number | string;
  readonly imageInput?: number | string;
  readonly imageOutput?: number | string;
  /** US dollars for one hosted web search. */
  readonly webSearch?: number | string;
  /** US dollars for one hosted search of stored files. */
  readonly fileSearch?: number | string;
  /** US dollars for one session of a container with 1 GB in which the provider runs code. */
  readonly codeSession?: number | string;
  /** US dollars for each request, whatever its size. */
  readonly request?: number | string;
  /** US dollars for one image that is made: the dearest size and quality you ask for. */
  readonly perImage?: number | string;
  /** US dollars for one second of audio that is heard. */
  readonly perAudioSecond?: number | string;
  readonly maxOutputTokens?: number;
  readonly contextTokens?: number;
  /** Shorter audio is billed as if it were this long, in whole seconds. */
  readonly minAudioSeconds?: number;
  /** The longest audio you send, in whole seconds: what a hold reckons with. */
  readonly maxAudioSeconds?: number;
  readonly hidesReasoning?: boolean;
}

/** Which calls a registered price is for. */
export interface PriceTarget {
  readonly model: string;
  readonly provider?: string;
  /** Only calls sent to this base URL, for models that several hosts serve at different prices. */
  readonly baseURL?: string;
}

/** One line of a call's bill. `costPicoUsd` is exact. */
export interface CostItem {
  readonly kind:
    | 'input'
    | 'cache_read'
    | 'cache_write'
    | 'cache_write_1h'
    | 'audio_input'
    | 'image_input'
    | 'output'
    | 'audio_output'
    | 'image_output'
    | 'web_search'
    | 'file_search'
    | 'code_session'
    | 'image'
    | 'audio_duration'
    | 'request'
    | 'reported'
    | 'presumed';
  /** Tokens, searches, sessions, images, seconds or requests. */
  readonly quantity: number;
  /** Pico-dollars for one; absent where the amount did not come from a rate. */
  readonly ratePicoUsd?: number;
  readonly costPicoUsd: number | bigint;
}

/** A call's cost: items and their sum, rounded up once to nano-dollars. */
export interface Cost {
  readonly items: readonly CostItem[];
  readonly costNanoUsd: number;
}
