import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../src/wire/openai-chat.js';

const base = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] };
const read = (extra: object) => openaiChat.readRequest({ ...base, ...extra }, '');
const official = { official: true };
const compatible = { official: false };

describe('reading a request', () => {
  test('a plain request', () => {
    expect(read({})).toEqual({
      operation: 'chat',
      model: 'gpt-4o',
      stream: false,
      choices: 1,
      minOutputTokens: 1,
    });
  });

  test.each([
    [{ max_completion_tokens: 10 }, 10],
    [{ max_tokens: 20 }, 20],
    [{ max_completion_tokens: 10, max_tokens: 20 }, 10],
    [{ max_completion_tokens: 30, max_tokens: 20 }, 20],
    [{ max_completion_tokens: 'x', max_tokens: 20 }, 20],
    [{ max_tokens: 0 }, 0],
  ])('the ceiling of %j is %j', (extra, ceiling) => {
    expect(read(extra).maxOutputTokens).toBe(ceiling);
  });

  test.each([-5, Number.NaN, 1.5, '100', true, null, [], {}, 2 ** 53, 1e18, Number.POSITIVE_INFINITY])(
    'a ceiling of %j is no ceiling',
    (nonsense) => {
      expect(read({ max_tokens: nonsense })).not.toHaveProperty('maxOutputTokens');
      expect(read({ max_completion_tokens: nonsense })).not.toHaveProperty('maxOutputTokens');
    },
  );

  test.each([
    [50, 50],
    [0, 1],
    [-1, 1],
    [1.5, 1],
    ['3', 1],
    [null, 1],
  ])('n of %j is %i answers', (n, choices) => {
    expect(read({ n }).choices).toBe(choices);
  });

  test('stream, service tier and a missing model', () => {
    expect(read({ stream: true, service_tier: 'flex' })).toMatchObject({ stream: true, serviceTier: 'flex' });
    expect(read({ stream: 'yes' }).stream).toBe(false);
    expect(openaiChat.readRequest({}, '').model).toBe('');
  });

  test.each([
    [{ web_search_options: {} }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ search_parameters: { mode: 'on' } }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ plugins: [{ id: 'web' }] }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ tools: [{ type: 'code_interpreter' }] }, { maxCalls: undefined, maxWebSearches: 0 }],
  ])('%j lets the provider loop', (extra, hostedTools) => {
    expect(read(extra).hostedTools).toEqual(hostedTools);
  });

  test('functions and custom tools do not', () => {
    expect(read({ tools: [{ type: 'function' }, { type: 'custom' }, null], plugins: [] })).not.toHaveProperty(
      'hostedTools',
    );
  });
});

describe('reading the input', () => {
  test('texts, names, refusals, tool calls and tool results can be counted', () => {
    const input = openaiChat.readInput({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', name: 'ann', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }], refusal: 'Never.' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find', arguments: '{"q":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'found' },
      ],
    });
    expect(input.texts).toEqual(['Be brief.', 'ann', 'Hi', 'No.', 'Never.', 'c1', 'find', '{"q":1}', 'c1', 'found']);
    expect(input.schemas).toEqual([]);
    expect(input.overheadTokens).toBe(5 * 4 + 1 + 4 + 3);
  });

  test('tools, functions, response formats and parts of unknown shape count by their bytes', () => {
    const tool = { type: 'function', function: { name: 'find', parameters: {} } };
    const part = { type: 'new_thing', secret: ['a', { b: 'c' }] };
    const input = openaiChat.readInput({
      messages: [{ role: 'user', content: [part], reasoning_details: [{ text: 'r' }] }, 'nonsense'],
      tools: [tool],
      functions: [{ name: 'old' }],
      response_format: { type: 'json_object' },
    });
    expect(input.schemas).toEqual([part, [{ text: 'r' }], 'nonsense', tool, { name: 'old' }, { type: 'json_object' }]);
    expect(input.overheadTokens).toBe(2 * 4 + 3 + 3 * 16);
  });

  test('images, audio and files are media, inline only where they carry their data', () => {
    const input = openaiChat.readInput({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            { type: 'input_audio', input_audio: { data: 'AAAAAA', format: 'wav' } },
            { type: 'file', file: { file_data: 'AAA', filename: 'a.pdf' } },
            { type: 'file', file: { file_id: 'file-1' } },
          ],
        },
        { role: 'assistant', audio: { id: 'audio_1' } },
      ],
    });
    expect(input.media).toEqual([
      { kind: 'image', inlineCharacters: 26, detail: 'low' },
      { kind: 'image', inlineCharacters: 0 },
      { kind: 'audio', inlineCharacters: 6 },
      { kind: 'file', inlineCharacters: 3 },
      { kind: 'file', inlineCharacters: 0 },
      { kind: 'audio', inlineCharacters: 0 },
    ]);
    expect(input.texts).toEqual(['a.pdf']);
  });

  test('a prediction counts too', () => {
    const { texts } = openaiChat.readInput({ ...base, prediction: { type: 'content', content: 'expected' } });
    expect(texts).toEqual(['Hello', 'expected']);
  });
});

describe('rewriting', () => {
  const patched = (extra: object, host = official) =>
    openaiChat.rewrite({ ...base, ...extra, temperature: 0 }, { maxOutputTokens: 7 }, host);

  test('an empty patch changes nothing', () => {
    const body = { ...base, max_tokens: 1, max_completion_tokens: 2 };
    expect(openaiChat.rewrite(body, {}, official)).toEqual(body);
  });

  test('the model is replaced where it stands, and the caller’s object is not touched', () => {
    const body = Object.freeze({ ...base, stream: true });
    const rewritten = openaiChat.rewrite(body, { model: 'gpt-4o-mini' }, official);
    expect(JSON.stringify(rewritten)).toBe(JSON.stringify(body).replace('gpt-4o', 'gpt-4o-mini'));
  });

  test.each([
    [{ max_tokens: 50 }, { max_tokens: 7 }],
    [{ max_completion_tokens: 50 }, { max_completion_tokens: 7 }],
    [{ max_completion_tokens: 50, max_tokens: 50 }, { max_completion_tokens: 7 }],
    [{ max_completion_tokens: null, max_tokens: 50 }, { max_tokens: 7 }],
    [{ max_tokens: null }, { max_tokens: 7 }],
    [{ max_completion_tokens: null, max_tokens: null }, { max_completion_tokens: 7 }],
    [{}, { max_completion_tokens: 7 }],
  ])('on the official host, %j becomes %j', (extra, ceilings) => {
    expect(patched(extra)).toEqual({ ...base, temperature: 0, ...ceilings });
  });

  test('a call without a ceiling gets the older name elsewhere', () => {
    expect(patched({}, compatible)).toEqual({ ...base, temperature: 0, max_tokens: 7 });
  });

  test('keys keep their order', () => {
    expect(Object.keys(patched({ max_tokens: 50 }))).toEqual(['model', 'messages', 'max_tokens', 'temperature']);
  });

  test('an own key called __proto__ stays a key', () => {
    const body = JSON.parse('{"model":"m","__proto__":{"x":1}}');
    const rewritten = openaiChat.rewrite(body, { model: 'n' }, official);
    expect(JSON.stringify(rewritten)).toBe('{"model":"n","__proto__":{"x":1}}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('asking for usage', () => {
  test.each([
    [{ stream: true }, { include_usage: true }],
    [{ stream: true, stream_options: null }, { include_usage: true }],
    [
      { stream: true, stream_options: { include_obfuscation: false } },
      { include_obfuscation: false, include_usage: true },
    ],
    [{ stream: true, stream_options: { include_usage: false } }, { include_usage: true }],
  ])('%j is sent with %j', (extra, options) => {
    expect(openaiChat.askForUsage({ ...base, ...extra }).stream_options).toEqual(options);
  });

  test.each([
    {},
    { stream: false },
    { stream: true, stream_options: { include_usage: true } },
    { stream: true, stream_options: 7 },
  ])('%j is sent as it is', (extra) => {
    const body = { ...base, ...extra };
    expect(openaiChat.askForUsage(body)).toBe(body);
  });
});

test('a refusal has the shape of an OpenAI error', () => {
  expect(openaiChat.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    error: { message: 'No.', type: 'budget_exceeded', code: 'budget_exceeded', param: null },
  });
});
