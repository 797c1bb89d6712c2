import { ConfigError } from '../errors.js';

// Timers take at most 2^31−1 milliseconds; above that they fire at once.
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Returns `value` when it is a whole number from `least` to `most`.
 *
 * @throws ConfigError naming `option`.
 */
export function checkedCount(option: string, value: number, least: number, most = MAX_COUNT): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new ConfigError({ option, value, remedy: `give a whole number from ${least} to ${most}` });
}

/**
 * Checks that `options` is an object with no key but `known`: a typo must not be an option that silently does nothing.
 *
 * @throws ConfigError naming the key and what is known.
 */
export function refuseUnknownOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigError({
      option: `${what} options`,
      value: options,
      remedy: `give an object with ${known.join(', ')}`,
    });
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new ConfigError({ option: `${what} option '${key}'`, value: key, remedy: `use ${known.join(', ')}` });
  }
}
