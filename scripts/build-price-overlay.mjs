// Derives the limits, tier ratios, audio rates and search fees of scripts/price-overlay.json from two data files, and
// keeps what in it is written by hand: defaults, ratios of fast mode, the fees of containers, corrections.
//
// Usage: node scripts/build-price-overlay.mjs FOLDER
//   FOLDER holds model-limits.json (models.dev) and tiers-and-fees.json (LiteLLM).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Providers of models.dev by the names of the price table; a later one only fills what an earlier one lacks. */
const LIMIT_PROVIDERS = [
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ['google', 'google'],
  ['google-vertex', 'google'],
  ['google-vertex-anthropic', 'google'],
  ['mistral', 'mistral'],
  ['cohere', 'cohere'],
  ['deepseek', 'deepseek'],
  ['xai', 'x-ai'],
  ['moonshotai', 'moonshotai'],
  ['zai', 'zai'],
  ['perplexity', 'perplexity'],
  ['azure', 'azure'],
  ['openrouter', 'openrouter'],
  ['amazon-bedrock', 'aws'],
  ['groq', 'groq'],
  ['togetherai', 'together'],
  ['fireworks-ai', 'fireworks'],
  ['cerebras', 'cerebras'],
];

/** Providers of LiteLLM by the names of the price table. */
const FEE_PROVIDERS = {
  openai: 'openai',
  'text-completion-openai': 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  vertex_ai: 'google',
  'vertex_ai-language-models': 'google',
  'vertex_ai-anthropic_models': 'google',
  azure: 'azure',
  azure_ai: 'azure',
  bedrock_converse: 'aws',
  perplexity: 'perplexity',
};

/** Above this a ratio is a slip of the source (one row says 50), and at 1 it says nothing. */
const MAX_RATIO = 3;

const overlayPath = join(import.meta.dirname, 'price-overlay.json');
const folder = process.argv[2];
if (!folder) {
  console.error('Usage: node scripts/build-price-overlay.mjs FOLDER');
  process.exit(2);
}
const limits = readJson(join(folder, 'model-limits.json'));
const fees = readJson(join(folder, 'tiers-and-fees.json'));
const overlay = readJson(overlayPath);
const rows = Object.entries(fees.models).flatMap(readFeeRow);

writeFileSync(
  overlayPath,
  `${JSON.stringify(
    {
      limits: {
        source: limits.source,
        columns: ['contextTokens', 'maxOutputTokens', 'reasoning'],
        providers: readLimits(),
      },
      tiers: { source: fees.source, defaults: overlay.tiers.defaults, providers: group(tiersOf) },
      fast: overlay.fast,
      audio: { source: fees.source, columns: ['audioInput', 'audioOutput'], providers: group(audioOf) },
      fileSearch: overlay.fileSearch,
      codeSession: overlay.codeSession,
      webSearch: { source: fees.source, defaults: overlay.webSearch.defaults, providers: group(webSearchOf) },
      corrections: overlay.corrections,
    },
    null,
    2,
  )}\n`,
);
console.log(
  `overlay: ${rows.length} rows of fees; format it with: npx biome format --write scripts/price-overlay.json`,
);

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** `[provider, model, row]`; the regional rows of Azure are left out, because a deployment does not name its region. */
function readFeeRow([key, row]) {
  const separator = key.indexOf('|');
  const owner = key.slice(0, separator);
  const provider = FEE_PROVIDERS[owner];
  const model = key.slice(separator + 1).replace(/^(gemini|vertex_ai|azure|azure_ai|perplexity)\//, '');
  return provider === undefined || /^(eu|us|container)(\/|$)/.test(model) ? [] : [[provider, model, row]];
}

function readLimits() {
  const providers = {};
  const add = (provider, model, entry) => {
    providers[provider] ??= {};
    providers[provider][model] ??= entry;
  };
  for (const [theirs, ours] of LIMIT_PROVIDERS) {
    for (const [model, each] of Object.entries(limits.providers[theirs] ?? {})) {
      add(ours, model, [each.contextTokens ?? null, each.maxOutputTokens ?? null, each.reasoning === true]);
    }
  }
  // LiteLLM does not say of every model whether it reasons, so a row that only it has leaves that open.
  for (const [provider, model, row] of rows) {
    if (row.max_output_tokens !== undefined) add(provider, model, [null, row.max_output_tokens, null]);
  }
  return sortDeep(providers);
}

function tiersOf(row) {
  const ratios = {};
  for (const [tier, theirs] of [
    ['flex', 'flex'],
    ['priority', 'priority'],
    ['batch', 'batches'],
  ]) {
    const ratio = Math.max(row[`${theirs}.input`] ?? 0, row[`${theirs}.output`] ?? 0);
    if (ratio >= 0.25 && ratio <= MAX_RATIO && ratio !== 1) ratios[tier] = ratio;
  }
  return Object.keys(ratios).length > 0 ? ratios : undefined;
}

/** US dollars per million tokens. */
function audioOf(row) {
  const rates = [row.input_cost_per_audio_token, row.output_cost_per_audio_token];
  return rates.some((rate) => rate > 0)
    ? rates.map((rate) => (rate ? Number((rate * 1e6).toFixed(6)) : null))
    : undefined;
}

/** US dollars per thousand searches, at the dearest context size. */
function webSearchOf(row) {
  const dearest = Math.max(0, ...Object.values(row.search_context_cost_per_query ?? {}));
  return dearest > 0 ? Number((dearest * 1000).toFixed(6)) : undefined;
}

function group(read) {
  const providers = {};
  for (const [provider, model, row] of rows) {
    const value = read(row);
    if (value === undefined) continue;
    providers[provider] ??= {};
    providers[provider][model] ??= value;
  }
  return sortDeep(providers);
}

function sortDeep(providers) {
  return sorted(Object.fromEntries(Object.entries(providers).map(([name, models]) => [name, sorted(models)])));
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([left], [right]) => (left < right ? -1 : 1)));
}
