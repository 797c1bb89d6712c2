import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/wire/json.js';
import type { JsonObject, Wire } from '../../src/wire/wire.js';
import { WIRES } from '../../src/wire/wires.js';

const KEYS = [
  ...['model', 'messages', 'input', 'system', 'tools', 'content', 'type', 'role', 'usage', 'choices', 'delta', 'n'],
  ...['stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'thinking', 'response'],
  ...['prompt_tokens', 'completion_tokens', 'input_tokens', 'output_tokens', 'iterations', 'cache_creation', 'message'],
  ...['tool_calls', 'function', 'source', 'output', 'action', 'error', 'content_block', 'x_groq', '__proto__'],
  ...['contents', 'parts', 'config', 'generationConfig', 'usageMetadata', 'candidates', 'functionCall', 'inlineData'],
  ...['prompt', 'image', 'file', 'size', 'best_of', 'additionalModelRequestFields', 'inferenceConfig', 'toolResult'],
  ...['cacheDetails', 'inputTokens', 'metadata', 'contentBlockDelta', 'start', 'toolConfig', 'reasoningContent'],
  ...['interaction', 'generation_config', 'event_type', 'step', 'billed_units', 'documents', 'options', 'done'],
];
const TYPES = [
  'text',
  'image',
  'message',
  'message_start',
  'message_delta',
  'content_block_delta',
  'document',
  'tool_use',
];
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 53,
    Number.NaN,
    '',
    'x',
    'data:,x',
    'response.completed',
    ...TYPES,
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 2 })), tie('tree'), { maxKeys: 6 }),
  ),
}));
const body = fc.dictionary(fc.constantFrom(...KEYS), tree, { maxKeys: 12 }) as fc.Arbitrary<JsonObject>;

function useAll(wire: Wire, value: JsonObject): void {
  const request = wire.readRequest(value, '');
  expect(request.choices).toBeGreaterThanOrEqual(1);
  expect(request.minOutputTokens).toBeGreaterThanOrEqual(1);
  if (request.maxOutputTokens !== undefined) expect(request.maxOutputTokens).toBeGreaterThanOrEqual(0);
  const input = wire.readInput(value);
  for (const text of input.texts) expect(typeof text).toBe('string');
  expect(input.overheadTokens).toBeGreaterThanOrEqual(0);
  wire.rewrite(value, { model: 'm', maxOutputTokens: 1 }, { official: true });
  wire.askForUsage(value);
  wire.readResponse(value);
  const reader = wire.followStream(value);
  reader.read('not json', undefined);
  reader.read('[DONE]', undefined);
  reader.read(JSON.stringify(value) ?? '', value);
  reader.result();
}

describe.each(WIRES.map((wire) => [wire.id, wire] as const))('%s', (_id, wire) => {
  test('reads any nonsense without throwing or changing it', () => {
    fc.assert(
      fc.property(body, (value) => {
        const before = JSON.stringify(value);
        useAll(wire, value);
        expect(JSON.stringify(value)).toBe(before);
      }),
      { numRuns: 1500 },
    );
  });

  test('takes bodies 100 000 levels deep', () => {
    const nest = (open: string, close: string, inner: string) =>
      `${open.repeat(100_000)}${inner}${close.repeat(100_000)}`;
    for (const deep of [
      nest('[', ']', ''),
      nest('{"content":', '}', '"x"'),
      nest('[{"type":"tool_result","content":', '}]', '"x"'),
    ]) {
      const value = parseJson(
        `{"usage":${deep},"messages":[{"content":${deep}}],"input":[{"role":"user","content":${deep}}],"tools":[${deep}]}`,
      )!;
      wire.readRequest(value, '');
      wire.readInput(value);
      wire.readResponse(value);
      wire.rewrite(value, { model: 'n', maxOutputTokens: 2 }, { official: false });
      const reader = wire.followStream({});
      reader.read('', { response: value, message: value });
      reader.read('', { choices: [{ delta: { content: value.messages } }], usage: null });
      reader.result();
    }
  });

  test('takes 200 000 parts', () => {
    const many = Array(200_000).fill({ type: 'web_search_20250305', max_uses: 1, content: 'x', role: 'user' });
    const value = {
      model: 'm',
      messages: many,
      input: many,
      tools: many,
      usage: { input_tokens: 1, iterations: many },
    };
    wire.readRequest(value, '');
    wire.readInput(value);
    wire.readResponse(value);
  });
});
