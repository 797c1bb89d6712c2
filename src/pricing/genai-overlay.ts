import { withoutDate } from './genai-names.js';
import type { LongContextRates, TierRatios } from './price.js';
import type { Correction, Listing, PriceOverlay, ProviderDefaults } from './price-overlay.js';
import type { PriceRow } from './price-row.js';
import { PROVIDER_KINDS } from './provider-kinds.js';

/** A row in the making: it may lose all its names. */
export type DraftRow = { -readonly [Key in keyof Omit<PriceRow, 'names'>]: PriceRow[Key] } & { names: string[] };

const REASONING_FAMILIES = /^(?:openai\/)?(?:o\d|gpt-[5-9]|codex-mini|computer-use)(?!.*image)/;
const OPENAI_CLOUDS: readonly string[] = ['openai', 'azure', 'openrouter'];
const TIERS = ['flex', 'priority', 'batch', 'fast'] as const;

/** Corrects the rows of a provider. A correction of a row that is no longer there says nothing. */
export function correctRows(
  provider: string,
  rows: readonly DraftRow[],
  corrections: readonly Correction[],
  source: string,
): DraftRow[] {
  let corrected = [...rows];
  for (const each of corrections.filter((correction) => correction.provider === provider)) {
    const row = corrected.find(({ names }) => names[0] === each.model);
    if (each.add && !row) {
      const added = { provider, names: [each.model], ...each.add, source: each.source, asOf: each.date };
      corrected.push(added as unknown as DraftRow);
    }
    if (!row) continue;
    if (each.remove) corrected = corrected.filter((other) => other !== row);
    if (each.rename !== undefined) row.names[0] = each.rename;
    if (each.dropAliases) row.names = row.names.filter((name) => !each.dropAliases?.includes(name));
    if (each.addAliases) row.names.push(...each.addAliases);
    if (each.set) raiseFigures(row, each.set, { source: `${source}, corrected by ${each.source}`, asOf: each.date });
  }
  return corrected;
}

function raiseFigures(
  row: DraftRow,
  figures: Readonly<Record<string, number>>,
  provenance: { readonly source: string; readonly asOf: string },
): void {
  const known = row as unknown as Readonly<Record<string, number | undefined>>;
  const dearer = Object.entries(figures).filter(([name, figure]) => figure > (known[name] ?? -1));
  if (dearer.length > 0) Object.assign(row, Object.fromEntries(dearer), provenance);
}

/** Adds service tiers, audio rates and the fees of hosted tools, as far as the row itself names none. */
export function addFees(row: DraftRow, overlay: PriceOverlay): DraftRow {
  const { provider } = row;
  const listings = row.names.flatMap((name) => overlay.find(provider, name) ?? []);
  const defaults: ProviderDefaults = overlay.defaults[provider] ?? {};
  const tiers = dearestTiers(defaults.tiers, listings);
  const audio = listings.find(({ audioInput, audioOutput }) => audioInput !== undefined || audioOutput !== undefined);
  // A fee for the request is the fee for its search; and a model of another maker has not its reseller's search.
  const hasOwnSearch = row.output > 0 && row.request === undefined && !(provider === 'google' && isClaude(row));
  const search = Math.max(0, ...listings.map(({ webSearch }) => webSearch ?? 0)) || defaults.webSearch;
  const audioInput = row.audioInput ?? above(row.input, audio?.audioInput);
  const audioOutput = row.audioOutput ?? above(row.output, audio?.audioOutput);
  const webSearch = row.webSearch ?? (hasOwnSearch ? search : undefined);
  const fileSearch = row.fileSearch ?? (hasOwnSearch ? defaults.fileSearch : undefined);
  const codeSession = row.codeSession ?? (hasOwnSearch ? defaults.codeSession : undefined);
  return {
    ...withHourLongCache(row),
    ...(tiers && { tiers }),
    ...(audioInput !== undefined && { audioInput }),
    ...(audioOutput !== undefined && { audioOutput }),
    ...(webSearch !== undefined && { webSearch }),
    ...(fileSearch !== undefined && { fileSearch }),
    ...(codeSession !== undefined && { codeSession }),
  };
}

function dearestTiers(defaults: TierRatios | undefined, listings: readonly Listing[]): TierRatios | undefined {
  const ratios: { -readonly [Tier in keyof TierRatios]: number } = { ...defaults };
  for (const { tiers } of listings) {
    for (const tier of TIERS) {
      const ratio = tiers?.[tier];
      if (ratio !== undefined) ratios[tier] = Math.max(ratios[tier] ?? 0, ratio);
    }
  }
  return Object.keys(ratios).length > 0 ? ratios : undefined;
}

/** An audio rate below that of text is out of date: the text rate has changed since. */
function above(textRate: number, audioRate: number | undefined): number | undefined {
  return audioRate !== undefined && audioRate > textRate ? audioRate : undefined;
}

function isClaude(row: DraftRow): boolean {
  return row.names.some((name) => /(?:^|[./])claude-/.test(name));
}

/** Anthropic's list says, of every model and cloud, that a write to the one-hour cache costs twice the input. */
function withHourLongCache(row: DraftRow): DraftRow {
  if (!isClaude(row) || row.cacheWrite === undefined || row.cacheWrite1h !== undefined) return row;
  const longContext = row.longContext?.map((rates): LongContextRates => ({ ...rates, cacheWrite1h: rates.input * 2 }));
  return { ...row, cacheWrite1h: row.input * 2, ...(longContext && { longContext }) };
}

/** A name whose limits are listed as others than those of its row gets a row of its own, at the same rates. */
export function splitByLimits(row: DraftRow, overlay: PriceOverlay): DraftRow[] {
  const { provider } = row;
  const listed = (name: string) => limitsOf(overlay.find(provider, name));
  const own = row.names.filter((name) => listed(name) !== undefined);
  const longest = own
    .sort((left, right) => (listed(right)?.maxOutputTokens ?? 0) - (listed(left)?.maxOutputTokens ?? 0))
    .at(0);
  const main = listed(row.names[0] ?? '') ?? listed(longest ?? '') ?? makersLimits(row.names, overlay) ?? {};
  const isReasoning = OPENAI_CLOUDS.includes(provider) && row.names.some((name) => REASONING_FAMILIES.test(name));
  const groups = new Map<string, DraftRow>();
  for (const name of row.names) {
    const limits = { ...main, ...listed(name) };
    const contextTokens = Math.max(limits.contextTokens ?? 0, row.contextTokens ?? 0) || undefined;
    const hidesReasoning = isReasoning || limits.hidesReasoning;
    const values = {
      ...(contextTokens !== undefined && { contextTokens }),
      ...(limits.maxOutputTokens !== undefined && { maxOutputTokens: limits.maxOutputTokens }),
      ...(hidesReasoning !== undefined && { hidesReasoning }),
    };
    const signature = JSON.stringify(values);
    groups.set(signature, { ...row, ...values, names: [...(groups.get(signature)?.names ?? []), name] });
  }
  return [...groups.values()];
}

type Limits = Pick<Listing, 'contextTokens' | 'maxOutputTokens' | 'hidesReasoning'>;

function limitsOf(listing: Listing | undefined): Limits | undefined {
  if (listing === undefined) return undefined;
  const { contextTokens, maxOutputTokens, hidesReasoning } = listing;
  const limits: Limits = {
    ...(contextTokens !== undefined && { contextTokens }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(hidesReasoning !== undefined && { hidesReasoning }),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

/** What a model's maker says of it, for a reseller or host that lists no limits of its own. */
function makersLimits(names: readonly string[], overlay: PriceOverlay): Limits | undefined {
  const bare = names.map((name) => name.replace(/^global\./, '').replace(/^[a-z0-9-]+[./](?=[a-z])/, ''));
  const makers = [...PROVIDER_KINDS].flatMap(([provider, kind]) => (kind === 'maker' ? [provider] : []));
  for (const name of [...names, ...bare, ...bare.map(withoutDate)]) {
    for (const maker of makers) {
      const found = limitsOf(overlay.find(maker, name));
      if (found) return found;
    }
  }
  return undefined;
}
