import { describe, expect, it } from 'vitest';
import { createGuard, type Encoder } from '../../src/index.js';
import { createGptTokenizerSource } from '../../src/quote/tokenizer.js';
import { errorOf } from '../behaviours/sdk-calls.js';

const SIZE = 200_000;
const TEXTS: readonly (readonly [string, string])[] = [
  ['one letter', 'a'.repeat(SIZE)],
  ['spaces', ' '.repeat(SIZE)],
  ['families of emoji', '👩‍👩‍👧‍👦'.repeat(SIZE / 11)],
  ['signs', '!@#$'.repeat(SIZE / 4)],
  ['brackets 100 000 deep', '['.repeat(SIZE / 2) + ']'.repeat(SIZE / 2)],
  ['combining marks', `e${'\u0301'.repeat(SIZE)}`],
  ['half characters', '\ud83d'.repeat(SIZE)],
  ['control tokens', '<|endoftext|>'.repeat(SIZE / 13)],
];

function open(source: (model: string) => Promise<Encoder | undefined>) {
  const seen = { characters: 0, longest: 0 };
  const guard = createGuard({
    onStalePrices: 'ignore',
    encoders: async (model) => {
      const encode = await source(model);
      return (text) => {
        seen.characters += text.length;
        seen.longest = Math.max(seen.longest, text.length);
        return encode?.(text) ?? text.length;
      };
    },
  });
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const client = guard.instrument({ chat: { completions: { create: async (_: object) => ({ usage }) } } });
  const call = (content: string) =>
    client.chat.completions.create({ model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content }] });
  return { guard, seen, call };
}

describe('a prompt that is made to keep a tokenizer busy', () => {
  it.each(TEXTS)('gives the real tokenizer each character once, in small slices: %s', async (_, text) => {
    const exact = createGptTokenizerSource();
    const { guard, seen, call } = open((model) => exact(model, 'openai'));
    // By its bytes it would not fit, so that it has to be counted.
    await guard.budget({ usd: 0.0001 + 1e-6 * text.length }).run(() => call(text).catch(() => undefined));
    expect(seen.characters).toBe(text.length);
    expect(seen.longest).toBeLessThanOrEqual(1024);
  });

  it('is counted once for each model it is tried with, and in no further round', async () => {
    const { guard, seen, call } = open(async () => (text) => text.length);
    const downgrade = { 'gpt-4o': 'gpt-4.1', 'gpt-4.1': 'gpt-4.1-mini', 'gpt-4.1-mini': 'gpt-4o-mini' };
    const budget = guard.budget({ usd: 0.01, onExceed: ['clamp', 'downgrade', 'block'], downgrade });
    await budget.run(() => errorOf(call('a'.repeat(SIZE))));
    expect(seen.characters).toBeGreaterThanOrEqual(SIZE);
    expect(seen.characters).toBeLessThanOrEqual(4 * SIZE);
  });
});
