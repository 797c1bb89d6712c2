import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, type SyntaxNode, walk } from './read-sources.js';

/** What the catalogue asks of this folder. T1 to T3 belong to standing budgets, R2 to the ledgers. */
const ITEMS = [
  ...['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'T4', 'T5'],
  ...['R1', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9', 'A1', 'A2', 'A3', 'A4', 'A5'],
];
const ROW = /^\| ([A-Z]\d) \| ([^|]+) \| `([^`|]+)` \| ([^|]+) \|$/;
const TESTS = join(import.meta.dirname, '..');

const lines = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').split('\n');
const rows = lines.flatMap((line) => {
  const [, item, truth, file, name] = ROW.exec(line) ?? [];
  return item && truth && file && name ? [{ item, truth, file, name }] : [];
});

/** The names of the parts of a callee: `it.each(…)` is `it` and `each`. */
function namesOf(node: SyntaxNode | undefined): string[] {
  if (!node) return [];
  if (node.type === 'Identifier') return [node.name ?? ''];
  if (node.type === 'CallExpression') return namesOf(node.callee);
  return [...namesOf(node.object), ...namesOf(node.property)];
}

/** The names of all tests that run, by their file. */
function readTestNames(): ReadonlyMap<string, ReadonlySet<string>> {
  const sources = readSources(TESTS, (path) => path.endsWith('.test.ts'));
  return new Map(
    sources.map(({ path, program }) => {
      const names = new Set<string>();
      walk(program, (node: SyntaxNode) => {
        const [root, ...modifiers] = node.type === 'CallExpression' ? namesOf(node.callee) : [];
        const [title] = node.arguments ?? [];
        const runs = modifiers.every((modifier) => ['each', 'for', 'concurrent', 'sequential'].includes(modifier));
        if ((root === 'it' || root === 'test') && runs && typeof title?.value === 'string') names.add(title.value);
      });
      return [path, names] as const;
    }),
  );
}

const testNames = readTestNames();

describe('the fault catalogue', () => {
  it('has a test for every item, and no line that cannot be read', () => {
    expect([...new Set(rows.map(({ item }) => item))].sort()).toEqual([...ITEMS].sort());
    const tableLines = lines.filter((line) => line.startsWith('| ') && !line.startsWith('| item '));
    expect(rows).toHaveLength(tableLines.length);
  });

  it.each(rows)('names a test that there is: $item, $truth', ({ file, name }) => {
    expect([...(testNames.get(file) ?? [])]).toContain(name);
  });

  it('names every test file of this folder', () => {
    const files = [...testNames.keys()].filter((path) => path.startsWith('faults/'));
    const named = new Set(rows.map(({ file }) => file));
    expect(files.filter((path) => !named.has(path))).toEqual(['faults/catalogue.test.ts']);
  });
});
