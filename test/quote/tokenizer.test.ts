import fc from 'fast-check';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { countTokens, createGptTokenizerSource } from '../../src/quote/tokenizer.js';

const exact = (text: string): number => encode(text, { disallowedSpecial: new Set() }).length;

const ENGLISH = 'It was the best of times, it was the worst of times; it was the age of wisdom.\n'.repeat(200);
const CODE = 'function add(left: number, right: number) {\n  return left + right; // {}();\n}\n\n'.repeat(200);
const TABLES = '| name      |   12,345.67 |\n|-----------|-------------|\n'.repeat(200);
const CHINESE = '他们说,这是最好的时代,也是最坏的时代。'.repeat(200);
const LONG_WORD = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(200);

describe('counting tokens in slices', () => {
  it.each([
    ['English', ENGLISH],
    ['code', CODE],
    ['tables', TABLES],
    ['Chinese', CHINESE],
    ['one endless word', LONG_WORD],
    ['spaces', ' '.repeat(5000)],
    ['line feeds', '\n'.repeat(5000)],
    ['emoji', '👩‍👩‍👧‍👦'.repeat(500)],
  ])('never counts less than the whole: %s', (_, text) => {
    expect(countTokens(text, exact)).toBeGreaterThanOrEqual(exact(text));
  });

  it.each([
    ['English', ENGLISH],
    ['code', CODE],
    ['tables', TABLES],
  ])('counts hardly more than the whole where there are words: %s', (_, text) => {
    expect(countTokens(text, exact)).toBeLessThanOrEqual(exact(text) * 1.01);
  });

  it('never counts less than the whole for any mixture of pieces', () => {
    const piece = fc.constantFrom(
      ' ',
      '  ',
      '\n',
      '\r\n',
      '\t',
      'word',
      'Ünïcode',
      '。',
      '1234567',
      '!!',
      '👍🏽',
      '});',
      'ǅ',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 400, maxLength: 1500 }), (pieces) => {
        const text = pieces.join('');
        return countTokens(text, exact) >= exact(text);
      }),
      // A counterexample is long, and making it shorter takes for ever: the whole one will do.
      { numRuns: 100, endOnFailure: true },
    );
  });

  it('gives each character to the encoder once, in order, in slices of at most 1024', () => {
    const slices: string[] = [];
    countTokens(`${ENGLISH}${LONG_WORD}${'👩‍👩‍👧‍👦'.repeat(500)}`, (slice) => slices.push(slice));

    expect(slices.join('')).toBe(`${ENGLISH}${LONG_WORD}${'👩‍👩‍👧‍👦'.repeat(500)}`);
    expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThanOrEqual(1024);
  });

  it('never cuts a character in two', () => {
    const text = `x${'😀'.repeat(3000)}`;
    const slices: string[] = [];
    countTokens(text, (slice) => slices.push(slice));

    // UTF-8 has no form for half a character: it would come back as another one.
    for (const slice of slices) expect(Buffer.from(slice).toString()).toBe(slice);
  });

  it('counts nothing for no text', () => {
    expect(countTokens('', () => Number.NaN)).toBe(0);
  });
});

describe('the encoders of gpt-tokenizer', () => {
  it.each(['gpt-4o', 'gpt-4o-mini-2024-07-18', 'gpt-4.1', 'gpt-5.1', 'o3', 'o4-mini', 'ft:gpt-4o:team::id'])(
    'are exact for %s',
    async (model) => {
      const encoder = await createGptTokenizerSource()(model, 'openai');

      expect(encoder?.('Grüße aus 東京')).toBe(exact('Grüße aus 東京'));
    },
  );

  it.each(['gpt-4', 'gpt-4-turbo', 'gpt-3.5-turbo'])('are exact for the older %s', async (model) => {
    const encoder = await createGptTokenizerSource()(model, 'openai');

    expect(encoder?.('Grüße aus 東京')).toBe(encodeCl100k('Grüße aus 東京').length);
  });

  it.each(['claude-sonnet-4-6', 'gemini-2.5-pro', 'my-gpt-4o', 'gpt-40', 'omni', ''])(
    'do not exist for %s',
    async (model) => {
      expect(await createGptTokenizerSource()(model, 'openai')).toBeUndefined();
    },
  );

  it('count what looks like a control token as the text it is', async () => {
    const encoder = await createGptTokenizerSource()('gpt-4o', 'openai');

    expect(encoder?.('<|endoftext|>')).toBeGreaterThan(1);
  });

  it('are loaded once', async () => {
    const source = createGptTokenizerSource();

    expect(source('gpt-4o', 'openai')).toBe(source('gpt-4o-mini', 'openai'));
  });
});
