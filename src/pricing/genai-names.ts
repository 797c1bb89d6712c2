import type { GenaiModel, NameRule } from './genai-data.js';

const BEDROCK_VERSION = /(?:-v\d+)?(?::\d+)?$/;
const TRAILING_DATE = /-\d{8}$/;

/** A model's own name and every other that means it exactly. What merely contains or begins with a text is a guess. */
export function exactNames(provider: string, model: GenaiModel): readonly string[] {
  const id = model.id.toLowerCase();
  const others = new Set<string>();
  const pending = [model.match];
  for (let rule = pending.pop(); rule !== undefined; rule = pending.pop()) {
    if ('or' in rule) pending.push(...rule.or);
    if ('equals' in rule) others.add(rule.equals.toLowerCase());
  }
  others.delete(id);
  const all = [id, ...[...others].sort()];
  // A row called `…-latest` is the only one of its model, so the name without it means the row, too.
  if (id.endsWith('-latest')) all.push(id.slice(0, -'-latest'.length));
  return provider === 'aws' ? [...new Set(all.flatMap(bedrockNames))] : all;
}

/** Bedrock's rows are for all regions but the global profile; a version says nothing of the price. */
function bedrockNames(name: string): string[] {
  const plain = name.replace(/^regional\./, '');
  const unversioned = plain.replace(BEDROCK_VERSION, '');
  const bare = /^(?:anthropic|openai)\./.test(unversioned) ? [unversioned.slice(unversioned.indexOf('.') + 1)] : [];
  return [plain, unversioned, ...bare, ...bare.map(withoutDate)];
}

/** A name without the day at its end. */
export function withoutDate(name: string): string {
  return name.replace(TRAILING_DATE, '');
}

/**
 * The first model whose rule leads from `name` to it. `undefined` where none does, and where a rule on the way has a
 * pattern that could take long to match: the data may come from anywhere.
 */
export function modelNamed(name: string, models: readonly GenaiModel[]): GenaiModel | undefined {
  for (const model of models) {
    const isMatch = matches(model.match, name.toLowerCase());
    if (isMatch === undefined) return undefined;
    if (isMatch) return model;
  }
  return undefined;
}

function matches(rule: NameRule, name: string): boolean | undefined {
  if ('or' in rule) return firstOf(rule.or, name, true);
  if ('and' in rule) return firstOf(rule.and, name, false);
  if ('equals' in rule) return name === rule.equals.toLowerCase();
  if ('starts_with' in rule) return name.startsWith(rule.starts_with.toLowerCase());
  if ('ends_with' in rule) return name.endsWith(rule.ends_with.toLowerCase());
  if ('contains' in rule) return name.includes(rule.contains.toLowerCase());
  return isTame(rule.regex) ? new RegExp(rule.regex).test(name) : undefined;
}

/** `decisive` where one of the rules gives it, the opposite where none does, `undefined` where it is not known. */
function firstOf(rules: readonly NameRule[], name: string, decisive: boolean): boolean | undefined {
  const results = rules.map((each) => matches(each, name));
  if (results.includes(decisive)) return decisive;
  return results.includes(undefined) ? undefined : !decisive;
}

/**
 * Whether a pattern is plain enough to be matched in no time against any name: at most one repetition without an end and
 * three alternatives, nothing optional, no repeated group, no back-reference.
 */
function isTame(pattern: string): boolean {
  const literal = pattern.replace(/\\[^\dkpPuxc]/g, 'x');
  const unbounded = literal.replace(/\{\d{1,2}\}/g, '');
  if (literal.length > 100 || /\)[*+?{]|[^(]\?/.test(literal) || /[\\{]/.test(unbounded)) return false;
  return (literal.match(/[*+]/g)?.length ?? 0) <= 1 && (literal.match(/\|/g)?.length ?? 0) <= 3 && isPattern(pattern);
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
