import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, walk } from './read-sources.js';
import { attacksOn, findAttack, isUnbounded } from './regex-attacks.js';
import { countingMatcher, MOST_STEPS } from './regex-steps.js';

/** Slow on a long text, and never given one. Whoever adds a line here says why no long text comes there. */
const ONLY_SHORT_TEXTS: Readonly<Record<string, string>> = {
  'money.ts /0+$/': 'the fraction of an amount: 12 digits',
  'pricing/match.ts /^(.+)\\.ft-[^/]+$/': 'the name of a model: 512 characters, no work is done for a longer one',
  'pricing/register.ts /\\/+$/': 'a base URL that the program itself registers',
  'testing/fake-bill.ts /0+$/': 'the fraction of a rate that a test gives, or of an amount',
};
/** Patterns that are data; test/pricing/genai-prices.test.ts has what is refused of them. */
const MADE_FROM_TEXT = ['pricing/genai-names.ts'];

/** Every literal of the package by its file and itself, and the files that make expressions from text. */
function readExpressions() {
  const literals = new Map<string, RegExp>();
  const makers = new Set<string>();
  for (const { path, program } of readSources(join(import.meta.dirname, '../../src'))) {
    walk(program, (node) => {
      if (node.callee?.name === 'RegExp') makers.add(path);
      if (!node.regex) return;
      const regex = new RegExp(node.regex.pattern, node.regex.flags);
      literals.set(`${path} ${regex}`, regex);
    });
  }
  return { literals: [...literals], makers: [...makers] };
}

const { literals, makers } = readExpressions();
const endless = literals.filter(([, regex]) => isUnbounded(regex));

describe('the steps of a matcher that tries and goes back', () => {
  it.each([
    ['a repetition inside a repetition', /^(a+)+$/],
    ['alternatives that overlap, repeated', /^(?:a|ab?)*c/],
    ['two neighbours that take the same', /^\d*[0-9a-f]*x/],
    ['a repetition that may begin anywhere', /\s+$/],
    ['a text between two marks that may begin anywhere', /<!--.*-->/],
    ['a repetition that what follows reads again', /^(.+)\.ft-[^/]+$/],
    ['a lazy repetition under another', /^(?:.+?,)+$/],
  ])('are seen to grow faster than the text by %s', (_, regex) => {
    expect(findAttack(regex)).toBeDefined();
  });

  it.each([[/^[a-z]+-\d+$/], [/^(?:[^,]*,)*$/], [/"[^"]*"/g], [/^(.+?)@\d{4}$/], [/(?<!-)x\b/]])(
    'are seen to grow with the text by %s',
    (regex) => {
      expect(findAttack(regex)).toBeUndefined();
    },
  );

  it.each(literals)('find in any text what the engine finds: %s', (_, regex) => {
    const count = countingMatcher(regex);
    for (const { prefix, pump, suffix } of attacksOn(regex).slice(0, 500)) {
      const text = `${prefix}${pump.repeat(3)}${suffix}`;
      const found = regex.global ? [...text.matchAll(regex)] : [regex.exec(text)].filter((match) => match !== null);
      const expected = found.map((match) => match[0]);
      const characters = /[uv]/.test(regex.flags) ? [...text] : text.split('');
      expect(count(text).matches.map(([from, to]) => characters.slice(from, to).join(''))).toEqual(expected);
    }
  });
});

describe('the regular expressions of the package', () => {
  it('are all read, and none is made from text where nobody looked at it', () => {
    expect(literals.length).toBeGreaterThan(80);
    expect(endless.length).toBeGreaterThan(25);
    expect(makers).toEqual(MADE_FROM_TEXT);
  });

  it.each(endless.filter(([name]) => !Object.hasOwn(ONLY_SHORT_TEXTS, name)))(
    'take no more work than the text is long: %s',
    (_, regex) => {
      expect(findAttack(regex)).toBeUndefined();
    },
  );

  it.each(Object.keys(ONLY_SHORT_TEXTS))('that get only short texts are still here, and still slow: %s', (name) => {
    const regex = new Map(literals).get(name);
    expect(regex && findAttack(regex)).toBeDefined();
  });

  it('that get only short texts take few steps on the longest of them', () => {
    const longestName = `${'a.ft-'.repeat(102)}/`;
    expect(countingMatcher(/^(.+)\.ft-[^/]+$/)(longestName).steps).toBeLessThan(MOST_STEPS);
  });
});
