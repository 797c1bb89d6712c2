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

/**
 * Providers that are kept, in the order in which a name without a provider is looked up. A maker's price is the price of
 * its model; a reseller charges what the maker does; a host sets prices of its own for models that others serve too.
 */
const PROVIDERS = {
  openai: 'maker',
  anthropic: 'maker',
  google: 'maker',
  mistral: 'maker',
  cohere: 'maker',
  deepseek: 'maker',
  'x-ai': 'maker',
  moonshotai: 'maker',
  perplexity: 'maker',
  minimax: 'maker',
  zai: 'maker',
  voyageai: 'maker',
  azure: 'reseller',
  openrouter: 'reseller',
  aws: 'host',
  groq: 'host',
  together: 'host',
  fireworks: 'host',
  cerebras: 'host',
  novita: 'host',
  cloudflare: 'host',
  baseten: 'host',
  ovhcloud: 'host',
  zhipuai: 'host',
};

const RATES = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_write_mtok: 'cacheWrite',
  cache_write_1h_mtok: 'cacheWrite1h',
  input_audio_mtok: 'audioInput',
  output_audio_mtok: 'audioOutput',
};
/** Rates of images, kept for models that make images: elsewhere text is what most calls send. */
const IMAGE_RATES = {
  input_image_mtok: 'imageInput',
  output_image_mtok: 'imageOutput',
  cache_image_read_mtok: 'cacheRead',
};
/** Fees in US dollars for a thousand. */
const FEES = { web_searches_kcount: 'webSearch', requests_kcount: 'request' };
/** Parts of what is priced already, or tools that are not metered. Any other figure makes a model one we cannot bill. */
const IGNORED = new Set(['cache_audio_read_mtok', 'storage_searches_kcount', 'input_video_mtok']);
const COLUMNS = [
  ...['names', 'input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'audioInput', 'audioOutput'],
  ...['imageInput', 'imageOutput', 'longContext', 'tiers', 'webSearch', 'request', 'maxOutputTokens'],
  ...['contextTokens', 'hidesReasoning', 'source', 'asOf'],
];

const REASONING_FAMILIES = /^(?:openai\/)?(?:o\d|gpt-[5-9]|codex-mini|computer-use)(?!.*image)/;
const BEDROCK_VERSION = /(?:-v\d+)?(?::\d+)?$/;
const TRAILING_DATE = /-\d{8}$/;
const CLOUD_DECORATION = /@|^(?:us|us-gov|eu|apac|jp|au|ca|in)\./;

const toPico = (usdPerMillion) => Math.ceil(Number((usdPerMillion * 1e6).toFixed(4)));
const byCodeUnits = (left, right) => (left < right ? -1 : 1);

export async function buildCatalog() {
  const overlay = JSON.parse(readFileSync(new URL('price-overlay.json', import.meta.url), 'utf8'));
  const manifest = new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const source = `genai-prices ${version}`;
  const all = await waitForUpdate();
  const rows = {};
  for (const provider of Object.keys(PROVIDERS)) {
    const models = all.find(({ id }) => id === provider)?.models ?? [];
    rows[provider] = readProvider(provider, models, overlay, source)
      .map((row) => Object.fromEntries(COLUMNS.flatMap((key) => (row[key] === undefined ? [] : [[key, row[key]]]))))
      .sort((left, right) => byCodeUnits(left.names[0], right.names[0]));
  }
  return { source, asOf: AS_OF, kinds: PROVIDERS, rows };
}

function readProvider(provider, models, overlay, source) {
  const taken = new Set();
  const found = models.map((model) => ({ model, names: namesOf(provider, model), ...readPrices(provider, model) }));
  const rows = correct(
    provider,
    found.filter((row) => row.input !== undefined),
    overlay,
    source,
  );
  for (const row of rows) {
    row.names = row.names.filter((name) => !taken.has(name));
    for (const name of row.names) taken.add(name);
  }
  addListedNames(provider, models, rows, taken, overlay);
  return rows
    .filter((row) => row.names.length > 0)
    .map((row) => addFees(provider, row, overlay))
    .flatMap((row) => splitByLimits(provider, row, overlay));
}

/** A model's own name and every other that means it exactly. What merely contains or begins with a text is a guess. */
function namesOf(provider, model) {
  const names = new Set([model.id.toLowerCase()]);
  const pending = [model.match];
  while (pending.length > 0) {
    const rule = pending.pop();
    if (rule.or) pending.push(...rule.or);
    if (rule.equals) names.add(rule.equals.toLowerCase());
  }
  const [id, ...others] = names;
  const all = [id, ...others.sort()];
  // A row called `…-latest` is the only one of its model, so the name without it means the row, too.
  if (id.endsWith('-latest')) all.push(id.slice(0, -'-latest'.length));
  return provider === 'aws' ? [...new Set(all.flatMap(bedrockNames))] : all;
}

/** Bedrock's rows are for all regions but the global profile; a version says nothing of the price. */
function bedrockNames(name) {
  const plain = name.replace(/^regional\./, '');
  const unversioned = plain.replace(BEDROCK_VERSION, '');
  const bare = /^(?:anthropic|openai)\./.test(unversioned) ? [unversioned.slice(unversioned.indexOf('.') + 1)] : [];
  return [plain, unversioned, ...bare, ...bare.map((each) => each.replace(TRAILING_DATE, ''))];
}

/**
 * Names that models.dev or LiteLLM list and that genai-prices leads to a row by a rule wider than equality, such as
 * `gemini-2.0-flash-001`: both sources know them, so they are no guess.
 */
function addListedNames(provider, models, rows, taken, overlay) {
  for (const name of Object.keys(overlay.limits.providers[provider] ?? {})) {
    if (taken.has(name.toLowerCase()) || CLOUD_DECORATION.test(name)) continue;
    const model = models.find(({ match }) => matches(match, name));
    const row = model && rows.find((each) => each.model === model);
    if (!row) continue;
    row.names.push(name.toLowerCase());
    taken.add(name.toLowerCase());
  }
}

function matches(rule, name) {
  const text = name.toLowerCase();
  if (rule.or) return rule.or.some((each) => matches(each, name));
  if (rule.and) return rule.and.every((each) => matches(each, name));
  if (rule.equals) return text === rule.equals.toLowerCase();
  if (rule.starts_with) return text.startsWith(rule.starts_with.toLowerCase());
  if (rule.ends_with) return text.endsWith(rule.ends_with.toLowerCase());
  if (rule.contains) return text.includes(rule.contains.toLowerCase());
  return new RegExp(rule.regex).test(name);
}

/** The rates of the day in pico-dollars; where they change with the hour, the dearest; nothing where we cannot bill. */
function readPrices(provider, model) {
  const row = {};
  const long = new Map();
  for (const prices of pricesInForce(model.prices)) {
    for (const [key, figure] of Object.entries(prices)) {
      const name = RATES[key] ?? (model.id.includes('image') ? IMAGE_RATES[key] : undefined);
      if (FEES[key]) row[FEES[key]] = Math.max(row[FEES[key]] ?? 0, Math.ceil((figure.base ?? figure) * 1e9));
      else if (name) readRate(row, long, name, figure);
      else if (!IGNORED.has(key) && !IMAGE_RATES[key]) return {};
    }
  }
  if (provider === 'openrouter' && model.id.endsWith(':free')) return { input: 0, output: 0 };
  if (row.input === undefined && row.output === undefined) return {};
  row.input ??= 0;
  row.output ??= 0;
  let rates = Object.fromEntries(Object.entries(row).filter(([name]) => !Object.values(FEES).includes(name)));
  const thresholds = [...long].sort(([left], [right]) => left - right);
  const longContext = thresholds.map(([aboveInputTokens, changed]) => {
    rates = { ...rates, ...changed };
    return { aboveInputTokens, ...rates };
  });
  return { ...row, ...(longContext.length > 0 && { longContext }), contextTokens: model.context_window };
}

function pricesInForce(prices) {
  if (!Array.isArray(prices)) return [prices];
  let inForce = [];
  for (const { constraint, prices: figures } of prices) {
    if (constraint?.start_date === undefined) inForce = constraint ? [...inForce, figures] : [figures];
    else if (constraint.start_date <= IN_FORCE_ON) inForce = [figures];
  }
  return inForce;
}

function readRate(row, long, name, figure) {
  const base = typeof figure === 'object' ? figure.base : figure;
  row[name] = Math.max(row[name] ?? 0, toPico(base));
  for (const { start, price } of figure.tiers ?? []) {
    const rates = long.get(start) ?? {};
    rates[name] = Math.max(rates[name] ?? 0, toPico(price));
    long.set(start, rates);
  }
}

function correct(provider, rows, overlay, source) {
  let corrected = rows;
  for (const each of overlay.corrections.filter((correction) => correction.provider === provider)) {
    const provenance = { source: `${source}, corrected by ${each.source}`, asOf: each.date };
    if (each.add) {
      corrected = [...corrected, { names: [each.model], ...inPico(each.add), ...provenance, source: each.source }];
      continue;
    }
    const row = corrected.find(({ names }) => names[0] === each.model);
    if (!row) throw new Error(`the overlay corrects ${provider} ${each.model}, which has no row`);
    if (each.remove) corrected = corrected.filter((other) => other !== row);
    if (each.rename) row.names[0] = each.rename;
    if (each.dropAliases) row.names = row.names.filter((name) => !each.dropAliases.includes(name));
    if (each.addAliases) row.names.push(...each.addAliases);
    if (each.set) Object.assign(row, inPico(each.set), provenance);
  }
  return corrected;
}

function inPico(rates) {
  return Object.fromEntries(Object.entries(rates).map(([name, usdPerMillion]) => [name, toPico(usdPerMillion)]));
}

/** A name whose limits are listed as others than those of its row gets a row of its own, at the same rates. */
function splitByLimits(provider, row, { limits }) {
  const listed = limits.providers[provider] ?? {};
  const own = row.names.filter((name) => listed[name]);
  const longest = own.toSorted((left, right) => (listed[right][1] ?? 0) - (listed[left][1] ?? 0))[0];
  const main = listed[row.names[0]] ?? listed[longest] ?? makersLimits(row.names, limits) ?? [];
  const isOpenAI = ['openai', 'azure', 'openrouter'].includes(provider);
  const isReasoning = isOpenAI && row.names.some((name) => REASONING_FAMILIES.test(name));
  const groups = new Map();
  for (const name of row.names) {
    const [contextTokens, maxOutputTokens, reasoning] = [0, 1, 2].map((index) => listed[name]?.[index] ?? main[index]);
    const values = {
      contextTokens: Math.max(contextTokens ?? 0, row.contextTokens ?? 0) || undefined,
      maxOutputTokens: maxOutputTokens ?? undefined,
      hidesReasoning: isReasoning || (reasoning ?? undefined),
    };
    const signature = JSON.stringify(values);
    groups.set(signature, { ...row, ...values, names: [...(groups.get(signature)?.names ?? []), name] });
  }
  return [...groups.values()];
}

/** What a model's maker says of it, for a reseller or host that lists no limits of its own. */
function makersLimits(names, limits) {
  const bare = names.map((name) => name.replace(/^global\./, '').replace(/^[a-z0-9-]+[./](?=[a-z])/, ''));
  const makers = Object.keys(PROVIDERS).filter((provider) => PROVIDERS[provider] === 'maker');
  for (const name of [...names, ...bare, ...bare.map((each) => each.replace(TRAILING_DATE, ''))]) {
    for (const maker of makers) {
      const found = limits.providers[maker]?.[name];
      if (found) return found;
    }
  }
  return undefined;
}

function addFees(provider, row, { tiers, audio, webSearch }) {
  const byName = ({ providers }) => row.names.flatMap((name) => providers[provider]?.[name] ?? []);
  const ratios = { ...tiers.defaults[provider]?.ratios };
  for (const each of byName(tiers)) {
    for (const [tier, ratio] of Object.entries(each)) ratios[tier] = Math.max(ratios[tier] ?? 0, ratio);
  }
  const listed = row.names.map((name) => audio.providers[provider]?.[name]).find(Boolean) ?? [null, null];
  // A fee for the request is the fee for its search; and a model of another maker has not its reseller's search.
  const hasOwnSearch = row.output > 0 && row.request === undefined && !(provider === 'google' && isClaude(row));
  const search = hasOwnSearch
    ? Math.max(0, ...byName(webSearch)) || webSearch.defaults[provider]?.usdPerThousand
    : undefined;
  return {
    ...withHourLongCache(row),
    ...(Object.keys(ratios).length > 0 && { tiers: ratios }),
    audioInput: row.audioInput ?? audioRate(listed[0], row.input),
    audioOutput: row.audioOutput ?? audioRate(listed[1], row.output),
    webSearch: row.webSearch ?? (search ? Math.ceil(search * 1e9) : undefined),
  };
}

function isClaude(row) {
  return row.names.some((name) => /(?:^|[./])claude-/.test(name));
}

/** Anthropic's list says, of every model and cloud, that a write to the one-hour cache costs twice the input. */
function withHourLongCache(row) {
  if (!isClaude(row) || row.cacheWrite === undefined || row.cacheWrite1h !== undefined) return row;
  const longContext = row.longContext?.map((rates) => ({ ...rates, cacheWrite1h: rates.input * 2 }));
  return { ...row, cacheWrite1h: row.input * 2, ...(longContext && { longContext }) };
}

/** An audio rate below that of text is out of date: the text rate has changed since. */
function audioRate(usdPerMillion, textRate) {
  return usdPerMillion !== null && toPico(usdPerMillion) > textRate ? toPico(usdPerMillion) : undefined;
}

/** The generated module. A string, so that a program that never looks a price up never parses the table. */
export function renderCatalog({ source, asOf, kinds, rows }) {
  const lines = Object.entries(rows).flatMap(([provider, list]) =>
    list.map((row) => `${JSON.stringify({ provider, ...row })}\n`),
  );
  const text = lines.join('').replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  return `// Generated by scripts/build-prices.mjs. Change the script or its overlay, not this file.
// Prices: @pydantic/genai-prices (MIT). Limits: models.dev (MIT). Tiers and fees: LiteLLM (MIT). See the overlay.
export const CATALOG_SOURCE = '${source}';
export const CATALOG_AS_OF = '${asOf}';
/** The providers and what they are to a model, in the order in which a name without a provider is looked up. */
export const CATALOG_PROVIDERS: Readonly<Record<string, 'maker' | 'reseller' | 'host'>> = ${JSON.stringify(kinds)};
/** One row a line, as JSON. Rates and fees in pico-dollars. */
export const CATALOG_ROWS = \`${text}\`;
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const catalog = await buildCatalog();
  writeFileSync(new URL('../src/pricing/catalog-data.ts', import.meta.url), renderCatalog(catalog));
  const rows = Object.values(catalog.rows).flat();
  console.log(`${rows.length} models of ${Object.keys(catalog.rows).length} providers, as of ${catalog.asOf}`);
}
