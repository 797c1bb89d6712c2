import { describe, expect, test } from 'vitest';
import { readingsOf } from '../../src/pricing/match.js';

const namesOf = (model: string) => readingsOf(model).map(({ name, via }) => `${via} ${name}`);

describe('a name is read', () => {
  test('as it is first', () => {
    expect(readingsOf('GPT-4o')).toEqual([{ name: 'gpt-4o', via: 'exact', why: 'the table has this name' }]);
  });

  test('without the prefixes of gateway and provider, and without its date', () => {
    expect(namesOf('openrouter/anthropic/claude-sonnet-4-5-20250929')).toEqual([
      'exact openrouter/anthropic/claude-sonnet-4-5-20250929',
      'normalised anthropic/claude-sonnet-4-5-20250929',
      'normalised claude-sonnet-4-5-20250929',
      'snapshot openrouter/anthropic/claude-sonnet-4-5',
      'snapshot anthropic/claude-sonnet-4-5',
      'snapshot claude-sonnet-4-5',
    ]);
  });

  test('as the provider its prefix names', () => {
    expect(readingsOf('together_ai/meta-llama/Llama-3-8b')[1]).toMatchObject({
      name: 'meta-llama/llama-3-8b',
      provider: 'together',
    });
  });

  test('on Bedrock without version, date and region, the global profile by its own rate first', () => {
    expect(namesOf('global.anthropic.claude-x-20260101-v1:0').slice(1)).toEqual([
      'normalised global.anthropic.claude-x-20260101-v1:0',
      'normalised global.anthropic.claude-x-20260101',
      'normalised global.anthropic.claude-x',
      'normalised anthropic.claude-x-20260101-v1:0',
      'normalised anthropic.claude-x-20260101',
      'normalised anthropic.claude-x',
    ]);
  });

  test('as a fine-tune by its own rate, then by its base', () => {
    expect(namesOf('ft:gpt-4o-2024-08-06:org::id').slice(1)).toEqual([
      'fine-tune ft:gpt-4o-2024-08-06',
      'fine-tune ft:gpt-4o',
      'fine-tune gpt-4o-2024-08-06',
      'fine-tune gpt-4o',
    ]);
  });
});

describe('a name is not read', () => {
  test.each([
    'gpt-4o-2024-13-01',
    'gpt-4o-2024-08-32',
    'gpt-4o-0806',
    'gpt-4o-20240',
    'claude-sonnet-5-9',
    'gpt-4o-mini',
  ])('as another that it begins with: %s', (model) => {
    expect(namesOf(model)).toEqual([`exact ${model}`]);
  });

  test('as a path of nobody we know', () => {
    expect(namesOf('my-org/gpt-4o')).toEqual(['exact my-org/gpt-4o']);
  });

  test('at all where it is empty or longer than any name', () => {
    expect([readingsOf(''), readingsOf('x'.repeat(513))]).toEqual([[], []]);
  });

  test('slowly, however it is made up', () => {
    const hostile = [
      'openai/'.repeat(70),
      'us.'.repeat(170),
      'ft:'.repeat(170),
      '-20250101'.repeat(56),
      ':1'.repeat(256),
    ];
    const started = performance.now();
    for (const model of hostile) expect(readingsOf(model).length).toBeLessThan(300);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
