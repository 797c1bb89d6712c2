import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { ollama } from '../../src/wire/ollama.js';
import { createByteTap } from '../../src/wire/tap.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { cutAt, follow, followText, ndjson } from './follow.js';

const read = (body: JsonObject) => ollama.readRequest({ model: 'llama3.2', messages: [], ...body }, '');

test.each([
  ['/api/chat', true],
  ['/ollama/api/generate/', true],
  ['/api/embed', false],
  ['/api/chat/1', false],
  ['/v1/chat', false],
  ['/myapi/chat', false],
])('%s is such a call: %j', (path, matches) => {
  expect(ollama.matches(path)).toBe(matches);
});

describe('reading a request', () => {
  test('a plain request', () => {
    expect(read({ stream: false, options: { num_predict: 100 }, think: 'high' })).toEqual({
      operation: 'chat',
      model: 'llama3.2',
      stream: false,
      choices: 1,
      minOutputTokens: 1,
      maxOutputTokens: 100,
      hidesReasoning: true,
    });
    expect(ollama.readRequest({ prompt: 'x' }, '')).toMatchObject({ operation: 'text_completion', model: '' });
  });

  test.each<[JsonObject, boolean]>([
    [{}, true],
    [{ stream: null }, true],
    [{ stream: true }, true],
    [{ stream: false }, false],
  ])('%j streams: %j', (body, stream) => {
    expect(read(body).stream).toBe(stream);
  });

  test.each([-1, -2, 0, 1.5, '9', null])('%s is no ceiling', (num_predict) => {
    expect(read({ options: { num_predict } })).not.toHaveProperty('maxOutputTokens');
  });

  test.each<[unknown, boolean | undefined]>([
    [undefined, undefined],
    [null, undefined],
    [true, true],
    [false, false],
  ])('with think %j, hidden reasoning is %j', (think, hides) => {
    expect(read({ think }).hidesReasoning).toBe(hides);
  });
});

test('the input of a chat and of a generation', () => {
  const call = { function: { name: 'find', arguments: { q: 1 } } };
  const chat = ollama.readInput({
    messages: [
      { role: 'user', content: 'Hi', images: ['AAAA'] },
      { role: 'assistant', content: '', thinking: 'Hm', tool_calls: [call, 7] },
      { role: 'tool', tool_name: 'find', content: 'found' },
      7,
    ],
    tools: [{ type: 'function' }],
    format: 'json',
  });
  expect(chat).toEqual({
    texts: ['Hi', 'Hm', 'find', 'found'],
    schemas: [call.function, 7, 7, { type: 'function' }, 'json'],
    media: [{ kind: 'image', inlineCharacters: 4 }],
    overheadTokens: 16 * (1 + 4 + 2 + 1),
  });
  const generate = { prompt: 'p', suffix: 's', system: 'y', template: 't', context: [1, 2, 3], images: ['AA'] };
  expect(ollama.readInput(generate)).toEqual({
    texts: ['p', 's', 'y', 't'],
    schemas: [],
    media: [{ kind: 'image', inlineCharacters: 2 }],
    overheadTokens: 16 + 3,
  });
});

test('rewriting keeps the other options', () => {
  const body = { model: 'a', options: { num_ctx: 1, num_predict: -1 } };
  expect(ollama.rewrite(body, { model: 'b', maxOutputTokens: 5 }, { official: true })).toEqual({
    model: 'b',
    options: { num_ctx: 1, num_predict: 5 },
  });
  expect(ollama.rewrite({}, { maxOutputTokens: 5 }, { official: true })).toEqual({ options: { num_predict: 5 } });
});

const done = { model: 'llama3.2', done: true, done_reason: 'stop', prompt_eval_count: 26, eval_count: 259 };
const usage = { inputTokens: 26, outputTokens: 259 };

describe('reading the bill', () => {
  test('the counts of an answer that is done', () => {
    expect(ollama.readResponse(done)).toEqual({ servedModel: 'llama3.2', usage });
    expect(ollama.readResponse({ ...done, done: false })).toEqual({ servedModel: 'llama3.2' });
  });

  test('loading a model costs nothing', () => {
    expect(ollama.readResponse({ done: true, done_reason: 'load' }).usage).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(ollama.readResponse({ done: true })).toEqual({});
  });

  test.each([
    { done: true, eval_count: 3 },
    { done: true, prompt_eval_count: 3 },
    { ...done, eval_count: '9' },
    { ...done, prompt_eval_count: -1 },
  ])('%j is a bill that lies', (body) => {
    expect(ollama.readResponse(body).usage).toBeDefined();
    expect(validUsage(ollama.readResponse(body).usage)).toBeUndefined();
  });
});

describe('following a stream', () => {
  const events = [
    { model: 'llama3.2', message: { role: 'assistant', content: '', thinking: 'Hm' }, done: false },
    { model: 'llama3.2', message: { content: 'Hé 👋' }, done: false },
    { model: 'llama3.2', message: { content: '', tool_calls: [{ function: { name: 'find' } }] }, done: false },
    { model: 'llama3.2', response: 'generated', thinking: 'too', done: false },
    { ...done, message: { content: '' } },
  ];
  const text = ndjson(events);

  test('the last line carries the counts, and nothing the user sees changes', () => {
    expect(followText(ollama, {}, text)).toEqual({
      shown: text,
      deltas: ['Hm', 'Hé 👋', 'find', 'generated', 'too'],
      terminalAt: 5,
      reading: { servedModel: 'llama3.2', usage },
    });
  });

  test('chunks may be cut anywhere', () => {
    const bytes = Buffer.from(text);
    const whole = follow(ollama, {}, [bytes]);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (places) => {
        expect(follow(ollama, {}, cutAt(bytes, places))).toEqual(whole);
      }),
    );
  });

  test('an error ends it without a bill', () => {
    const seen = followText(ollama, {}, ndjson([events[1]!, { error: 'out of memory' }]));
    expect(seen.terminalAt).toBe(2);
    expect(seen.reading).toEqual({ servedModel: 'llama3.2' });
  });

  test('a tap reads a last line that no line feed ended', () => {
    const reader = ollama.followStream({});
    const tap = createByteTap(reader, ollama.framing);
    const step = tap.push(Buffer.from(text.trimEnd()));
    expect(step).toMatchObject({ hasOutput: true, after: [] });
    expect(step).not.toHaveProperty('terminal');
    expect(reader.result()).not.toHaveProperty('usage');
    const rest = tap.end();
    expect(Buffer.concat([...step.before, rest]).toString()).toBe(text.trimEnd());
    expect(reader.result().usage).toEqual(usage);
  });

  test('a tap finds the terminal line', () => {
    const tap = createByteTap(ollama.followStream({}), ollama.framing);
    const { terminal, after } = tap.push(Buffer.from(`${text}{"late":1}\n`));
    expect(terminal?.isDoneMark).toBe(false);
    expect(Buffer.concat([...after]).toString()).toBe('{"late":1}\n');
  });
});

test('a refusal is a text, which is all the SDK can show', () => {
  expect(ollama.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({ error: 'No.' });
});
