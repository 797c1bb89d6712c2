import { asName, asString } from './json.js';
import type { InputContent, MediaPart } from './wire.js';

/** Gathers what a request sends in while a codec walks over it. */
export interface InputCollector {
  /** A text that a tokenizer can count; anything that is not a text is left out. */
  addText(value: unknown): void;
  /** A tree that the provider renders in a form of its own, or whose shape is not known: counted by its bytes. */
  addTree(value: unknown): void;
  /** An image, a sound or a file; `data` is its inline data or the reference to it. */
  addMedia(kind: MediaPart['kind'], data: unknown, detail?: unknown): void;
  addOverhead(tokens: number): void;
  finish(): InputContent;
}

/** Makes an empty `InputCollector`. */
export function createInputCollector(): InputCollector {
  const texts: string[] = [];
  const schemas: unknown[] = [];
  const media: MediaPart[] = [];
  let overheadTokens = 0;
  return {
    addText(value) {
      if (asName(value) !== undefined) texts.push(value as string);
    },
    addTree(value) {
      if (value !== undefined && value !== null) schemas.push(value);
    },
    addMedia(kind, data, detail) {
      const wanted = asString(detail);
      media.push({
        kind,
        inlineCharacters: asString(data)?.length ?? 0,
        ...(wanted !== undefined && { detail: wanted }),
      });
    },
    addOverhead(tokens) {
      overheadTokens += tokens;
    },
    finish: () => ({ texts, schemas, media, overheadTokens }),
  };
}

/** `address` where it carries its data itself; `undefined` where it points elsewhere. */
export function inlineData(address: unknown): string | undefined {
  const text = asString(address);
  return text?.slice(0, 5).toLowerCase() === 'data:' ? text : undefined;
}
