import { describe, expect, test } from 'vitest';
import { makeBill } from '../../src/call/bill.js';
import { Prices } from '../../src/pricing/prices.js';
import { validUsage } from '../../src/usage/usage.js';
import { anthropicMessages } from '../../src/wire/anthropic-messages.js';
import type { JsonObject } from '../../src/wire/wire.js';

const read = (body: JsonObject) =>
  anthropicMessages.readRequest({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [], ...body }, '');

describe('reading a request', () => {
  test('a plain request', () => {
    expect(read({ stream: true, service_tier: 'standard_only' })).toEqual({
      operation: 'chat',
      model: 'claude-sonnet-4-5',
      stream: true,
      choices: 1,
      minOutputTokens: 1,
      maxOutputTokens: 100,
      serviceTier: 'standard_only',
    });
    expect(read({ max_tokens: 0 }).maxOutputTokens).toBe(0);
    expect(read({ max_tokens: '9' })).not.toHaveProperty('maxOutputTokens');
    expect(read({ speed: 'fast' }).serviceTier).toBe('fast');
    expect(anthropicMessages.readRequest({}, '').model).toBe('');
  });

  test.each<[JsonObject, number, boolean | undefined]>([
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, 2001, true],
    [{ thinking: { type: 'enabled', budget_tokens: 'x' } }, 1, true],
    [{ thinking: { type: 'adaptive' } }, 1, true],
    [{ thinking: { type: 'disabled' } }, 1, false],
    [{}, 1, undefined],
  ])('%j needs a ceiling of %i at least; hidden reasoning: %j', (body, least, hides) => {
    expect(read(body).minOutputTokens).toBe(least);
    expect(read(body).hidesReasoning).toBe(hides);
  });

  test.each<[JsonObject, object | undefined]>([
    [{ tools: [{ type: 'web_search_20250305', max_uses: 3 }] }, { maxCalls: 3, maxWebSearches: 3 }],
    [
      {
        tools: [
          { type: 'web_search_20250305', max_uses: 3 },
          { type: 'web_fetch_20250910', max_uses: 2 },
        ],
      },
      { maxCalls: 5, maxWebSearches: 3 },
    ],
    [
      { tools: [{ type: 'web_search_20250305', max_uses: 3 }, { type: 'code_execution_20250825' }] },
      { maxCalls: undefined, maxWebSearches: 3 },
    ],
    [{ tools: [{ type: 'web_search_20250305', max_uses: -1 }] }, { maxCalls: undefined, maxWebSearches: 1 }],
    [{ tools: [{ type: 'advisor_20260301', max_uses: 1 }] }, { maxCalls: 1, maxWebSearches: 0 }],
    [
      { tools: Array(2).fill({ type: 'web_search_20250305', max_uses: 2 ** 53 - 1 }) },
      { maxCalls: undefined, maxWebSearches: 2 ** 53 - 1 },
    ],
    [{ mcp_servers: [{ type: 'url', url: 'https://example.com' }] }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ fallbacks: 'default' }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ fallbacks: [{ model: 'm' }] }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ context_management: { edits: [{ type: 'compact_20260112' }] } }, { maxCalls: undefined, maxWebSearches: 0 }],
    [{ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }, undefined],
    [
      {
        tools: [
          { name: 'mine' },
          { type: 'custom' },
          { type: 'bash_20250124' },
          { type: 'text_editor_20250728' },
          { type: 'computer_20251124' },
          { type: 'memory_20250818' },
          { type: 'browser_toolset_20260801' },
          null,
        ],
        mcp_servers: [],
        fallbacks: null,
      },
      undefined,
    ],
  ])('the server tools of %j are %j', (body, hosted) => {
    expect(read(body).hostedTools).toEqual(hosted);
  });

  test('a thread keeps its history at the provider', () => {
    expect(read({ thread: { type: 'continue' } }).unboundedInput).toMatch(/thread/);
    expect(read({ thread: { type: 'resume' } }).unboundedInput).toMatch(/thread/);
  });

  test('a thread that is only being created has its whole input in the request', () => {
    expect(read({ thread: { type: 'create' } })).not.toHaveProperty('unboundedInput');
    expect(read({ thread: null })).not.toHaveProperty('unboundedInput');
  });
});

describe('reading the input', () => {
  test('system, texts, tool calls and results, however they are nested', () => {
    const input = anthropicMessages.readInput({
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm', signature: 'sig' },
            { type: 'text', text: 'A' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'find', input: { q: 1 } }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'found' }] }],
        },
        { role: 'user', content: [{ type: 'redacted_thinking', data: 'xx' }] },
      ],
    });
    expect(input).toEqual({
      texts: ['Be brief.', 'Hi', 'Hm', 'A', 'find', 't', 't', 'found'],
      schemas: ['sig', { q: 1 }, { type: 'redacted_thinking', data: 'xx' }],
      media: [],
      overheadTokens: 8 * 8,
    });
  });

  test('images and documents, inline or elsewhere', () => {
    const block = (type: string, source: object, extra: object = {}) => ({ type, source, ...extra });
    const input = anthropicMessages.readInput({
      messages: [
        {
          content: [
            block('image', { type: 'base64', data: 'AAAA' }),
            block('image', { type: 'url', url: 'https://example.com' }),
            block('document', { type: 'base64', data: 'AAA' }, { title: 'T', context: 'C' }),
            block('document', { type: 'file', file_id: 'f' }),
            block('document', { type: 'text', data: 'plain' }),
            block('document', { type: 'content', content: [{ type: 'text', text: 'inner' }] }),
          ],
        },
      ],
    });
    expect(input.media).toEqual([
      { kind: 'image', inlineCharacters: 4 },
      { kind: 'image', inlineCharacters: 0 },
      { kind: 'file', inlineCharacters: 3 },
      { kind: 'file', inlineCharacters: 0 },
    ]);
    expect(input.texts).toEqual(['T', 'C', 'plain', 'inner']);
  });

  test('tools bring a hidden prompt, and Anthropic’s own tools their definitions', () => {
    const own = { type: 'bash_20250124', name: 'bash' };
    const { schemas, overheadTokens } = anthropicMessages.readInput({ messages: [], tools: [{ name: 'find' }, own] });
    expect(schemas).toEqual([{ name: 'find' }, own]);
    expect(overheadTokens).toBe(8 + 1000 + 2 * 16 + 1000);
  });
});

test('rewriting keeps the order of the keys and the caller’s object', () => {
  const body = Object.freeze({ max_tokens: 100, model: 'claude-opus-4-6', messages: [] });
  expect(JSON.stringify(anthropicMessages.rewrite(body, { maxOutputTokens: 20, model: 'm' }, { official: true }))).toBe(
    '{"max_tokens":20,"model":"m","messages":[]}',
  );
  expect(anthropicMessages.askForUsage(body)).toBe(body);
});

describe('reading a response', () => {
  const bill = (usage: unknown) => anthropicMessages.readResponse({ model: 'claude-sonnet-4-5', usage });

  test('input from the cache is part of the total, and one-hour writes are told apart', () => {
    expect(
      bill({
        input_tokens: 10,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 50,
        cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
        output_tokens: 40,
        output_tokens_details: { thinking_tokens: 15 },
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
        service_tier: 'batch',
      }),
    ).toEqual({
      servedModel: 'claude-sonnet-4-5',
      serviceTier: 'batch',
      usage: {
        inputTokens: 160,
        outputTokens: 40,
        cacheReadInputTokens: 100,
        cacheWriteInputTokens: 20,
        cacheWrite1hInputTokens: 30,
        reasoningOutputTokens: 15,
        webSearchRequests: 2,
      },
    });
  });

  test('fields that are null or missing are no parts; a split without its total is the total', () => {
    expect(bill({ input_tokens: 1, output_tokens: 2, cache_read_input_tokens: null }).usage).toEqual({
      inputTokens: 1,
      outputTokens: 2,
    });
    const split = { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 };
    expect(bill({ input_tokens: 1, output_tokens: 2, cache_creation: split }).usage).toMatchObject({
      inputTokens: 8,
      cacheWriteInputTokens: 3,
      cacheWrite1hInputTokens: 4,
    });
  });

  test('rounds that ran on the side are billed: the larger of the top level and their sum counts', () => {
    const round = (input: number, output: number) => ({ input_tokens: input, output_tokens: output });
    const iterations = [round(60_000, 500), round(600, 2800)];
    expect(bill({ ...round(600, 2800), iterations }).usage).toMatchObject({ inputTokens: 60_600, outputTokens: 3300 });
    expect(bill({ ...round(700, 9000), iterations: [round(1, 1)] }).usage).toMatchObject({
      inputTokens: 700,
      outputTokens: 9000,
    });
  });

  describe('a round of another model', () => {
    const advisor = {
      type: 'advisor_message',
      model: 'claude-opus-4-7',
      input_tokens: 2728,
      output_tokens: 3880,
      cache_read_input_tokens: 100,
    };
    const rounds = [
      { type: 'message', input_tokens: 1051, output_tokens: 35 },
      advisor,
      { type: 'message', model: 'served', input_tokens: 3676, output_tokens: 3356 },
    ];
    const read = (iterations: unknown, model: unknown = 'served') =>
      anthropicMessages.readResponse({
        model,
        usage: { input_tokens: 4727, output_tokens: 3391, iterations },
      });

    test('is billed beside the answer', () => {
      expect(read(rounds)).toEqual({
        servedModel: 'served',
        usage: { inputTokens: 4727, outputTokens: 3391 },
        sideRounds: [
          {
            model: 'claude-opus-4-7',
            usage: { inputTokens: 2828, outputTokens: 3880, cacheReadInputTokens: 100 },
          },
        ],
      });
    });

    test('does not count in the rounds of the model that answered', () => {
      const compaction = { type: 'compaction', input_tokens: 60_000, output_tokens: 500 };
      const { usage, sideRounds } = read([compaction, ...rounds]);
      expect(usage).toEqual({ inputTokens: 64_727, outputTokens: 3891 });
      expect(sideRounds).toHaveLength(1);
    });

    test('without counts says nothing, and with false ones stays a lie', () => {
      expect(read([{ model: 'other' }])).not.toHaveProperty('sideRounds');
      expect(read([{ model: '' }, null, 'x'])).not.toHaveProperty('sideRounds');
      for (const count of [-1, 1.5, '20', 2 ** 53]) {
        const [side] = read([{ ...advisor, output_tokens: count }]).sideRounds!;
        expect(validUsage(side?.usage)).toBeUndefined();
      }
    });

    test('cannot be told apart where the answer names no model', () => {
      const { usage, sideRounds } = read(rounds, null);
      expect(usage).toMatchObject({ inputTokens: 7555, outputTokens: 7271 });
      expect(sideRounds).toBeUndefined();
    });
  });

  test('fast mode has rates of its own, where they are known', () => {
    const usage = { input_tokens: 1000, output_tokens: 1000, speed: 'fast', service_tier: 'standard' };
    const priced = (model: string) => {
      const reading = anthropicMessages.readResponse({ model, usage });
      return makeBill(reading, (served = '') => new Prices().match(served, 'anthropic')?.price)?.cost.costNanoUsd;
    };
    expect([priced('claude-opus-4-6'), priced('claude-opus-5')]).toEqual([6 * 30_000_000, 2 * 30_000_000]);
    // Nobody has told the ratio: the dearest there is.
    expect(priced('claude-sonnet-4-5')).toBe(6 * 18_000_000);
  });

  test('fast mode is a tier of its own', () => {
    expect(bill({ input_tokens: 1, output_tokens: 1, speed: 'fast', service_tier: 'standard' }).serviceTier).toBe(
      'fast',
    );
  });

  test.each([undefined, null, 'x', [], {}, { service_tier: null }])('%j is no usage', (usage) => {
    expect(bill(usage)).not.toHaveProperty('usage');
  });

  test.each([-1, Number.NaN, 1.5, '20', true, 2 ** 53])('a count of %j is a lie wherever it stands', (count) => {
    const honest = { input_tokens: 10, output_tokens: 10, cache_read_input_tokens: 10 };
    for (const field of Object.keys(honest)) {
      expect(validUsage(bill({ ...honest, [field]: count }).usage)).toBeUndefined();
      expect(validUsage(bill({ ...honest, iterations: [{ [field]: count }] }).usage)).toBeUndefined();
    }
  });
});

test('a refusal has the shape of an Anthropic error', () => {
  expect(anthropicMessages.refusalBody({ code: 'budget_exceeded', message: 'No.' })).toEqual({
    type: 'error',
    error: { type: 'budget_exceeded', message: 'No.' },
  });
});
