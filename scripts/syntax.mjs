// Reads TypeScript for the checks in this folder. The TypeScript 7 compiler offers no API to JavaScript, so the
// syntax tree comes from oxc-parser.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * Every TypeScript file below `folder`, parsed, with its path relative to `folder` in forward slashes.
 *
 * @param {string} folder
 * @param {(path: string) => boolean} [isWanted]
 */
export function readSources(folder, isWanted = () => true) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(isWanted)
    .sort()
    .map((path) => parseSource(path, readFileSync(join(folder, path), 'utf8')));
}

/**
 * @param {string} path
 * @param {string} text
 */
function parseSource(path, text) {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0].message}`);
  return { path, text, program, comments };
}

/**
 * Calls `visit` for every node of a syntax tree, parents first. Children of a node for which `visit` returns `false`
 * are left out.
 */
export function walk(node, visit) {
  if (visit(node) === false) return;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof child.type === 'string') walk(child, visit);
    }
  }
}

/** The line, counted from 1, in which the character at `offset` stands. */
export function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length;
}
