import type { PriceMatch } from './price.js';
import { canonicalProvider } from './provider-names.js';

/** One way to read a model's name: the name to look up, who serves it by the name itself, and the rule that says so. */
export interface Reading {
  /** In lower case. */
  readonly name: string;
  /** The provider the name itself points at. */
  readonly provider?: string;
  readonly via: PriceMatch['via'];
  /** A clause: which rule led here. */
  readonly why: string;
}

type Form = Omit<Reading, 'via'>;

/** Nobody's model has a longer name; whoever sends one gets no work done for it. */
export const MAX_NAME_LENGTH = 512;

const SNAPSHOT = /^(.+?)[-@](\d{4}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])|latest|default)$/;
const BEDROCK_ARN = /^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/;
const PUBLISHER_PATH = /(?:^|\/)publishers\/[^/]+\/models\/([^/]+)$/;
const BEDROCK_NAME = /^(?:(us|us-gov|eu|apac|jp|au|ca|in|global)\.)?([a-z0-9]+)\.(.+)$/;
const BEDROCK_VERSION = /(?:-v\d+)?(?::\d+)?(?::\d+k)?$/;
const FINE_TUNE = /^ft:([^:]+)(?::|$)/;
const AZURE_FINE_TUNE = /^(.+)\.ft-[^/]+$/;

/**
 * The names a model may have in the table, in order: as it is; without a provider's prefix or a path; a dated snapshot
 * by its model; without a cloud's decoration; a fine-tune by its rate or its base. Each rule takes away what is known
 * to be decoration; nothing is guessed from how a name begins.
 *
 * @example
 * readingsOf('openai/gpt-4o-2024-08-06').at(-1)?.name; // 'gpt-4o'
 */
export function readingsOf(model: string): readonly Reading[] {
  if (model === '' || model.length > MAX_NAME_LENGTH) return [];
  const forms = unprefixed(model.toLowerCase());
  return [
    ...forms.map((form, index) => ({ ...form, via: index === 0 ? 'exact' : 'normalised' }) as const),
    ...forms.flatMap((form) => snapshotOf(form).map((each) => ({ ...each, via: 'snapshot' }) as const)),
    ...forms.flatMap((form) => withoutCloud(form).map((each) => ({ ...each, via: 'normalised' }) as const)),
    ...forms.flatMap((form) => fineTuneOf(form).map((each) => ({ ...each, via: 'fine-tune' }) as const)),
  ];
}

/** The name, then the name without each path and prefix around it. */
function unprefixed(name: string): Form[] {
  const forms: Form[] = [{ name, why: 'the table has this name' }];
  const arn = BEDROCK_ARN.exec(name)?.[1];
  if (arn !== undefined) return [...forms, { name: arn, provider: 'aws', why: `the resource name is that of ${arn}` }];
  const published = PUBLISHER_PATH.exec(name)?.[1];
  if (published !== undefined) {
    return [...forms, { name: published, provider: 'google', why: `the path is that of ${published}` }];
  }
  if (name.startsWith('models/')) {
    const rest = name.slice('models/'.length);
    return [...forms, { name: rest, provider: 'google', why: `the path is that of ${rest}` }];
  }
  // A gateway may put its own prefix before the provider's: `openrouter/anthropic/claude-sonnet-4`.
  for (let rest = name; ; ) {
    const separator = rest.search(/[/:]/);
    const provider = separator > 0 ? canonicalProvider(rest.slice(0, separator)) : undefined;
    if (provider === undefined || separator === rest.length - 1) return forms;
    const prefix = rest.slice(0, separator + 1);
    rest = rest.slice(separator + 1);
    forms.push({ name: rest, provider, why: `the prefix ${prefix} names the provider of ${rest}` });
  }
}

function snapshotOf(form: Form): Form[] {
  const base = SNAPSHOT.exec(form.name)?.[1];
  return base === undefined ? [] : [{ ...form, name: base, why: `a snapshot of ${base}` }];
}

/** Bedrock: `us.anthropic.claude-…-20250929-v1:0` by its vendor and model. Its prices are one for all regions but global. */
function withoutCloud(form: Form): Form[] {
  const match = BEDROCK_NAME.exec(form.name);
  if (match === null) return [];
  const [, region, vendor, rest = ''] = match;
  const unversioned = rest.replace(BEDROCK_VERSION, '');
  const undated = SNAPSHOT.exec(unversioned)?.[1];
  const models = [...new Set([rest, unversioned, ...(undated === undefined ? [] : [undated])])];
  const names = models.map((each) => `${vendor}.${each}`);
  const all = region === 'global' ? [...names.map((each) => `global.${each}`), ...names] : names;
  return all.map((name) => ({ name, provider: 'aws', why: `Bedrock's name for ${name}` }));
}

function fineTuneOf(form: Form): Form[] {
  const base = FINE_TUNE.exec(form.name)?.[1] ?? AZURE_FINE_TUNE.exec(form.name)?.[1];
  if (base === undefined) return [];
  const undated = SNAPSHOT.exec(base)?.[1];
  const bases = undated === undefined ? [base] : [base, undated];
  return [
    ...bases.map((each) => ({ ...form, name: `ft:${each}`, why: `the rate of fine-tunes of ${each}` })),
    ...bases.map((each) => ({
      ...form,
      name: each,
      why: `a fine-tune of ${each}, priced as its base, because the table has no rate of its own for it`,
    })),
  ];
}
