import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { EVENT_NAMES } from '../../src/events.js';
import { ConfigError, createGuard } from '../../src/index.js';
import { anchorsOf, proseOf, ROOT, readPages } from './markdown.js';

const pages = readPages();

/** The targets of the links of a page that lead to files of this repository. */
function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/** Whether `target`, as a link on the page at `path`, leads somewhere. */
function isThere(path: string, target: string): boolean {
  const [name = '', anchor] = target.split('#');
  const file = name === '' ? join(ROOT, path) : join(ROOT, dirname(path), name);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).has(anchor);
}

describe('the links of', () => {
  test.each(pages)('$path lead to files and headings that are there', ({ path, text }) => {
    expect(linksOf(text).filter((target) => !isThere(path, target))).toEqual([]);
  });
});

/** The options a function of the package knows, as it names them to who gives it another. */
function knownOptions(call: (options: never) => unknown): string[] {
  try {
    call({ noSuchOption: true } as never);
  } catch (error) {
    if (ConfigError.isInstance(error)) return (error as ConfigError).remedy.replace('use one of: ', '').split(', ');
  }
  throw new Error('An option that nobody knows was accepted');
}

describe('the docs name', () => {
  const text = pages
    .filter(({ path }) => /^docs\/(?:guide|reference)\//.test(path))
    .map((page) => page.text)
    .join('\n');
  const guard = createGuard();
  const warningCodes = readFileSync(join(ROOT, 'src/warnings.ts'), 'utf8').match(/TOKENGUARD_[A-Z_]+/g) ?? [];

  test.each<[string, readonly string[]]>([
    ['event', EVENT_NAMES],
    ['error code', ERROR_CODES],
    ['warning code', warningCodes],
    ['option of budget', knownOptions((options) => guard.budget(options))],
    ['option of configure', knownOptions((options) => guard.configure(options))],
  ])('every %s', (_, names) => {
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});
