import { asObject, isPresent } from './json.js';
import type { JsonObject } from './wire.js';

/** A field by its name, or by the snake case that Google's servers take as well; `undefined` where it is `null`. */
export function fieldOf(holder: JsonObject | undefined, name: string): unknown {
  if (holder === undefined) return undefined;
  const value = holder[keyOf(holder, name)];
  return isPresent(value) ? value : undefined;
}

/** The name under which `holder` has the field; the camel case where it has neither. */
export function keyOf(holder: JsonObject, name: string): string {
  if (isPresent(holder[name])) return name;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return isPresent(holder[snake]) ? snake : name;
}

/**
 * A field of the request itself. The SDK's own parameters keep them all in `config`, which is how a request that is
 * only to be priced may be written.
 */
export function requestField(body: JsonObject, name: string): unknown {
  return fieldOf(body, name) ?? fieldOf(asObject(body.config), name);
}

/** Where the settings of the answer stand; `undefined` where the request has none. */
export function settingsOf(body: JsonObject): JsonObject | undefined {
  return asObject(fieldOf(body, 'generationConfig')) ?? asObject(body.config);
}
