import { describe, expect, it } from 'vitest';
import { boundInputByBytes, boundInputByParts, bytesOfStrings } from '../../src/quote/input-bound.js';
import type { InputContent, MediaPart } from '../../src/wire/wire.js';

const MODEL = { model: 'gpt-4o', provider: 'openai', contextTokens: 128_000 };

function content(parts: Partial<InputContent>): InputContent {
  return { texts: [], schemas: [], media: [], overheadTokens: 0, ...parts };
}

function media(kind: MediaPart['kind'], inlineCharacters = 0): InputContent {
  return content({ media: [{ kind, inlineCharacters }] });
}

describe('the bound by bytes', () => {
  it('is a token for each byte, and the framing', () => {
    expect(boundInputByBytes(500, content({ overheadTokens: 7 }), MODEL)).toEqual({
      tokens: 507,
      method: 'bytes',
      hasAudio: false,
    });
  });

  it('has the media on top', () => {
    expect(boundInputByBytes(500, media('image'), MODEL).tokens).toBe(25_500);
  });
});

describe('the bound by parts', () => {
  it('counts texts with the encoder and schemas by the bytes of their JSON', () => {
    const parts = content({ texts: ['four', 'é'], schemas: [{ a: 1 }, 'né'], overheadTokens: 3 });

    const bound = boundInputByParts(parts, MODEL, (text) => text.length);

    // Four letters and one, seven bytes of JSON, three bytes of text, and the framing.
    expect(bound).toEqual({ tokens: 4 + 1 + 7 + 3 + 3, method: 'counted', hasAudio: false });
  });

  it('counts texts by their bytes without an encoder', () => {
    expect(boundInputByParts(content({ texts: ['四'] }), MODEL).tokens).toBe(3);
  });

  it.each<[string, string, number]>([
    ['the dearest tiles of the small model', 'gpt-4o-mini', 48_169],
    ['the dearest image of an OpenAI model', 'gpt-5.1', 25_000],
    ['the dearest image of Anthropic', 'claude-sonnet-4-6', 5000],
    ['a guess on the dear side', 'unheard-of', 50_000],
  ])('takes an image for %s', (_, model, tokens) => {
    expect(boundInputByParts(media('image'), { model, provider: 'any' }).tokens).toBe(tokens);
  });

  it('takes audio for its data, and says that there is some', () => {
    expect(boundInputByParts(media('audio', 4000), MODEL)).toEqual({
      tokens: 4000,
      method: 'counted',
      hasAudio: true,
    });
  });

  it('takes a file, and audio that is kept elsewhere, for all the model can read', () => {
    expect(boundInputByParts(media('file', 100), MODEL).tokens).toBe(128_000);
    expect(boundInputByParts(media('audio'), MODEL).tokens).toBe(128_000);
  });

  it('does not exist for a file and a model whose context nobody knows', () => {
    const model = { model: 'unheard-of', provider: 'any' };
    const parts = content({
      texts: ['a'],
      media: [
        { kind: 'file', inlineCharacters: 0 },
        { kind: 'image', inlineCharacters: 0 },
      ],
    });

    expect(boundInputByParts(parts, model).tokens).toBeUndefined();
  });

  it('takes a schema too deep for JSON.stringify', () => {
    let deep: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { a: deep };

    expect(boundInputByParts(content({ schemas: [deep] }), MODEL).tokens).toBeGreaterThanOrEqual(600_000);
  });
});

describe('the bytes of a body without its JSON', () => {
  it.each<[string, Record<string, unknown>]>([
    ['texts', { messages: [{ role: 'user', content: 'Grüße "aus" 東京 👍' }] }],
    ['numbers and the like', { n: -1.7976931348623157e308, stream: true, stop: null, list: [1, 2, [3]] }],
    ['nothing', {}],
    ['keys of every script', { ключ: 1, 鍵: { é: [] } }],
    ['a value that JSON leaves out', { a: undefined, b: 'b' }],
  ])('are at least those of its text: %s', (_, body) => {
    const text = JSON.stringify(body);
    const unescaped = text.replaceAll('\\"', '"');

    expect(bytesOfStrings(body)).toBeGreaterThanOrEqual(Buffer.byteLength(unescaped));
    expect(bytesOfStrings(body)).toBeLessThan(Buffer.byteLength(text) * 3 + 100);
  });
});
