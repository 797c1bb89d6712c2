import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { bedrockConverse } from '../../src/wire/bedrock-converse.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { wireForPath } from '../../src/wire/wires.js';

const PATH = '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse';
const read = (body: JsonObject, path = PATH) => bedrockConverse.readRequest(body, path);

describe('the path', () => {
  const arn = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0';

  test.each([
    ['/model/amazon.nova-lite-v1:0/converse', 'amazon.nova-lite-v1:0', false],
    ['/model/us.anthropic.claude-opus-4-6-v1%3A0/converse-stream', 'us.anthropic.claude-opus-4-6-v1:0', true],
    [`/model/${encodeURIComponent(arn)}/converse`, arn, false],
    [`/model/${arn}/converse-stream/`, arn, true],
    ['/gateway/bedrock/model/m/converse', 'm', false],
    ['/model/%E0%A4%A/converse', '%E0%A4%A', false],
  ])('%s names a model, and whether to stream', (path, model, stream) => {
    expect(wireForPath(path)).toBe(bedrockConverse);
    expect(read({}, path)).toMatchObject({ model, stream });
  });

  test.each(['/model/m/invoke', '/model/m/count-tokens', '/model//converse', '/converse', '/model/m/converse/x'])(
    '%s is another operation',
    (path) => {
      expect(wireForPath(path)).toBeUndefined();
    },
  );

  test('takes another model, encoded; nothing else of it changes', () => {
    expect(bedrockConverse.rewritePath?.(PATH, 'amazon.nova-lite-v1:0')).toBe(
      '/model/amazon.nova-lite-v1%3A0/converse',
    );
    expect(bedrockConverse.rewritePath?.('/a/model/x/converse-stream', arn)).toBe(
      `/a/model/${encodeURIComponent(arn)}/converse-stream`,
    );
    expect(bedrockConverse.rewritePath?.('/model/x/converse', '$&$1')).toBe('/model/%24%26%241/converse');
    expect(bedrockConverse.rewritePath?.('/elsewhere', 'm')).toBe('/elsewhere');
  });
});

describe('the request', () => {
  test('what it asks for', () => {
    expect(read({ inferenceConfig: { maxTokens: 99 }, serviceTier: { type: 'flex' } })).toEqual({
      operation: 'chat',
      model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      stream: false,
      choices: 1,
      minOutputTokens: 1,
      maxOutputTokens: 99,
      serviceTier: 'flex',
    });
    expect(read({ modelId: 'm' }, '')).toMatchObject({ model: 'm', stream: false });
    expect(read({}, '').model).toBe('');
  });

  test('zero means zero, and nonsense is no ceiling', () => {
    expect(read({ inferenceConfig: { maxTokens: 0 } }).maxOutputTokens).toBe(0);
    for (const maxTokens of [-5, 1.5, '9', true, null]) {
      expect(read({ inferenceConfig: { maxTokens } })).not.toHaveProperty('maxOutputTokens');
    }
  });

  test.each(['thinking', 'reasoning_config', 'reasoningConfig'])('%s sets the least ceiling', (name) => {
    const withFields = (fields: unknown) => read({ additionalModelRequestFields: { [name]: fields } });
    expect(withFields({ type: 'enabled', budget_tokens: 2000 })).toMatchObject({
      minOutputTokens: 2001,
      hidesReasoning: true,
    });
    expect(withFields({ type: 'disabled' })).toMatchObject({ minOutputTokens: 1, hidesReasoning: false });
    expect(withFields('enabled')).not.toHaveProperty('hidesReasoning');
  });

  test('latency-optimised inference is a tier of its own', () => {
    expect(read({ performanceConfig: { latency: 'optimized' }, serviceTier: { type: 'default' } }).serviceTier).toBe(
      'optimized',
    );
    expect(read({ performanceConfig: { latency: 'standard' } })).not.toHaveProperty('serviceTier');
  });

  test('system tools run at the provider', () => {
    const tools = (...list: JsonObject[]) => read({ toolConfig: { tools: list } }).hostedTools;
    expect(tools({ systemTool: { name: 'nova_grounding' } })).toEqual({ maxCalls: undefined, maxWebSearches: 1 });
    expect(tools({ systemTool: { name: 'nova_code_interpreter' } })).toEqual({
      maxCalls: undefined,
      maxWebSearches: 0,
    });
    expect(tools({ toolSpec: { name: 'f' } }, { cachePoint: { type: 'default' } })).toBeUndefined();
  });

  test('a managed prompt is kept at the provider', () => {
    const prompt = encodeURIComponent('arn:aws:bedrock:us-east-1:123456789012:prompt/ABC:1');
    expect(read({}, `/model/${prompt}/converse`).unboundedInput).toMatch(/kept at the provider/);
    expect(read({ promptVariables: { topic: { text: 'x' } } }).unboundedInput).toMatch(/kept at the provider/);
  });
});

describe('the input', () => {
  test('block by block', () => {
    const tool = { toolSpec: { name: 'find', inputSchema: { json: {} } } };
    const search = { searchResult: { source: 's', title: 't', content: [{ text: 'c' }] } };
    const format = { type: 'json_schema', structure: {} };
    const input = bedrockConverse.readInput({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'Look' },
            { image: { format: 'png', source: { bytes: 'AAAA' } } },
            { image: { format: 'png', source: { s3Location: { uri: 's3://b/k' } } } },
            { document: { name: 'a', context: 'why', source: { bytes: 'AAAAAAAA' } } },
            { document: { name: 'b', source: { text: 'plain' } } },
            { document: { name: 'c', source: { content: [{ text: 'chunk' }] } } },
            { video: { format: 'mp4', source: { s3Location: { uri: 's3://b/v' } } } },
            { audio: { format: 'mp3', source: { bytes: 'AAAAAA' } } },
            { guardContent: { text: { text: 'guarded' } } },
            { guardContent: { image: { format: 'png', source: { bytes: 'AA' } } } },
            { cachePoint: { type: 'default', ttl: '1h' } },
            search,
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'sig' } } },
            { reasoningContent: { redactedContent: 'xx' } },
            { toolUse: { toolUseId: 'u', name: 'find', input: { q: 1 } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'u', content: [{ text: 'found' }, { json: { a: 1 } }] } },
            { toolResult: { toolUseId: 'w', content: [{ image: { source: { bytes: 'A' } } }] } },
          ],
        },
      ],
      toolConfig: { tools: [tool, { cachePoint: { type: 'default' } }] },
      outputConfig: { textFormat: format },
      additionalModelRequestFields: { top_k: 5 },
    });
    expect([...input.texts].sort()).toEqual(
      [
        'Be brief.',
        'Look',
        'a',
        'b',
        'c',
        'chunk',
        'find',
        'found',
        'guarded',
        'hm',
        'plain',
        'u',
        'u',
        'w',
        'why',
      ].sort(),
    );
    expect(input.schemas).toEqual([
      search,
      'sig',
      { reasoningContent: { redactedContent: 'xx' } },
      { q: 1 },
      { json: { a: 1 } },
      tool,
      format,
      { top_k: 5 },
    ]);
    expect(input.media).toEqual([
      { kind: 'image', inlineCharacters: 4 },
      { kind: 'image', inlineCharacters: 0 },
      { kind: 'file', inlineCharacters: 8 },
      { kind: 'file', inlineCharacters: 0 },
      { kind: 'audio', inlineCharacters: 6 },
      { kind: 'image', inlineCharacters: 2 },
      { kind: 'image', inlineCharacters: 1 },
    ]);
    expect(input.overheadTokens).toBe(8 + 3 * 8 + 3 * 8 + 1000 + 2 * 16);
  });

  test('the SDK’s bytes are no base64, and nonsense counts by its bytes', () => {
    const image = { image: { source: { bytes: new Uint8Array(10) } } };
    expect(bedrockConverse.readInput({ messages: [{ content: [image] }] }).media).toEqual([
      { kind: 'image', inlineCharacters: 0 },
    ]);
    expect(bedrockConverse.readInput({ messages: ['x', { content: [7, { odd: 1 }] }] }).schemas).toEqual([
      'x',
      7,
      { odd: 1 },
    ]);
  });
});

test('rewriting puts the ceiling where Converse has it, and leaves the caller’s object', () => {
  const body = Object.freeze({ messages: [], inferenceConfig: Object.freeze({ temperature: 0, maxTokens: 100 }) });
  expect(bedrockConverse.rewrite(body, { model: 'm', maxOutputTokens: 7 }, { official: false })).toEqual({
    messages: [],
    inferenceConfig: { temperature: 0, maxTokens: 7 },
  });
  expect(bedrockConverse.rewrite({}, { maxOutputTokens: 7 }, { official: false })).toEqual({
    inferenceConfig: { maxTokens: 7 },
  });
  // The AWS SDK's input names the model itself.
  expect(bedrockConverse.rewrite({ modelId: 'a' }, { model: 'b' }, { official: false })).toEqual({ modelId: 'b' });
  expect(bedrockConverse.askForUsage(body)).toBe(body);
});

describe('the bill', () => {
  const bill = (usage: unknown, extra: JsonObject = {}) => bedrockConverse.readResponse({ usage, ...extra });

  test('input leaves the cache out, and the total here does not', () => {
    const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 115 };
    expect(bill(usage)).toEqual({ usage: { inputTokens: 10, outputTokens: 5 } });
    const cached = { ...usage, cacheReadInputTokens: 60, cacheWriteInputTokens: 40 };
    const counts = { inputTokens: 110, outputTokens: 5, cacheReadInputTokens: 60 };
    expect(bill(cached).usage).toEqual({ ...counts, cacheWriteInputTokens: 40 });
    const cacheDetails = [
      { ttl: '1h', inputTokens: 30 },
      { ttl: '5m', inputTokens: 10 },
    ];
    const split = { ...counts, cacheWriteInputTokens: 10, cacheWrite1hInputTokens: 30 };
    expect(bill({ ...cached, cacheDetails }).usage).toEqual(split);
    expect(bill({ ...usage, cacheReadInputTokenCount: 60, cacheDetails }).usage).toEqual(split);
    expect(bill({ ...cached, cacheDetails: [] }).usage).toEqual({ ...counts, cacheWriteInputTokens: 40 });
  });

  test('tells the tier that was served, and the model a router chose', () => {
    const usage = { inputTokens: 1, outputTokens: 1 };
    expect(
      bill(usage, { serviceTier: { type: 'priority' }, trace: { promptRouter: { invokedModelId: 'm' } } }),
    ).toMatchObject({ serviceTier: 'priority', servedModel: 'm' });
    expect(bill(usage, { performanceConfig: { latency: 'optimized' } }).serviceTier).toBe('optimized');
  });

  test.each([undefined, null, 'x', [], {}, { totalTokens: 5 }])('%j is no usage', (usage) => {
    expect(bill(usage)).toEqual({});
  });

  test.each([Number.NaN, -1, 1.5, '20', 1e308, 2 ** 53, true, {}])('a count of %j stays a lie', (count) => {
    const honest = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 1, cacheWriteInputTokens: 1 };
    for (const field of Object.keys(honest)) {
      expect(validUsage(bill({ ...honest, [field]: count }).usage)).toBeUndefined();
    }
    const cacheDetails = [{ ttl: '1h', inputTokens: count }];
    expect(validUsage(bill({ ...honest, cacheDetails }).usage)).toBeUndefined();
  });

  test('more written for an hour than was written at all is a lie', () => {
    const usage = { inputTokens: 10, outputTokens: 5, cacheWriteInputTokens: 1 };
    expect(validUsage(bill({ ...usage, cacheDetails: [{ ttl: '1h', inputTokens: 2 }] }).usage)).toBeUndefined();
  });
});

test('a refusal has the shape of an AWS error', () => {
  expect(bedrockConverse.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    __type: 'budget_exceeded',
    message: 'No.',
  });
});
