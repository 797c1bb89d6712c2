import { createHash } from 'node:crypto';
import type { Window } from '../ledger/ledger.js';
import type { Tags } from '../sink/sink.js';

const PLAIN = /^[A-Za-z0-9_.@+-]*$/;
const NOT_PLAIN = /[^A-Za-z0-9_.@+-]/gu;
const MAX_PART = 128;
/** Short enough for an index of any store. */
const MAX_KEY = 1024;
const KEPT = 64;

/**
 * The account of a standing budget: one for each name, window and combination of values of its `per` tags, which count
 * as text. A tag that is not set is a value of its own. No two accounts share a key, whatever is written in a tag: all
 * parts are encoded, and none can contain the `/` and `=` that join them.
 */
export function accountKey(name: string, window: Window, per: readonly string[], tags: Tags): string {
  const parts = [encodeKeyPart(name), encodeKeyPart(window.signature)];
  for (const tag of per.length > 1 ? [...per].sort() : per) {
    const value = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
    const key = encodeKeyPart(tag);
    parts.push(value === undefined ? key : `${key}=${encodeKeyPart(String(value))}`);
  }
  const key = parts.join('/');
  return key.length <= MAX_KEY ? key : `${key.slice(0, KEPT)}~~${hashOf(key)}`;
}

/**
 * Text as letters, digits and `_.@+-%~`, at most 129 characters. What is long is cut and ends in a hash after a `~`,
 * which nothing else contains.
 */
export function encodeKeyPart(text: string): string {
  if (text.length <= MAX_PART) {
    const encoded = PLAIN.test(text) ? text : encode(text);
    if (encoded.length <= MAX_PART) return encoded;
  }
  // Encoding never shortens, so the beginning is enough, however much comes after it.
  return `${encode(text.slice(0, KEPT)).slice(0, KEPT)}~${hashOf(text)}`;
}

function encode(text: string): string {
  return text.replace(NOT_PLAIN, encodeCharacter);
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) as number;
  // Half of a pair has no UTF-8: all halves would become the same replacement character.
  if (code >= 0xd800 && code <= 0xdfff) return `%u${hexOf(code)}`;
  return code < 0x80 ? `%${hexOf(code).padStart(2, '0')}` : encodeURIComponent(character);
}

function hexOf(code: number): string {
  return code.toString(16).toUpperCase();
}

/** Of UTF-16, which keeps half pairs apart. */
function hashOf(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}
