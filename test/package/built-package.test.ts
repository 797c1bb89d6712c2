import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository, runNode } from './run-script.js';

/**
 * The most bytes of JavaScript that `import 'tokenguard'` may load, the price table left out. Raise it in the commit
 * that needs it, and say there why.
 */
const MAX_LOADED_BYTES = 600_000;

/** Generated, and grows with the market, not with our code. */
const PRICE_TABLE = 'pricing/catalog-data.js';

/** What the main door must not load: things a user may never need, each behind a door or a lazy import of its own. */
const BEHIND_OTHER_DOORS = ['testing/', 'cli/', 'sink/sqlite.js', 'sink/jsonl.js', 'sink/otel.js', 'sink/postgres.js'];

// The package lies in a folder with no node_modules above it, so that importing anything but itself fails.
const folder = mkdtempSync(join(tmpdir(), 'tokenguard-built-'));
const installed = join(folder, 'node_modules', 'tokenguard');
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const doors = Object.keys(manifest.exports).filter((name) => name !== './package.json');

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  cpSync(join(repository, 'package.json'), join(installed, 'package.json'));
  const build = runNode([join(repository, 'scripts', 'build.mjs'), '--out', join(installed, 'dist')]);
  if (build.code !== 0) throw new Error(`the build failed:\n${build.output}`);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built package', () => {
  test('holds every file that package.json names', () => {
    const named = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((door) => Object.values(door as object)),
    ];
    const files = named.filter((path) => typeof path === 'string' && path.includes('dist/')) as string[];
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  test('has a command that the system may run', () => {
    expect(statSync(join(installed, manifest.bin.tokenguard)).mode & 0o111).toBe(0o111);
  });

  test.each(doors)('is imported by %s with no other package about, prints nothing and lets the process end', (door) => {
    const script = `const names = Object.keys(await import('${door.replace(/^\./, manifest.name)}'));
      if (names.length === 0 || names.includes('default')) throw new Error(names.join());`;
    expect(runNode(['--input-type=module', '-e', script], folder)).toEqual({ code: 0, output: '' });
  });

  test('names no package that the user may not have in its types', () => {
    const types = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.d.ts'),
    );
    const foreign = types.flatMap((file) =>
      importsOf(join(installed, 'dist', file)).filter((name) => !/^(\.|node:)/.test(name)),
    );
    expect(foreign).toEqual([]);
  });
});

describe('the main door', () => {
  const loaded = () => filesLoadedBy(join(installed, 'dist', 'index.js'));

  test('loads nothing that has a door of its own', () => {
    const paths = loaded();
    expect(paths).toContain('index.js');
    expect(paths.filter((path) => BEHIND_OTHER_DOORS.some((each) => path.startsWith(each)))).toEqual([]);
  });

  test('stays below its size', () => {
    const bytes = loaded()
      .filter((path) => path !== PRICE_TABLE)
      .reduce((sum, path) => sum + statSync(join(installed, 'dist', path)).size, 0);
    expect(bytes).toBeLessThan(MAX_LOADED_BYTES);
  });
});

/** The files that run when `entry` is imported, relative to dist/. */
function filesLoadedBy(entry: string): string[] {
  const found = new Set<string>();
  const waiting = [entry];
  for (const file of waiting) {
    if (found.has(file)) continue;
    found.add(file);
    waiting.push(
      ...importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => resolve(dirname(file), name)),
    );
  }
  return [...found].map((file) => relative(join(installed, 'dist'), file)).sort();
}

/** The modules that a built file imports as it loads. */
function importsOf(file: string): string[] {
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?: [^'"]*? from)? ['"]([^'"]+)['"];?$/gm);
  return [...statements].map((match) => match[1]!);
}
