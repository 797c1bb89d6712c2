import { asCount, asObject, asString } from './json.js';

/**
 * The fields of a multipart form, for the formats that are sent as one: the client makes a plain object of them, with
 * every value a text, every file `{ name, size, type }`, and a list where a field comes more than once.
 *
 * The readers here take a JSON body's numbers and booleans too, because some endpoints accept either.
 */

/** A whole number that a form field holds as digits. */
export function formCount(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? asCount(Number(value)) : asCount(value);
}

/** Whether a form field says yes. */
export function isFormTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

/** The size of an uploaded file in bytes; `undefined` for everything that is not a file of known size. */
export function fileSize(value: unknown): number | undefined {
  return asCount(asObject(value)?.size);
}

/** What a form field holds, as a list: forms mark a list by `[]` behind its name, by repeating it, or not at all. */
export function formList(body: { readonly [key: string]: unknown }, name: string): readonly unknown[] {
  return [body[name], body[`${name}[]`]].flat().filter((value) => value !== undefined && value !== null);
}

/** A form field as a text without the spaces around it; `undefined` for everything that is not one. */
export function formText(value: unknown): string | undefined {
  return asString(value)?.trim();
}
