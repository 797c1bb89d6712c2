import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { openaiImages } from '../../src/wire/openai-images.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const read = (body: JsonObject) => openaiImages.readRequest({ model: 'gpt-image-1', prompt: 'A cat', ...body }, '');

test('what a request asks for', () => {
  expect(read({ size: '1024x1024', quality: 'low', n: 2 })).toEqual({
    operation: 'generate_content',
    model: 'gpt-image-1',
    stream: false,
    choices: 2,
    maxImages: 2,
    minOutputTokens: 272,
    maxOutputTokens: 272,
  });
});

describe('the tokens of one image', () => {
  test.each<[JsonObject, number]>([
    [{ size: '1024x1024', quality: 'low' }, 272],
    [{ size: '1024x1024', quality: 'medium' }, 1056],
    [{ size: '1024x1024', quality: 'high' }, 4160],
    [{ size: '1024x1536', quality: 'low' }, 408],
    [{ size: '1024x1536', quality: 'medium' }, 1584],
    [{ size: '1536x1024', quality: 'high' }, 6240],
    [{ quality: 'low' }, 408],
    [{ size: 'auto', quality: 'auto' }, 6240],
    [{ quality: 'best of tomorrow', size: 'x'.repeat(9999) }, 6240],
    [{ model: 'gpt-image-1-mini', quality: 'low' }, 408],
    [{ model: 'gpt-image-1.5', quality: 'low', size: '1024x1024' }, 1272],
    // What a partial image costs on top.
    [{ size: '1024x1024', quality: 'low', stream: true, partial_images: 2 }, 472],
    [{ size: '1024x1024', quality: 'low', stream: 'true', partial_images: '3' }, 572],
    [{ size: '1024x1024', quality: 'low', stream: true, partial_images: 99 }, 572],
    [{ size: '1024x1024', quality: 'low', partial_images: 2 }, 272],
  ])('%j takes at most %i', (body, tokens) => {
    expect(read(body)).toMatchObject({ maxOutputTokens: tokens, minOutputTokens: tokens });
  });

  // The figures of OpenAI's own calculator, and a thousand for what the model may write.
  test.each([
    ['1024x1024', 'high', 7024],
    ['1536x1024', 'high', 5488],
    ['3584x2048', 'high', 12_329],
    ['960x720', 'low', 130],
  ])('gpt-image-2 at %s and %s quality takes at least %i and little more', (size, quality, tokens) => {
    const most = read({ model: 'gpt-image-2', size, quality }).maxOutputTokens! - 1000;
    expect(most).toBeGreaterThanOrEqual(tokens);
    expect(most).toBeLessThan(tokens * 1.05);
  });

  test('gpt-image-2 without a size may paint the largest', () => {
    expect(read({ model: 'gpt-image-2', quality: 'high' }).maxOutputTokens).toBe(1000 + 23_719);
    expect(read({ model: 'gpt-image-2', quality: 'high', size: '99999x99999' }).maxOutputTokens).toBe(1000 + 23_719);
  });

  test.each(['dall-e-3', 'dall-e-2', 'grok-2-image', 'gpt-image-9', 'gpt-image-15', '', 7])(
    'nobody has published those of %j, so no ceiling is known and none is accepted',
    (model) => {
      expect(read({ model })).not.toHaveProperty('maxOutputTokens');
      expect(read({ model }).minOutputTokens).toBe(Number.MAX_SAFE_INTEGER);
    },
  );
});

test('a form’s fields are texts', () => {
  expect(read({ n: '3', stream: 'true', size: '1024x1024', quality: 'low' })).toMatchObject({
    choices: 3,
    stream: true,
    maxOutputTokens: 272,
  });
  for (const n of ['-1', '1.5', 'x', '', null]) expect(read({ n }).choices).toBe(1);
});

test('prompt, images and mask are what is sent in', () => {
  const file = { name: 'a.png', size: 1000, type: 'image/png' };
  const image = { kind: 'image', inlineCharacters: 0 };
  expect(openaiImages.readInput({ prompt: 'A cat' })).toEqual({
    texts: ['A cat'],
    schemas: [],
    media: [],
    overheadTokens: 64,
  });
  expect(openaiImages.readInput({ prompt: 'A cat', image: file, mask: file }).media).toEqual([image, image]);
  expect(openaiImages.readInput({ 'image[]': [file, file] }).media).toEqual([image, image]);
  expect(openaiImages.readInput({ image: [file] }).media).toEqual([image]);
  const images = [{ image_url: 'data:image/png;base64,AA' }, { file_id: 'f' }, 'https://x/y.png'];
  expect(openaiImages.readInput({ images }).media).toEqual([{ kind: 'image', inlineCharacters: 24 }, image, image]);
});

test('rewriting changes the model alone', () => {
  const body = Object.freeze({ model: 'gpt-image-1', prompt: 'A cat', n: '2' });
  const rewritten = openaiImages.rewrite(body, { model: 'gpt-image-1-mini', maxOutputTokens: 7 }, { official: true });
  expect(rewritten).toEqual({ ...body, model: 'gpt-image-1-mini' });
  expect(openaiImages.rewrite(body, { maxOutputTokens: 7 }, { official: true })).toBe(body);
});

const usage = (input: number, output: number) => ({
  input_tokens: input,
  input_tokens_details: { image_tokens: 0, text_tokens: input },
  output_tokens: output,
  total_tokens: input + output,
});

describe('the bill', () => {
  const bill = (raw: unknown) => openaiImages.readResponse({ created: 1, data: [], usage: raw });

  test('of a whole answer', () => {
    expect(bill(usage(10, 272))).toEqual({ usage: { inputTokens: 10, outputTokens: 272, imageInputTokens: 0 } });
    expect(bill(undefined)).toEqual({});
  });

  test('of images sold by the piece is what the provider says they cost', () => {
    expect(bill({ cost_in_usd_ticks: 700_000_000 })).toEqual({
      usage: { inputTokens: 0, outputTokens: 0 },
      reportedCostPicoUsd: 70_000_000_000,
    });
    expect(bill({ generated_images: 1 })).toEqual({});
  });

  test('tells text from images, on the way in and out', () => {
    const details = (image: number, text: number) => ({ image_tokens: image, text_tokens: text });
    const raw = {
      ...{ input_tokens: 300, input_tokens_details: details(280, 20), output_tokens: 1100, total_tokens: 1400 },
      output_tokens_details: details(1056, 44),
    };
    expect(openaiImages.readResponse({ data: [{}], usage: raw }).usage).toEqual({
      ...{ inputTokens: 300, outputTokens: 1100, imageInputTokens: 280, imageOutputTokens: 1056, images: 1 },
    });
  });

  test('of images sold by the piece is their number', () => {
    const data = [{ url: 'https://x/1' }, { url: 'https://x/2' }];
    const bare = { inputTokens: 0, outputTokens: 0 };
    expect(openaiImages.readResponse({ created: 1, data })).toEqual({ usage: { ...bare, images: 2 } });
    expect(openaiImages.readResponse({ data, usage: { cost_in_usd_ticks: 7 } }).usage).toEqual({ ...bare, images: 2 });
    // This is how a model that is billed by tokens answers: without a usage its bill is unknown.
    for (const how of [{ quality: 'low' }, { background: 'opaque' }, { output_format: 'png' }]) {
      expect(openaiImages.readResponse({ data, ...how })).toEqual({});
    }
    expect(openaiImages.readResponse({ data: [] })).toEqual({});
  });

  test.each([-1, 1.5, '5', Number.NaN, 2 ** 53])('a count of %j is a lie', (count) => {
    expect(validUsage(bill({ input_tokens: count, output_tokens: 1 }).usage)).toBeUndefined();
  });
});

describe('a stream', () => {
  const partial = { type: 'image_generation.partial_image', b64_json: 'AAAA', partial_image_index: 0 };
  const completed = (raw: unknown, type = 'image_generation.completed') => ({ type, b64_json: 'AAAA', usage: raw });
  const follow = (sent: JsonObject, ...events: JsonObject[]) => followText(openaiImages, sent, sse(events));

  test('ends with the image, whose event carries the usage', () => {
    const events = [partial, partial, completed(usage(10, 472))];
    expect(follow({}, ...events)).toEqual({
      shown: sse(events),
      deltas: [],
      terminalAt: 3,
      reading: { usage: { inputTokens: 10, outputTokens: 472, imageInputTokens: 0, images: 1 } },
    });
    expect(follow({}, completed(usage(9, 272), 'image_edit.completed')).terminalAt).toBe(1);
  });

  test('of several images ends with the last of them, and the bill is their sum', () => {
    const events = [completed(usage(10, 272)), partial, completed(usage(10, 300))];
    expect(follow({ n: '2' }, ...events)).toMatchObject({
      terminalAt: 3,
      reading: { usage: { inputTokens: 20, outputTokens: 572, imageInputTokens: 0, images: 2 } },
    });
    expect(follow({ n: 2 }, ...events.slice(0, 2))).toMatchObject({ terminalAt: undefined, reading: {} });
    expect(follow({ n: 2 }, completed(usage(1, 1)), completed(undefined)).reading).toEqual({});
    expect(validUsage(follow({ n: 2 }, completed(usage(1, -1)), completed(usage(1, 5))).reading.usage)).toBeUndefined();
  });

  test('that fails has no bill', () => {
    expect(follow({}, partial, { type: 'error', error: { message: 'No.' } })).toMatchObject({
      terminalAt: 2,
      reading: {},
    });
    expect(follow({}, partial).reading).toEqual({});
  });
});
