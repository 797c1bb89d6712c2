import type { GenaiFigure, GenaiFigures, GenaiModel } from './genai-data.js';
import type { LongContextRates, Rates } from './price.js';
import type { FEE_COLUMNS } from './price-row.js';

type RateName = keyof Rates;
type FeeName = (typeof FEE_COLUMNS)[number];

/** What a model costs, as genai-prices has it, in pico-dollars. */
export interface GenaiRates extends Rates {
  readonly longContext?: readonly LongContextRates[];
  readonly webSearch?: number;
  readonly fileSearch?: number;
  readonly request?: number;
  readonly perAudioSecond?: number;
  readonly contextTokens?: number;
}

const RATES: ReadonlyMap<string, RateName> = new Map([
  ['input_mtok', 'input'],
  ['output_mtok', 'output'],
  ['cache_read_mtok', 'cacheRead'],
  ['cache_write_mtok', 'cacheWrite'],
  ['cache_write_5m_mtok', 'cacheWrite'],
  ['cache_write_1h_mtok', 'cacheWrite1h'],
  ['input_audio_mtok', 'audioInput'],
  ['output_audio_mtok', 'audioOutput'],
  ['input_image_mtok', 'imageInput'],
  ['output_image_mtok', 'imageOutput'],
]);

/** Usage does not tell what was cached apart: where most of it is images, their rate holds for all of it. */
const IMAGE_MODEL_RATES: ReadonlyMap<string, RateName> = new Map([['cache_image_read_mtok', 'cacheRead']]);

/** Fees in US dollars for a thousand. */
const FEES: ReadonlyMap<string, FeeName> = new Map([
  ['web_searches_kcount', 'webSearch'],
  ['storage_searches_kcount', 'fileSearch'],
  ['requests_kcount', 'request'],
]);

/** US dollars for an hour of audio; both names say the same. */
const AUDIO_HOURS: readonly string[] = ['audio_hours', 'input_audio_hours'];
const SECONDS_PER_HOUR = 3600;

/** Parts of what is priced already. Any other figure makes a model one we cannot bill. */
const IGNORED: readonly string[] = ['cache_audio_read_mtok', 'input_video_mtok'];

/** US dollars per million tokens as pico-dollars per token, rounded up where there are more digits. */
export function toPicoPerToken(usdPerMillion: number): number {
  return Math.ceil(Number((usdPerMillion * 1e6).toFixed(4)));
}

/** US dollars for a thousand as pico-dollars apiece, rounded up. */
export function toPicoApiece(usdPerThousand: number): number {
  return Math.ceil(usdPerThousand * 1e9);
}

/** US dollars for an hour as pico-dollars for a second, rounded up. */
function toPicoPerSecond(usdPerHour: number): number {
  return Math.ceil(Number(((usdPerHour * 1e12) / SECONDS_PER_HOUR).toFixed(4)));
}

/** Whether a provider itself calls a model free. */
export function isCalledFree(provider: string, name: string): boolean {
  return provider === 'openrouter' && name.endsWith(':free');
}

/**
 * What a model costs on `day` (`YYYY-MM-DD`). Where that changes with the hour, the dearest; a long request is never
 * cheaper a token than a short one. `undefined` where the model is billed by something that is not metered here.
 */
export function ratesOn(day: string, provider: string, model: GenaiModel): GenaiRates | undefined {
  const rates: Partial<Record<RateName, number>> = {};
  const fees: Partial<Record<FeeName, number>> = {};
  const long = new Map<number, Partial<Record<RateName, number>>>();
  let perAudioSecond: number | undefined;
  for (const figures of figuresInForce(day, model)) {
    for (const [key, figure] of Object.entries(figures)) {
      const fee = FEES.get(key);
      const rate = RATES.get(key) ?? (model.id.includes('image') ? IMAGE_MODEL_RATES.get(key) : undefined);
      if (AUDIO_HOURS.includes(key)) perAudioSecond = Math.max(perAudioSecond ?? 0, toPicoPerSecond(baseOf(figure)));
      else if (fee !== undefined) fees[fee] = Math.max(fees[fee] ?? 0, toPicoApiece(baseOf(figure)));
      else if (rate !== undefined) addFigure(rates, long, rate, figure);
      else if (!IGNORED.includes(key) && !IMAGE_MODEL_RATES.has(key)) return undefined;
    }
  }
  if (isCalledFree(provider, model.id)) return { input: 0, output: 0 };
  if (rates.input === undefined && rates.output === undefined && perAudioSecond === undefined) return undefined;
  const base: Rates = { ...rates, input: rates.input ?? 0, output: rates.output ?? 0 };
  const longContext = longContextOf(base, long);
  return {
    ...base,
    ...fees,
    ...(perAudioSecond !== undefined && { perAudioSecond }),
    ...(longContext.length > 0 && { longContext }),
    ...(model.context_window !== undefined && { contextTokens: model.context_window }),
  };
}

/** The prices of a day: the last that has begun by then, and those of all its hours. */
function figuresInForce(day: string, { prices }: GenaiModel): readonly GenaiFigures[] {
  if (!Array.isArray(prices)) return [prices as GenaiFigures];
  let inForce: readonly GenaiFigures[] = [];
  for (const { constraint, prices: figures } of prices) {
    if (constraint?.start_date === undefined) inForce = constraint ? [...inForce, figures] : [figures];
    else if (constraint.start_date <= day) inForce = [figures];
  }
  return inForce;
}

function addFigure(
  rates: Partial<Record<RateName, number>>,
  long: Map<number, Partial<Record<RateName, number>>>,
  name: RateName,
  figure: GenaiFigure,
): void {
  rates[name] = Math.max(rates[name] ?? 0, toPicoPerToken(baseOf(figure)));
  if (typeof figure === 'number') return;
  for (const { start, price } of figure.tiers ?? []) {
    const above = long.get(start) ?? {};
    above[name] = Math.max(above[name] ?? 0, toPicoPerToken(price));
    long.set(start, above);
  }
}

function longContextOf(
  base: Rates,
  long: ReadonlyMap<number, Partial<Record<RateName, number>>>,
): readonly LongContextRates[] {
  let rates: Record<string, number | undefined> = { ...base };
  const thresholds = [...long].sort(([left], [right]) => left - right);
  return thresholds.map(([aboveInputTokens, changed]) => {
    const raised = Object.entries(changed).map(([name, rate]) => [name, Math.max(rates[name] ?? 0, rate ?? 0)]);
    rates = { ...rates, ...(Object.fromEntries(raised) as Record<string, number>) };
    return { aboveInputTokens, ...(rates as unknown as Rates) };
  });
}

function baseOf(figure: GenaiFigure): number {
  return typeof figure === 'number' ? figure : figure.base;
}
