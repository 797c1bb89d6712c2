import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { gemini } from '../../src/wire/gemini.js';
import type { JsonObject } from '../../src/wire/wire.js';

const PATH = '/v1beta/models/gemini-2.5-flash:generateContent';
const read = (body: JsonObject, path = PATH) => gemini.readRequest({ contents: [], ...body }, path);

describe('paths', () => {
  test.each([
    ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini-2.5-flash', false],
    ['/v1/models/gemini-3-pro:streamGenerateContent', 'gemini-3-pro', true],
    ['/v1beta/tunedModels/mine-1:generateContent', 'tunedModels/mine-1', false],
    [
      '/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro@001:streamGenerateContent',
      'gemini-2.5-pro@001',
      true,
    ],
    ['/v1/projects/p/locations/l/endpoints/42:generateContent', 'endpoints/42', false],
    ['/proxy/v1beta/models/a%20b:generateContent', 'a b', false],
    ['/v1beta/models/%E0%A4%A:generateContent', '%E0%A4%A', false],
  ])('%s asks %s', (path, model, stream) => {
    expect(gemini.matches(path)).toBe(true);
    expect(read({}, path)).toMatchObject({ model, stream });
  });

  test.each([
    '/v1beta/models/gemini-2.5-flash:countTokens',
    '/v1beta/models/gemini-embedding-001:embedContent',
    '/v1beta/models/gemini-2.5-flash:batchGenerateContent',
    '/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict',
    '/v1beta/models',
    '/v1beta/cachedContents',
  ])('%s is another call', (path) => {
    expect(gemini.matches(path)).toBe(false);
  });

  test.each([
    [PATH, 'gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
    [PATH, 'models/gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
    [PATH, 'tunedModels/mine', '/v1beta/tunedModels/mine:generateContent'],
    [PATH, 'a:b$&/c d', '/v1beta/models/c%20d:generateContent'],
    ['/v1beta/tunedModels/mine:streamGenerateContent', 'g', '/v1beta/models/g:streamGenerateContent'],
    [
      '/v1/projects/p/locations/l/endpoints/42:generateContent',
      'g',
      '/v1/projects/p/locations/l/publishers/google/models/g:generateContent',
    ],
    [
      '/v1/projects/p/locations/l/publishers/google/models/a:generateContent',
      'publishers/google/models/b',
      '/v1/projects/p/locations/l/publishers/google/models/b:generateContent',
    ],
    ['/v1/other', 'g', '/v1/other'],
  ])('%s with the model %s is %s', (path, model, expected) => {
    expect(gemini.rewritePath?.(path, model)).toBe(expected);
  });
});

describe('reading a request', () => {
  test('a plain request', () => {
    const body = {
      generationConfig: { maxOutputTokens: 100, candidateCount: 3, thinkingConfig: { thinkingBudget: 50 } },
      serviceTier: 'FLEX',
    };
    expect(read(body)).toEqual({
      operation: 'generate_content',
      model: 'gemini-2.5-flash',
      stream: false,
      choices: 3,
      minOutputTokens: 1,
      maxOutputTokens: 100,
      serviceTier: 'flex',
      hidesReasoning: true,
    });
    expect(gemini.readRequest({}, '').model).toBe('');
    expect(gemini.readRequest({ model: 'models/gemini-2.5-pro' }, '').model).toBe('gemini-2.5-pro');
  });

  test('fields in snake case, or in the config of the SDK', () => {
    const snake = {
      generation_config: { max_output_tokens: 7, candidate_count: 2, thinking_config: { thinking_budget: 0 } },
      cached_content: 'cachedContents/1',
      tools: [{ google_search: {} }],
      service_tier: 'priority',
    };
    expect(read(snake)).toMatchObject({
      maxOutputTokens: 7,
      choices: 2,
      hidesReasoning: false,
      serviceTier: 'priority',
      hostedTools: { maxCalls: undefined, maxWebSearches: 1 },
    });
    expect(read(snake).unboundedInput).toMatch(/cachedContent/);
    expect(read({ config: { maxOutputTokens: 7, tools: [{ codeExecution: {} }] } })).toMatchObject({
      maxOutputTokens: 7,
      hostedTools: { maxCalls: undefined, maxWebSearches: 0 },
    });
  });

  test.each([-1, 1.5, '9', Number.NaN, true, null])('%s is no ceiling', (nonsense) => {
    expect(read({ generationConfig: { maxOutputTokens: nonsense } })).not.toHaveProperty('maxOutputTokens');
  });

  test('0 is a ceiling of nothing', () => {
    expect(read({ generationConfig: { maxOutputTokens: 0 } }).maxOutputTokens).toBe(0);
  });

  test.each<[object | undefined, boolean | undefined]>([
    [undefined, undefined],
    [{}, true],
    [{ thinkingBudget: 0 }, false],
    [{ thinkingBudget: -1 }, true],
    [{ thinkingLevel: 'low' }, true],
  ])('with the thinking %j, hidden reasoning is %j', (thinkingConfig, hides) => {
    expect(read({ generationConfig: { thinkingConfig } }).hidesReasoning).toBe(hides);
  });

  test.each<[unknown, object | undefined]>([
    [[{ googleSearch: {} }], { maxCalls: undefined, maxWebSearches: 1 }],
    [[{ functionDeclarations: [{ name: 'f' }], urlContext: {} }], { maxCalls: undefined, maxWebSearches: 0 }],
    [[{ somethingNew: {} }], { maxCalls: undefined, maxWebSearches: 0 }],
    [[{ functionDeclarations: [{ name: 'f' }], googleSearch: null }, { computerUse: {} }, null], undefined],
    ['x', undefined],
  ])('the hosted tools of %j are %j', (tools, hosted) => {
    expect(read({ tools }).hostedTools).toEqual(hosted);
  });

  test('an answer that is resumed is kept at the provider', () => {
    expect(read({ continuationToken: 'x' }).unboundedInput).toMatch(/continuationToken/);
    expect(read({ cachedContent: null })).not.toHaveProperty('unboundedInput');
  });
});

describe('reading the input', () => {
  test('instructions, texts, calls and their results', () => {
    const input = gemini.readInput({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }, 'bare'] },
        { role: 'model', parts: [{ text: 'Hm', thought: true, thoughtSignature: 'sig' }] },
        { role: 'model', parts: [{ functionCall: { name: 'find', id: '1', args: { q: 1 } } }] },
        {
          role: 'user',
          parts: [
            {
              function_response: {
                name: 'find',
                response: { found: true },
                parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }, { strange: 1 }],
                willContinue: false,
              },
            },
          ],
        },
        'Hello',
      ],
    });
    expect(input).toEqual({
      texts: ['Be brief.', 'Hi', 'Hm', 'find', '1', 'find', 'Hello'],
      schemas: [
        'bare',
        { thoughtSignature: 'sig' },
        { q: 1 },
        { found: true },
        { strange: 1 },
        { willContinue: false },
      ],
      media: [{ kind: 'image', inlineCharacters: 4 }],
      overheadTokens: 8 * 8,
    });
  });

  test('media by their type, inline or elsewhere', () => {
    const parts = [
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      { inline_data: { mime_type: 'audio/wav', data: 'AAA', displayName: 'D' } },
      { inlineData: { mimeType: 'application/pdf', data: 'AA' } },
      { fileData: { mimeType: 'image/png', fileUri: 'gs://x' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'gs://x' }, videoMetadata: { fps: 1 } },
      { fileData: 'x' },
    ];
    const input = gemini.readInput({ contents: [{ parts }] });
    expect(input.media).toEqual([
      { kind: 'image', inlineCharacters: 4 },
      { kind: 'audio', inlineCharacters: 3 },
      { kind: 'file', inlineCharacters: 2 },
      { kind: 'image', inlineCharacters: 0 },
      { kind: 'file', inlineCharacters: 0 },
    ]);
    expect(input.texts).toEqual(['D']);
    expect(input.schemas).toEqual([{ videoMetadata: { fps: 1 } }, { fileData: 'x' }]);
  });

  test('tools and schemas, and a single turn or text in the place of a list', () => {
    const tool = { functionDeclarations: [{ name: 'a' }, { name: 'b' }] };
    const input = gemini.readInput({
      contents: { parts: { text: 'one' } },
      tools: [tool],
      generationConfig: { responseSchema: { type: 'OBJECT' } },
    });
    expect(input).toEqual({
      texts: ['one'],
      schemas: [tool, { type: 'OBJECT' }],
      media: [],
      overheadTokens: 8 + 3 * 16,
    });
    expect(gemini.readInput({ contents: 'x', config: { systemInstruction: 'S' } }).texts).toEqual(['S', 'x']);
    expect(gemini.readInput({ contents: [{ text: 'part' }, 7] })).toMatchObject({ texts: ['part'], schemas: [7] });
  });
});

describe('rewriting', () => {
  const rewrite = (body: JsonObject, maxOutputTokens = 5) =>
    gemini.rewrite(body, { maxOutputTokens }, { official: true });

  test.each<[JsonObject, JsonObject]>([
    [{}, { generationConfig: { maxOutputTokens: 5 } }],
    [{ generationConfig: { topK: 1, maxOutputTokens: 9 } }, { generationConfig: { topK: 1, maxOutputTokens: 5 } }],
    [{ generation_config: { max_output_tokens: 9 } }, { generation_config: { max_output_tokens: 5 } }],
    [{ generation_config: { top_k: 1 } }, { generation_config: { top_k: 1, max_output_tokens: 5 } }],
    [{ generation_config: { maxOutputTokens: 9 } }, { generation_config: { maxOutputTokens: 5 } }],
    [{ generationConfig: { max_output_tokens: 9 } }, { generationConfig: { max_output_tokens: 5 } }],
    [{ config: { maxOutputTokens: 9 } }, { config: { maxOutputTokens: 5 } }],
    [{ generationConfig: 'x' }, { generationConfig: { maxOutputTokens: 5 } }],
  ])('%j gets its ceiling where the caller has it', (body, expected) => {
    expect(rewrite(body)).toEqual(expected);
  });

  test('the model is in the path, and in the body only where it was', () => {
    const patch = { model: 'm' };
    expect(gemini.rewrite({ contents: [] }, patch, { official: true })).toEqual({ contents: [] });
    expect(gemini.rewrite({ model: 'n' }, patch, { official: true })).toEqual({ model: 'm' });
  });

  test('streams tell their usage unasked', () => {
    const body = {};
    expect(gemini.askForUsage(body)).toBe(body);
  });
});

describe('reading the bill', () => {
  const bill = (usageMetadata: JsonObject, more: JsonObject = {}) => gemini.readResponse({ usageMetadata, ...more });

  test('thoughts are output, what tools brought in is input', () => {
    const usageMetadata = {
      promptTokenCount: 100,
      toolUsePromptTokenCount: 20,
      cachedContentTokenCount: 60,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 50,
      totalTokenCount: 200,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 60 },
        { modality: 'AUDIO', tokenCount: 40 },
      ],
      candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: 25 }],
      serviceTier: 'FLEX',
    };
    expect(bill(usageMetadata, { modelVersion: 'gemini-3-pro' })).toEqual({
      usage: {
        inputTokens: 120,
        outputTokens: 80,
        cacheReadInputTokens: 60,
        audioInputTokens: 40,
        imageInputTokens: 0,
        reasoningOutputTokens: 50,
        audioOutputTokens: 25,
        imageOutputTokens: 0,
      },
      servedModel: 'gemini-3-pro',
      serviceTier: 'flex',
    });
  });

  test('images are told apart from text', () => {
    const part = (modality: string, tokenCount: number) => ({ modality, tokenCount });
    const usageMetadata = {
      ...{ promptTokenCount: 270, candidatesTokenCount: 1300, thoughtsTokenCount: 40, totalTokenCount: 1610 },
      promptTokensDetails: [part('TEXT', 12), part('IMAGE', 258)],
      candidatesTokensDetails: [part('IMAGE', 1290), part('TEXT', 10)],
    };
    expect(bill(usageMetadata).usage).toEqual({
      ...{ inputTokens: 270, outputTokens: 1340, reasoningOutputTokens: 40 },
      ...{ imageInputTokens: 258, imageOutputTokens: 1290 },
    });
    expect(bill({ ...usageMetadata, candidatesTokensDetails: [] }).usage).not.toHaveProperty('imageOutputTokens');
    const lie = { ...usageMetadata, candidatesTokensDetails: [part('IMAGE', 1341)] };
    expect(validUsage(bill(lie).usage)).toBeUndefined();
  });

  test('what is zero is left out, and the total says so', () => {
    expect(bill({ promptTokenCount: 9, totalTokenCount: 9 }).usage).toEqual({ inputTokens: 9, outputTokens: 0 });
    expect(bill({ promptTokenCount: 9, thoughtsTokenCount: 5, totalTokenCount: 14 }).usage).toEqual({
      inputTokens: 9,
      outputTokens: 5,
      reasoningOutputTokens: 5,
    });
  });

  test('where the total says more than its parts, the rest is output', () => {
    expect(bill({ promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: 40 }).usage?.outputTokens).toBe(31);
  });

  test.each<JsonObject>([
    { promptTokenCount: 9 },
    { totalTokenCount: 9 },
    { promptTokenCount: -1, candidatesTokenCount: 1, totalTokenCount: 9 },
    { promptTokenCount: 9, candidatesTokenCount: '1', totalTokenCount: 10 },
    { promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: Number.NaN },
    { promptTokenCount: 9, candidatesTokenCount: 1, cachedContentTokenCount: 10 },
    { promptTokenCount: 9, candidatesTokenCount: 2 ** 53 },
  ])('%j is a bill that lies', (usageMetadata) => {
    const { usage } = bill(usageMetadata);
    expect(usage).toBeDefined();
    expect(validUsage(usage)).toBeUndefined();
  });

  test('nothing of tokens is no bill', () => {
    expect(bill({ trafficType: 'ON_DEMAND_PRIORITY' })).toEqual({ serviceTier: 'priority' });
    expect(bill({ trafficType: 'ON_DEMAND' })).toEqual({});
    expect(gemini.readResponse({ error: { code: 500 } })).toEqual({});
  });

  test.each([
    ['gemini-3-flash', 2],
    ['gemini-2.5-flash', 1],
    ['models/gemini-1.5-pro', 1],
    [undefined, 2],
  ])('searches by %s are billed %i times', (modelVersion, expected) => {
    const candidates = [
      { groundingMetadata: { webSearchQueries: ['a', 'b', ''] } },
      { groundingMetadata: { webSearchQueries: ['b'] } },
    ];
    const usage = { promptTokenCount: 1, candidatesTokenCount: 1 };
    expect(bill(usage, { candidates, modelVersion }).usage?.webSearchRequests).toBe(expected);
  });
});

test('a refusal has the shape of Google’s errors', () => {
  expect(gemini.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    error: {
      code: 402,
      message: 'No.',
      status: 'BUDGET_EXCEEDED',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'BUDGET_EXCEEDED', domain: 'tokenguard' },
      ],
    },
  });
});
