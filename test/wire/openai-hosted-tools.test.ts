import { describe, expect, test } from 'vitest';
import { makeBill } from '../../src/call/bill.js';
import { Prices } from '../../src/pricing/prices.js';
import { openaiResponses } from '../../src/wire/openai-responses.js';
import type { JsonObject } from '../../src/wire/wire.js';

const usage = { input_tokens: 100, output_tokens: 30, total_tokens: 130 };
const read = (response: JsonObject) => openaiResponses.readResponse({ model: 'gpt-5', usage, ...response });

describe('containers for code', () => {
  const auto = (limit?: string) => ({ type: 'code_interpreter', container: { type: 'auto', memory_limit: limit } });
  const run = (id?: unknown) => ({ type: 'code_interpreter_call', container_id: id, code: '1 + 1' });
  const shellRun = (id: string) => ({
    type: 'shell_call',
    environment: { type: 'container_reference', container_id: id },
  });

  test.each<[string, JsonObject, number | undefined]>([
    ['one that ran twice', { tools: [auto()], output: [run('c1'), run('c1')] }, 1],
    ['one in which nothing ran', { tools: [auto()], output: [] }, 1],
    ['one of 4 GB', { tools: [auto('4g')], output: [run('c1')] }, 4],
    ['two, the second unforeseen', { tools: [auto('4g')], output: [run('c1'), run('c2')] }, 8],
    ['one that was made before', { tools: [{ type: 'code_interpreter', container: 'c1' }], output: [run('c1')] }, 1],
    ['one of a shell', { tools: [{ type: 'shell', environment: { type: 'container_auto' } }], output: [] }, 1],
    ['one that only its calls tell of', { output: [run('c1'), shellRun('c2')] }, 2],
    ['none: a shell of the caller', { tools: [{ type: 'shell', environment: { type: 'local' } }] }, undefined],
    ['none: xAI runs code without containers', { tools: [{ type: 'code_interpreter' }], output: [run()] }, undefined],
    ['one of a nonsensical size', { tools: [auto('0g')] }, 1],
  ])('%s', (_name, response, sessions) => {
    expect(read(response).usage?.codeSessions).toBe(sessions);
  });

  test('are a line of the bill', () => {
    const prices = new Prices();
    const bill = makeBill(read({ tools: [auto()] }), (model = '') => prices.match(model)?.price);
    expect(bill?.cost.items).toContainEqual({
      ...{ kind: 'code_session', quantity: 1, ratePicoUsd: 30_000_000_000, costPicoUsd: 30_000_000_000 },
    });
  });
});

describe('images that a tool made', () => {
  const made = { type: 'image_generation_call', status: 'completed', quality: 'low', size: '1024x1024' };
  const tool = { type: 'image_generation', model: 'gpt-image-1.5' };

  test('are billed at the rates of their own model, as the answer tells', () => {
    const imageGen = {
      ...{ input_tokens: 50, input_tokens_details: { image_tokens: 30, text_tokens: 20 } },
      ...{ output_tokens: 300, output_tokens_details: { image_tokens: 272, text_tokens: 28 }, total_tokens: 350 },
    };
    const reading = read({ tools: [tool], output: [made], tool_usage: { image_gen: imageGen } });
    const round = { inputTokens: 50, outputTokens: 300, imageInputTokens: 30, imageOutputTokens: 272 };
    expect(reading.sideRounds).toEqual([{ model: 'gpt-image-1.5', usage: round }]);
    const prices = new Prices();
    const bill = makeBill(reading, (model = '') => prices.match(model)?.price);
    expect(bill?.usage).toMatchObject({ inputTokens: 150, outputTokens: 330 });
    expect(bill?.cost.items.map(({ kind, quantity, ratePicoUsd }) => [kind, quantity, ratePicoUsd])).toEqual([
      ['input', 100, 1_250_000],
      ['output', 30, 10_000_000],
      ['input', 20, 5_000_000],
      ['image_input', 30, 8_000_000],
      ['output', 28, 10_000_000],
      ['image_output', 272, 32_000_000],
    ]);
  });

  test('are bounded by their size and quality where it does not', () => {
    const prompt = { revised_prompt: 'x'.repeat(36) };
    const zero = { image_gen: { input_tokens: 0, output_tokens: 0, total_tokens: 0 } };
    for (const told of [{}, { tool_usage: zero }]) {
      const reading = read({
        tools: [tool],
        output: [
          { ...made, ...prompt },
          { ...made, status: 'failed' },
        ],
        ...told,
      });
      expect(reading.sideRounds).toEqual([{ model: 'gpt-image-1.5', usage: { inputTokens: 100, outputTokens: 1272 } }]);
    }
    expect(read({ output: [made] }).sideRounds).toMatchObject([{ model: 'gpt-image-1', usage: { outputTokens: 272 } }]);
  });

  test('of a model nobody can bound leave the bill unknown', () => {
    const reading = read({ tools: [{ ...tool, model: 'gpt-image-9' }], output: [made] });
    expect(makeBill(reading, () => new Prices().match('gpt-5')?.price)).toBeUndefined();
  });

  test('are part of a cost that the provider reports', () => {
    const ticks = { ...usage, cost_in_usd_ticks: 12 };
    expect(read({ usage: ticks, output: [made] })).not.toHaveProperty('sideRounds');
  });

  test('no image, no line', () => {
    expect(read({ tools: [tool], tool_usage: { image_gen: null } })).not.toHaveProperty('sideRounds');
  });
});

test('searches are those the answer counts, or its calls where those are more', () => {
  const search = { type: 'web_search_call', action: { type: 'search' } };
  const told = (count: unknown) => ({ tool_usage: { web_search: { num_requests: count } } });
  expect(read({ output: [search], ...told(3) }).usage?.webSearchRequests).toBe(3);
  expect(read({ output: [search, search], ...told(1) }).usage?.webSearchRequests).toBe(2);
  expect(read({ ...told(0) }).usage).not.toHaveProperty('webSearchRequests');
  expect(read({ ...told(-1), output: [search] }).usage?.webSearchRequests).toBeNaN();
});
