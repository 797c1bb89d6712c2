/**
 * Builds src/pricing/catalog-data.ts from the package @pydantic/genai-prices and our overlay: `npm run prices`.
 * Needs no network: the figures are those of the installed versions, so the same input gives the same file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { waitForUpdate } from '@pydantic/genai-prices';

/** The day genai-prices 0.1.8 was published; its data carries no date of its own. */
const AS_OF = '2026-09-23';
/** Prices that a date puts in force are taken as of this day. */
const IN_FORCE_ON = '2026-11-24';

/** Providers that are kept, those that make a model before those that resell it: a name without a provider is theirs. */
const PROVIDERS = [
  ...['openai', 'anthropic', 'google', 'mistral', 'cohere', 'deepseek', 'x-ai', 'perplexity', 'moonshotai', 'minimax'],
  ...[
    'zhipuai',
    'zai',
    'voyageai',
    'groq',
    'cerebras',
    'azure',
    'aws',
    'together',
    'fireworks',
    'novita',
    'openrouter',
  ],
];

const RATES = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_write_mtok: 'cacheWrite',
  cache_write_1h_mtok: 'cacheWrite1h',
  input_audio_mtok: 'audioInput',
  output_audio_mtok: 'audioOutput',
  input_image_mtok: 'imageInput',
  output_image_mtok: 'imageOutput',
};
/** Fees in US dollars for a thousand. */
const FEES = { web_searches_kcount: 'webSearch', requests_kcount: 'request' };
/** Figures that never lower a bill of ours when left out: parts of what is priced already, or tools we do not meter. */
const IGNORED = new Set([
  'cache_audio_read_mtok',
  'cache_image_read_mtok',
  'storage_searches_kcount',
  'input_video_mtok',
]);

const toPico = (usdPerMillion) => Math.ceil(Number((usdPerMillion * 1e6).toFixed(4)));

export async function buildCatalog() {
  const overlay = JSON.parse(readFileSync(new URL('price-overlay.json', import.meta.url), 'utf8'));
  const corrections = new Map(overlay.corrections.map((correction) => [correction.key, correction]));
  const all = await waitForUpdate();
  const providers = {};
  for (const id of PROVIDERS) {
    const models = all.find((provider) => provider.id === id)?.models ?? [];
    const rows = models
      .flatMap((model) => rowOf(id, model, overlay.models) ?? [])
      .flatMap((row) => corrected(id, row, corrections));
    providers[id] = rows.sort((left, right) => (left.names[0] < right.names[0] ? -1 : 1));
  }
  const manifest = new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return { source: `genai-prices ${version}`, asOf: AS_OF, providers };
}

function rowOf(provider, model, overlay) {
  const names = namesOf(model);
  const prices = pricesInForce(model.prices);
  if (prices === undefined) return undefined;
  const row = { names, ...prices };
  const extras = names.map((name) => overlay[`${provider}|${name}`]).filter(Boolean);
  for (const extra of extras.reverse()) {
    const { tiers, audioInput, audioOutput, ...limits } = extra;
    Object.assign(row, limits);
    if (tiers) row.tiers = { ...row.tiers, ...tiers };
    if (audioInput && row.audioInput === undefined) row.audioInput = toPico(audioInput);
    if (audioOutput && row.audioOutput === undefined) row.audioOutput = toPico(audioOutput);
  }
  row.contextTokens ??= model.context_window;
  if (row.hidesReasoning === undefined && provider === 'openai' && /^(o\d|gpt-[5-9])/.test(names[0])) {
    row.hidesReasoning = true;
  }
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** A corrected name gets a row of its own: the other names of its model keep theirs. */
function corrected(provider, row, corrections) {
  const wrong = row.names.filter((name) => corrections.has(`${provider}|${name}`));
  if (wrong.length === 0) return [row];
  const kept = { ...row, names: row.names.filter((name) => !wrong.includes(name)) };
  const rows = wrong.map((name) => {
    const { input, output } = corrections.get(`${provider}|${name}`);
    return { ...row, names: [name], input: toPico(input), output: toPico(output) };
  });
  return kept.names.length > 0 ? [kept, ...rows] : rows;
}

/** A model's own name and every other that means it exactly. What merely contains or begins with a text is a guess. */
function namesOf(model) {
  const names = new Set([model.id.toLowerCase()]);
  const pending = [model.match];
  while (pending.length > 0) {
    const rule = pending.pop();
    if (rule.or) pending.push(...rule.or);
    if (rule.equals) names.add(rule.equals.toLowerCase());
  }
  const [id, ...others] = names;
  return [id, ...others.sort()];
}

/** The prices of the day; where they change with the hour, the dearest. */
function pricesInForce(prices) {
  if (!Array.isArray(prices)) return readPrices([prices]);
  let inForce = [];
  for (const { constraint, prices: figures } of prices) {
    if (constraint?.type === 'start_date' || constraint?.start_date) {
      if (constraint.start_date <= IN_FORCE_ON) inForce = [figures];
    } else if (constraint) inForce.push(figures);
    else inForce = [figures];
  }
  return readPrices(inForce);
}

function readPrices(list) {
  const row = {};
  const tiers = new Map();
  for (const prices of list) {
    for (const [key, figure] of Object.entries(prices)) {
      const name = RATES[key];
      if (FEES[key]) row[FEES[key]] = Math.max(row[FEES[key]] ?? 0, Math.ceil((figure.base ?? figure) * 1e9));
      else if (name) readRate(row, tiers, name, figure);
      // A model that is billed by something we do not meter stays unknown rather than too cheap.
      else if (!IGNORED.has(key)) return undefined;
    }
  }
  if (row.input === undefined && row.output === undefined) return undefined;
  row.input ??= 0;
  row.output ??= 0;
  const thresholds = [...tiers].sort(([left], [right]) => left - right);
  if (thresholds.length > 0) {
    const base = Object.fromEntries(
      Object.values(RATES).flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])),
    );
    let rates = base;
    row.longContext = thresholds.map(([aboveInputTokens, changed]) => {
      rates = { ...rates, ...changed };
      return { aboveInputTokens, ...rates };
    });
  }
  return row;
}

function readRate(row, tiers, name, figure) {
  const base = typeof figure === 'object' ? figure.base : figure;
  row[name] = Math.max(row[name] ?? 0, toPico(base));
  for (const { start, price } of figure.tiers ?? []) {
    const rates = tiers.get(start) ?? {};
    rates[name] = Math.max(rates[name] ?? 0, toPico(price));
    tiers.set(start, rates);
  }
}

/** The generated module. A string, so that a program that never looks a price up never parses the table. */
export function renderCatalog(catalog) {
  const lines = Object.entries(catalog.providers).flatMap(([provider, rows]) =>
    rows.map((row) => `${JSON.stringify({ provider, ...row })}\n`),
  );
  const text = lines.join('').replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  return `// Generated by scripts/build-prices.mjs. Change the script or its overlay, not this file.
export const CATALOG_SOURCE = '${catalog.source}';
export const CATALOG_AS_OF = '${catalog.asOf}';
/** One row a line, as JSON; providers in the order in which a name without a provider is looked up. */
export const CATALOG_ROWS = \`${text}\`;
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const catalog = await buildCatalog();
  writeFileSync(new URL('../src/pricing/catalog-data.ts', import.meta.url), renderCatalog(catalog));
  const rows = Object.values(catalog.providers).flat();
  console.log(`${rows.length} models of ${Object.keys(catalog.providers).length} providers, as of ${catalog.asOf}`);
}
