import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.js';

/**
 * Returns the absolute path of a file given as a path or with the prefix `file:`. Absolute paths keep drivers from
 * taking a name for a URL.
 *
 * @throws ConfigError when it names no file on disk.
 */
export function filePath(file: string): string {
  if (typeof file !== 'string' || file === '' || file === ':memory:' || file.includes('\0')) {
    throw new ConfigError({ option: 'file', value: file, remedy: 'give the path of a file on disk' });
  }
  if (/^file:\/\//i.test(file)) return fileURLToPath(file);
  return resolve(file.replace(/^file:/i, ''));
}
