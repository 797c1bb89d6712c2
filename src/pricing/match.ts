import type { PriceMatch } from './price.js';

/** A name the model asked for may have in the table, and the rule that led to it. */
export interface Candidate {
  readonly name: string;
  /** The provider the name itself points at. */
  readonly provider?: string;
  readonly via: PriceMatch['via'];
  readonly why: string;
  /** Whether only the provider that is called may serve this name: resellers have it too, at their own rates. */
  readonly isOwnOnly?: boolean;
}

/** Prefixes that say who serves a model, by the names of the price table. */
const PROVIDER_PREFIXES: Readonly<Record<string, string>> = Object.freeze({
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  gemini: 'google',
  vertex_ai: 'google',
  mistral: 'mistral',
  mistralai: 'mistral',
  cohere: 'cohere',
  deepseek: 'deepseek',
  xai: 'x-ai',
  'x-ai': 'x-ai',
  groq: 'groq',
  azure: 'azure',
  bedrock: 'aws',
  together_ai: 'together',
  together: 'together',
  fireworks_ai: 'fireworks',
  openrouter: 'openrouter',
  perplexity: 'perplexity',
  moonshotai: 'moonshotai',
});

const SNAPSHOT = /^(.+?)[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/;
const BEDROCK_REGION = /^(?:us|us-gov|eu|apac|jp|au|ca|global)\.(.+)$/;
const BEDROCK_VERSION = /^(.+?)(?:-v\d+)?:\d+(?::\d+k)?$/;
const FINE_TUNE = /^ft:([^:]+):/;
const RESOURCE_PATH = /^(?:arn:|projects\/|publishers\/|models\/|accounts\/)/;

/**
 * The names to look for, in order: as it is; without a provider's prefix or a cloud's decoration; a dated snapshot by
 * its model; a fine-tune by its base. Each rule takes away what is known to be decoration: nothing is guessed from how
 * a name begins.
 */
export function candidatesFor(model: string): readonly Candidate[] {
  const name = model.toLowerCase();
  const why = 'the name is in the table';
  const plainNames = undecorated(name);
  const candidates: Candidate[] = [{ name, via: 'exact', why, isOwnOnly: plainNames.length > 0 }];
  for (const plain of plainNames) {
    candidates.push({ ...plain, via: 'normalised' });
    const snapshot = SNAPSHOT.exec(plain.name)?.[1];
    if (snapshot)
      candidates.push({ ...plain, name: snapshot, via: 'snapshot', why: `${plain.why}, a snapshot of ${snapshot}` });
  }
  if (plainNames.length > 0) candidates.push({ name, via: 'exact', why });
  const snapshot = SNAPSHOT.exec(name)?.[1];
  if (snapshot) candidates.push({ name: snapshot, via: 'snapshot', why: `a snapshot of ${snapshot}` });
  const base = FINE_TUNE.exec(name)?.[1];
  if (base) {
    const asBase = `a fine-tune of ${base}, priced as its base, because no rate of its own is known`;
    candidates.push({ name: `ft:${base}`, via: 'fine-tune', why: `the rate of fine-tunes of ${base}` });
    candidates.push({ name: base, via: 'fine-tune', why: asBase });
    const baseSnapshot = SNAPSHOT.exec(base)?.[1];
    if (baseSnapshot)
      candidates.push({
        name: `ft:${baseSnapshot}`,
        via: 'fine-tune',
        why: `the rate of fine-tunes of ${baseSnapshot}`,
      });
    if (baseSnapshot) candidates.push({ name: baseSnapshot, via: 'fine-tune', why: asBase });
  }
  return candidates;
}

function undecorated(name: string): Omit<Candidate, 'via'>[] {
  const found: Omit<Candidate, 'via'>[] = [];
  let rest = name;
  if (RESOURCE_PATH.test(rest)) {
    rest = rest.slice(rest.lastIndexOf('/') + 1);
    found.push({ name: rest, why: `the last part of a resource name, ${rest}` });
  } else {
    const slash = rest.indexOf('/');
    const provider = PROVIDER_PREFIXES[rest.slice(0, slash)];
    if (slash > 0 && provider !== undefined) {
      rest = rest.slice(slash + 1);
      found.push({ name: rest, provider, why: `${rest} of ${provider}` });
      const last = rest.slice(rest.lastIndexOf('/') + 1);
      if (last !== rest) found.push({ name: last, provider, why: `${last} of ${provider}` });
    }
  }
  const version = BEDROCK_VERSION.exec(rest)?.[1];
  const regional = BEDROCK_REGION.exec(rest)?.[1];
  if (regional !== undefined) {
    // Regional profiles cost more than global ones, and the table has them under one name for all regions.
    const isGlobal = rest.startsWith('global.');
    if (!isGlobal)
      found.push({ name: `regional.${regional}`, provider: 'aws', why: `${regional} on Bedrock, in one region` });
    found.push({ name: regional, provider: 'aws', why: `${regional} on Bedrock, without its region` });
  }
  const bare = BEDROCK_REGION.exec(version ?? rest)?.[1] ?? version;
  if (bare !== undefined) {
    found.push({ name: bare, provider: 'aws', why: `${bare} on Bedrock` });
    const dot = bare.indexOf('.');
    if (dot > 0) found.push({ name: bare.slice(dot + 1), why: `${bare.slice(dot + 1)} on Bedrock` });
  }
  return found;
}
