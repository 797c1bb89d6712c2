import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Block, blocksOf, ROOT, readPages } from './markdown.js';

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
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-docs-'));
  try {
    writeProject(folder, modules);
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr, error } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (error || stderr) throw error ?? new Error(stderr);
    return stdout.split('\n').flatMap((text) => readError(text, modules));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeProject(folder: string, modules: readonly Module[]): void {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  for (const [index, { lines }] of modules.entries()) {
    writeFileSync(join(folder, `block-${index}.mts`), `${lines.join('\n')}\nexport {};\n`);
  }
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    // What a page shows is not always used on it.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ['*.mts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
}

/** One line of the compiler's output. Mistakes in src/ are the type check's to find, and pass here. */
function readError(text: string, modules: readonly Module[]): string[] {
  const [, index, line, message] = /block-(\d+)\.mts\((\d+),\d+\): (.*)$/.exec(text) ?? [];
  if (message !== undefined) return [`${modules[Number(index)]?.page}:${line}: ${message}`];
  return text.startsWith('error') ? [text] : [];
}

describe('the code blocks of the docs', () => {
  test.each(pages)('of $path say their language', ({ text }) => {
    const known = /^(?:ts(?: continues)?|sh|text|json|sql)$/;
    expect(blocksOf(text).filter(({ info }) => !known.test(info))).toEqual([]);
  });

  test('type-check against the package, each as a module of its own or as what the one before it goes on to', () => {
    const modules = pages.flatMap(({ path, text }) => modulesOf(path, blocksOf(text)));
    expect(modules.length).toBeGreaterThan(10);
    // One that is wrong shows that mistakes are found, and where.
    const wrong = [
      '```ts',
      "import { budget } from 'tokenguard';",
      '```',
      '',
      '```ts continues',
      'budget({ usd: true });',
      '```',
    ];
    const planted = modulesOf('planted.md', blocksOf(wrong.join('\n')));
    expect(typeErrors([...modules, ...planted])).toEqual([expect.stringMatching(/^planted\.md:6: error TS\d+: /)]);
  });
});
