import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The root of the repository. */
export const repository = join(import.meta.dirname, '..', '..');

/** Calls `use` with a new folder that holds `files` and is gone afterwards. */
export function withFiles<T>(files: Record<string, string>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-planted-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node in a process of its own and returns what it said. */
export function runNode(args: readonly string[], cwd = repository): { code: number | null; output: string } {
  const child = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  return { code: child.status, output: child.stdout + child.stderr };
}

/** Runs one of the checks in scripts/ on a folder that holds `files`. */
export function runCheck(script: string, files: Record<string, string>): { code: number | null; output: string } {
  return withFiles(files, (folder) => runNode([join(repository, 'scripts', script), folder]));
}
