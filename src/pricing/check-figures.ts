import { ConfigError } from '../errors.js';

/** The most a million tokens, or a thousand of anything else, may cost, in US dollars. The dearest on any list is 600. */
const MAX_USD = 10_000;
/** The same in pico-dollars per token. */
export const MAX_RATE_PICO_USD = MAX_USD * 1_000_000;
/** The same in pico-dollars apiece. */
export const MAX_FEE_PICO_USD = MAX_USD * 1_000_000_000;

const MAX_TOKENS = 1_000_000_000;
const MAX_TEXT_LENGTH = 512;
/** Keys that could reach into the prototype of what they are copied to. */
const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** Where in a table something is, for the reader of an error: `price table …: line 7: input of openai gpt-4o`. */
export type Place = string;

/** @throws ConfigError always: what is wrong where. */
export function refuse(place: Place, value: unknown, remedy: string): never {
  throw new ConfigError({ option: place, value, remedy });
}

/** @throws ConfigError for anything but a plain object. */
export function checkObject(value: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(place, value, 'it has to be an object');
  }
  return value as Readonly<Record<string, unknown>>;
}

/** @throws ConfigError for anything but a text of 1 to 512 characters. */
export function checkText(value: unknown, place: Place): string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT_LENGTH) {
    return refuse(place, value, `it has to be a text of 1 to ${MAX_TEXT_LENGTH} characters`);
  }
  return value;
}

/** @throws ConfigError for anything but a whole number of tokens from 1 to a billion. */
export function checkCount(value: unknown, place: Place): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > MAX_TOKENS) {
    return refuse(place, value, `it has to be a whole number from 1 to ${MAX_TOKENS}`);
  }
  return value as number;
}

/** @throws ConfigError for anything but US dollars that a price can be. */
export function checkFigure(value: unknown, place: Place): number {
  if (typeof value !== 'number' || !(value >= 0) || value > MAX_USD) {
    return refuse(place, value, `it has to be a number from 0 to ${MAX_USD} US dollars`);
  }
  return value;
}

/** @throws ConfigError for anything but a whole number of pico-dollars from 0 to `max`. */
export function checkPico(value: unknown, place: Place, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) {
    return refuse(place, value, `it has to be a whole number of pico-dollars from 0 to ${max}`);
  }
  return value as number;
}

/**
 * Reads text as JSON that holds no key by which it could change what objects inherit.
 *
 * @throws ConfigError for any other text.
 */
export function parseSafely(text: string, place: Place): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(place, text, 'it is not JSON');
  }
  const pending = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each !== 'object' || each === null) continue;
    for (const key of Object.keys(each)) {
      if (FORBIDDEN_KEYS.includes(key)) return refuse(place, key, 'no figure may have this name');
      pending.push((each as Readonly<Record<string, unknown>>)[key]);
    }
  }
  return value;
}
