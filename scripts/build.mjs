// Compiles src/ to dist/, or to the folder given after `--out`.
//
// The compiler writes beside the real folder first and the result is moved into place at the end: a process that
// imports the package while it is being rebuilt never sees half of it, and no file of an earlier build stays behind.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { mkdtemp, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string' } } });
const target = resolve(root, values.out ?? 'dist');

mkdirSync(join(target, '..'), { recursive: true });
const staging = await mkdtemp(`${target}-`);
try {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', staging], {
    cwd: root,
    stdio: 'inherit',
  });
  const command = join(staging, 'cli', 'main.js');
  if (existsSync(command)) chmodSync(command, 0o755);
  rmSync(target, { recursive: true, force: true });
  await rename(staging, target);
} catch (error) {
  rmSync(staging, { recursive: true, force: true });
  // The compiler has already printed what is wrong; anything else deserves its stack.
  if (error?.status === undefined) throw error;
  process.exitCode = 1;
}
