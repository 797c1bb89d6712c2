import { isAmount } from '../money.js';
import type { JsonObject } from './wire.js';

/** `value` as a JSON object; `undefined` for arrays, `null` and everything else. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** `value` as a list; an empty one for everything that is not an array. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `value` as a text; `undefined` for everything that is not one. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `value` as a text that says something; `undefined` for the empty text too. */
export function asName(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `value` as a whole number from 0 to 2^53−1; `undefined` for fractions, negatives, texts, booleans and the like. */
export function asCount(value: unknown): number | undefined {
  return isAmount(value) ? value : undefined;
}

/** How many times something is asked for: at least once; a number nobody can count is the largest one, not one. */
export function asTimes(value: unknown): number {
  if (typeof value === 'number' && value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return Math.max(1, asCount(value) ?? 1);
}

/** Whether a field is there with something in it: providers take `null` for absent. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Parses a text as a JSON object; `undefined` where it is not JSON or not an object. */
export function parseJson(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}
