import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository, runCheck, runNode, withFiles } from './run-script.js';

describe('the style check accepts', () => {
  const harmless = [
    ['time in the clock', 'clock.ts', 'export const now = () => Date.now() + performance.now();'],
    ['chance in the source of ids', 'random.ts', "import { randomBytes } from 'node:crypto'; randomBytes(8);"],
    ['a date made from a given time', 'date.ts', 'export const day = (ms: number) => new Date(ms);'],
    ['a timer named in a comment or a string', 'text.ts', "// setTimeout(x)\nexport const text = 'Date.now()';"],
    ['a method that shares its name with a timer', 'method.ts', 'export const run = (c: C) => c.setTimeout(1);'],
    ['the type of a timer', 'type.ts', 'export type Timer = ReturnType<typeof setTimeout>;'],
    ['a table that nobody can add to', 'table.ts', "export const KINDS: ReadonlySet<string> = new Set(['a']);"],
    ['state inside an instance', 'instance.ts', 'export class Ledger { static readonly kind = 1; #all = new Map(); }'],
    ['state inside a function', 'function.ts', 'export const make = () => { let n = 0; return () => n++; };'],
  ] as const;
  const files = Object.fromEntries(harmless.map(([, path, text]) => [path, text]));
  const result = runCheck('check-style.mjs', files);

  test.each(harmless)('%s', (_name, path) => {
    expect(result.output).not.toContain(path);
    expect(result.code).toBe(0);
  });
});

describe('the style check refuses, with file and line,', () => {
  const planted = [
    ['the wall clock', 'export const planted = () => Date.now();', 'uses Date.now'],
    ['the present moment', 'export const planted = () => new Date();', 'uses new Date()'],
    ['the monotonic clock', 'export const planted = () => performance.now();', 'uses performance'],
    ['a timer', 'export const planted = () => setTimeout(() => {}, 1);', 'uses setTimeout'],
    [
      'a timer of the global object',
      'export const planted = () => globalThis.setInterval(() => {}, 1);',
      'uses setInterval',
    ],
    ['a timer handed on', 'export const planted = () => promisify(setTimeout);', 'uses setTimeout'],
    ['a signal that times out', 'export const planted = () => AbortSignal.timeout(5);', 'uses AbortSignal.timeout'],
    ['a random number', 'export const planted = () => Math.random();', 'uses Math.random'],
    ['a random id', 'export const planted = () => crypto.randomUUID();', 'uses randomUUID'],
    ['an import of timers', "import { setTimeout } from 'node:timers/promises';", 'uses node:timers/promises'],
    ['a module-level variable', 'let counter = 0;', 'declares a module-level let'],
    ['an exported module-level variable', 'export let counter = 0;', 'declares a module-level let'],
    ['a module-level map', 'const cache = new Map();', "keeps 'cache'"],
    ['a module-level storage', 'const storage = new AsyncLocalStorage();', "keeps 'storage'"],
    ['a module-level weak map', 'export const seen = new WeakMap<object, 1>();', "keeps 'seen'"],
    ['an empty module-level array', 'const all: string[] = [];', "keeps 'all'"],
    ['an empty module-level object', 'const byName: Record<string, number> = {};', "keeps 'byName'"],
    ['a static field that changes', 'export class A { static count = 0; }', 'keeps state in a static field'],
    ['a static map', 'export class A { static readonly all = new Map(); }', 'keeps state in a static field'],
    ['a note to self', '// TODO: later', 'leaves a note to self'],
  ] as const;
  const fileOf = (name: string) => `${name.replaceAll(' ', '-')}.ts`;
  const result = runCheck(
    'check-style.mjs',
    Object.fromEntries(planted.map(([name, text]) => [fileOf(name), `\n${text}\n`])),
  );

  test.each(planted)('%s', (name, _text, message) => {
    expect(result.output).toContain(`${fileOf(name)}:2 ${message}`);
    expect(result.code).toBe(1);
  });
});

describe('the linter refuses in src/', () => {
  const lines = (count: number) => '  call();\n'.repeat(count);
  const planted = [
    ['a function of more than 70 lines', `export function long() {\n${lines(71)}}\n`, 'noExcessiveLinesPerFunction'],
    ['a file of more than 400 lines', lines(401), 'noExcessiveLinesPerFile'],
    ['a default export', 'export default 1;', 'noDefaultExport'],
    ['the console', "console.log('x');", 'noConsole'],
    ['any', 'export const x = (y: any) => y;', 'noExplicitAny'],
  ] as const;
  const fileOf = (rule: string) => `src/${rule}.ts`;
  // The planted files are in no repository, so the linter must not look for what git ignores.
  const settings = { ...JSON.parse(readFileSync(join(repository, 'biome.json'), 'utf8')), vcs: { enabled: false } };
  const files = {
    'biome.json': JSON.stringify(settings),
    'src/harmless.ts': `export function short() {\n${lines(65)}}\n`,
    ...Object.fromEntries(planted.map(([, text, rule]) => [fileOf(rule), text])),
  };
  const biome = join(repository, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const { output } = withFiles(files, (folder) => runNode([biome, 'lint', '--reporter=github'], folder));

  test.each(planted)('%s', (_name, _text, rule) => {
    expect(output).toMatch(new RegExp(`${rule},file=\\S*${fileOf(rule)}`));
  });

  test('nothing in a harmless file', () => {
    expect(output).not.toContain('harmless');
  });
});
