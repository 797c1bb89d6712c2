import { mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Place, refuse } from './check-figures.js';

/** The most text a price table may have. The bundled one has 300 kB. */
export const MAX_TABLE_BYTES = 16 * 1024 * 1024;

/** @throws ConfigError for anything but a path or a `file:` URL. */
export function pathOf(file: string | URL, caller: string): string {
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file);
  if (typeof file === 'string' && file !== '') return resolve(file);
  return refuse(`file of ${caller}`, String(file), 'give the path of a file');
}

/** @throws ConfigError for a file that cannot be read, or is larger than a price table can be. */
export async function readPriceFile(path: string, place: Place): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_TABLE_BYTES) return refuse(`${place}: size`, size, `it may have ${MAX_TABLE_BYTES} bytes at most`);
    const handle = await open(path);
    try {
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    return refuseFile(error, place, 'cannot be read');
  }
}

/**
 * Replaces a file at once: whoever reads it meanwhile sees the old one or the new one, also if this process dies.
 *
 * @throws ConfigError where it cannot be written.
 */
export async function writePriceFile(path: string, text: string, place: Place): Promise<void> {
  let folder: string | undefined;
  try {
    // Beside the file, because only within one file system is a move one step.
    folder = await mkdtemp(join(dirname(path), '.tokenguard-prices-'));
    const staged = join(folder, 'table');
    const handle = await open(staged, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(staged, path);
  } catch (error) {
    refuseFile(error, place, 'cannot be written');
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

function refuseFile(error: unknown, place: Place, trouble: string): never {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || code === 'config_error') throw error;
  return refuse(place, code, `it ${trouble}; give a file that can be`);
}
