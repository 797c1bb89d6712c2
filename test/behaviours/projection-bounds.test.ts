import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, UnboundedCallError } from '../../src/index.js';
import type { FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, collectRecords, errorOf, MESSAGES, RESPONSES, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();
const countTokens = (text: string): number => encode(text).length;

const LONG = 'Overgrown 東京 naïve 👩‍👩‍👧‍👦 { "a": [1, 2] } — '.repeat(20);
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string', description: LONG }, days: { type: 'integer', enum: [1, 2, 3] } },
  required: ['city'],
};
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const CHAT_BODIES: readonly (readonly [string, object])[] = [
  [
    'a system message',
    {
      messages: [
        { role: 'system', content: LONG },
        { role: 'user', content: 'Hi' },
      ],
    },
  ],
  ['parts of text', { messages: [{ role: 'user', content: [{ type: 'text', text: LONG }] }] }],
  [
    'tool schemas',
    { tools: [{ type: 'function', function: { name: 'look_up', description: LONG, parameters: SCHEMA } }] },
  ],
  [
    'tool calls and their results',
    {
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          tool_calls: [
            {
              id: 'call_1',
              type: 'function',
              function: { name: 'look_up', arguments: JSON.stringify({ city: LONG }) },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: LONG },
      ],
    },
  ],
];

const RESPONSES_BODIES: readonly (readonly [string, object])[] = [
  ['instructions', { instructions: LONG }],
  ['messages', { input: [{ role: 'user', content: [{ type: 'input_text', text: LONG }] }] }],
  ['tool schemas', { tools: [{ type: 'function', name: 'look_up', description: LONG, parameters: SCHEMA }] }],
  [
    'tool calls and their results',
    {
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: JSON.stringify({ city: LONG }) },
        { type: 'function_call_output', call_id: 'call_1', output: LONG },
      ],
    },
  ],
];

const MESSAGES_BODIES: readonly (readonly [string, object])[] = [
  ['a system prompt', { system: LONG }],
  ['a system prompt in blocks', { system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }] }],
  ['tool schemas', { tools: [{ name: 'look_up', description: LONG, input_schema: SCHEMA }] }],
  [
    'tool calls and their results',
    {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { city: LONG } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: LONG }] },
      ],
    },
  ],
];

const ALL = [
  ...CHAT_BODIES.map(([what, body]) => ({ sdk: CHAT, name: CHAT.name, what, body })),
  ...RESPONSES_BODIES.map(([what, body]) => ({ sdk: RESPONSES, name: RESPONSES.name, what, body })),
  ...MESSAGES_BODIES.map(([what, body]) => ({ sdk: MESSAGES, name: MESSAGES.name, what, body })),
];

/** Sends one call and returns its hold and its bill. */
async function holdAndBill(sdk: SdkCall, body: object, reply: FakeReply, budget: { usd: number } = { usd: 1000 }) {
  const provider = await startProvider({ respond: reply, countTokens });
  const guard = createGuard();
  const records = collectRecords(guard);
  const overruns: unknown[] = [];
  guard.on('overrun', (event) => overruns.push(event));
  const { create } = sdk.open(provider, { guard });
  await guard.budget(budget).run(() => create(body));
  const [record] = await records();
  return { record, billedNanoUsd: Number(provider.billed.nanoUsd), overruns, provider };
}

describe('the hold of a call', () => {
  it.each(ALL)('covers $what of $name, by bytes', async ({ sdk, body }) => {
    const { record, billedNanoUsd, overruns } = await holdAndBill(sdk, body, { outputTokens: 10_000 });

    expect(record?.usage?.inputTokens).toBeGreaterThan(200);
    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
    expect(overruns).toEqual([]);
  });

  it.each(ALL)('covers $what of $name, counted', async ({ sdk, body }) => {
    const bytes = await holdAndBill(sdk, body, { outputTokens: 10_000 });
    // Just too little for the bound by bytes, so that the input is counted.
    const usd = ((bytes.record?.holdNanoUsd ?? 0) - 1000) / 1e9;
    const guard = createGuard();
    const provider = await startProvider({ respond: { outputTokens: 10_000 }, countTokens });
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    const error = await guard.budget({ usd }).run(() =>
      create(body).then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );

    const [record] = await records();
    if (error === undefined) {
      expect(record?.holdNanoUsd).toBeLessThan(bytes.record?.holdNanoUsd ?? 0);
      expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
    } else {
      expect(BudgetExceededError.isInstance(error)).toBe(true);
      expect(provider.calls).toBe(0);
    }
    // OpenAI's texts can be counted exactly; Anthropic publishes no tokenizer, so its bytes stay the bound.
    expect(error === undefined || sdk === MESSAGES).toBe(true);
  });

  it.each([
    {
      sdk: CHAT,
      name: CHAT.name,
      content: { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
      most: 25_000,
    },
    {
      sdk: CHAT,
      name: CHAT.name,
      content: { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      most: 25_000,
    },
    {
      sdk: RESPONSES,
      name: RESPONSES.name,
      content: { type: 'input_image', image_url: 'https://example.com/a.png' },
      most: 25_000,
    },
    {
      sdk: MESSAGES,
      name: MESSAGES.name,
      content: { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
      most: 4784,
    },
  ])('covers an image of $name by the formula of its provider', async ({ sdk, content, most }) => {
    const messages = [{ role: 'user', content: [content] }];
    const body = sdk === RESPONSES ? { input: messages } : { messages };

    const { record, billedNanoUsd } = await holdAndBill(sdk, body, { inputTokens: most, outputTokens: 10_000 });

    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
  });

  it.each(SDK_CALLS)('of $name is the whole ceiling, whatever the answer', async (sdk) => {
    const { record } = await holdAndBill(sdk, { [sdk.ceiling]: 2000 }, { outputTokens: 5 });

    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(2000 * sdk.rates.output * 1000);
    expect(record?.holdNanoUsd).toBeLessThan(2000 * sdk.rates.output * 1000 + 1000 * sdk.rates.input * 1000);
  });

  it('is multiplied by the number of choices', async () => {
    const { record, billedNanoUsd } = await holdAndBill(CHAT, { n: 4 }, { outputTokens: 10_000 });

    expect(billedNanoUsd).toBeGreaterThan(4 * 500 * 10_000);
    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
    expect(record?.usage?.outputTokens).toBe(2000);
  });

  it.each([CHAT, MESSAGES])('of $name takes a ceiling of zero for zero, not for none', async (sdk) => {
    const { record, billedNanoUsd, provider } = await holdAndBill(sdk, { [sdk.ceiling]: 0 }, {}, { usd: 0.001 });

    expect(provider.requests[0]?.body[sdk.ceiling]).toBe(0);
    expect(record?.holdNanoUsd).toBeLessThan(1_000_000);
    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
    expect(record?.usage?.outputTokens).toBe(0);
  });

  it.each(
    SDK_CALLS.flatMap((sdk) =>
      [-5, 'abc', '100', 1.5, true, [], {}, -0.1].map((value) => ({ sdk, name: sdk.name, value })),
    ),
  )('of $name is not lowered by a ceiling of $value', async ({ sdk, value }) => {
    // A lenient server that ignores what it does not understand.
    const provider = await startProvider({ strict: false, respond: { outputTokens: 6000 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    await guard.budget({ usd: 1000 }).run(() => create({ [sdk.ceiling]: value }));

    const [record] = await records();
    expect(provider.requests[0]?.usage?.outputTokens).toBe(6000);
    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
  });

  it.each([-3, 0, 1.5, 'ten', null])('is not lowered by %s choices', async (n) => {
    const provider = await startProvider({ strict: false, respond: { outputTokens: 500 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = CHAT.open(provider, { guard });

    await guard.budget({ usd: 1000 }).run(() => create({ n }));

    expect((await records())[0]?.holdNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
  });

  it.each(SDK_CALLS)('of $name is not lowered by cached input, which lowers the settled cost alone', async (sdk) => {
    const body = sdk === RESPONSES ? { input: LONG } : { messages: [{ role: 'user', content: LONG }] };
    const plain = await holdAndBill(sdk, body, { inputTokens: 600, outputTokens: 50 });
    const cached = await holdAndBill(sdk, body, { inputTokens: 600, cachedTokens: 512, outputTokens: 50 });

    expect(cached.record?.holdNanoUsd).toBe(plain.record?.holdNanoUsd);
    expect(cached.record?.costNanoUsd).toBe(cached.billedNanoUsd);
    expect(cached.billedNanoUsd).toBeLessThan(plain.billedNanoUsd);
    expect(cached.record?.usage).toMatchObject({ inputTokens: 600, cacheReadInputTokens: 512 });
  });

  it('covers input that is written to a cache, which costs more than plain input', async () => {
    const reply = { inputTokens: 60, cacheWriteTokens: 60, outputTokens: 500 };
    const { record, billedNanoUsd } = await holdAndBill(MESSAGES, {}, reply);

    expect(record?.costNanoUsd).toBe(billedNanoUsd);
    expect(record?.holdNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
  });

  it.each<[string, object]>([
    ['history that is kept at the provider', { previous_response_id: 'resp_1' }],
    ['hosted tools without a limit', { tools: [{ type: 'web_search' }] }],
  ])('does not exist for %s: the call is refused under a cap that is kept', async (_, body) => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = RESPONSES.open(provider, { guard });

    const error = await guard.budget({ usd: 1 }).run(() => errorOf(create(body)));

    expect(UnboundedCallError.isInstance(error)).toBe(true);
    expect(provider.calls).toBe(0);
  });
});
