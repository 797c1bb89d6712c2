import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Block, blocksOf, ROOT, readPages } from './markdown.js';

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pages = readPages().filter(({ path }) => /^README\.md$|^docs\/(?:guide|reference)\//.test(path));
const TYPESCRIPT = /^ts(?: continues)?$/;

/** One module to check. Its lines are where they are in the page, so that the compiler names the line of the page. */
interface Module {
  readonly page: string;
  readonly lines: string[];
}

/** A block marked `ts` is a module of its own; one marked `ts continues` goes on with the module before it. */
function modulesOf(page: string, blocks: readonly Block[]): Module[] {
  const modules: Module[] = [];
  for (const { info, lines, line } of blocks.filter((block) => TYPESCRIPT.test(block.info))) {
    if (info === 'ts') modules.push({ page, lines: [] });
    const current = modules.at(-1);
    if (current === undefined) throw new Error(`${page}:${line}: there is no block before this one to continue`);
    current.lines.push(...Array<string>(line - 1 - current.lines.length).fill(''), ...lines);
  }
  return modules;
}

/** Type-checks the modules as a user's project would be, and returns what the compiler says of them, by page and line. */
function typeErrors(modules: readonly Module[]): string[] {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  mkdirSync(join(folder, 'blocks'));
  const files = new Map(modules.map((module, index) => [`block-${index}.mts`, module]));
  for (const [name, { lines }] of files) {
    writeFileSync(join(folder, 'blocks', name), `${lines.join('\n')}\nexport {};\n`);
  }
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    // What a page shows is not always used on it.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ['blocks'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout, error } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
    { cwd: folder, encoding: 'utf8' },
  );
  if (error) throw error;
  // Mistakes in src/ are the type check's to find. One without a file is a mistake of this test.
  return stdout.split('\n').flatMap((text) => {
    const match = /^blocks\/(block-\d+\.mts)\((\d+),\d+\): (.*)$/.exec(text);
    if (match) return [`${files.get(match[1] ?? '')?.page}:${match[2]}: ${match[3]}`];
    return text.startsWith('error') ? [text] : [];
  });
}

describe('the code blocks of the docs', () => {
  test.each(pages)('of $path say their language', ({ text }) => {
    const known = /^(?:ts(?: continues)?|sh|text|json|sql)$/;
    expect(blocksOf(text).filter(({ info }) => !known.test(info))).toEqual([]);
  });

  test('type-check against the package, each as a module of its own or as what the one before it goes on to', () => {
    const modules = pages.flatMap(({ path, text }) => modulesOf(path, blocksOf(text)));
    expect(modules.length).toBeGreaterThan(20);
    expect(typeErrors(modules)).toEqual([]);
  });

  test('are found when they are wrong', () => {
    rmSync(join(folder, 'node_modules'), { force: true });
    rmSync(join(folder, 'blocks'), { recursive: true, force: true });
    const text = "```ts\nimport { budget } from 'tokenguard';\n```\n\n```ts continues\nbudget({ usd: 1, onExced: 'block' });\n```";
    expect(typeErrors(modulesOf('page.md', blocksOf(text)))).toEqual([
      expect.stringMatching(/^page\.md:6: error TS2353: .*onExced/),
    ]);
  });
});
