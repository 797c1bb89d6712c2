import { describe, expect, it } from 'vitest';
import { ConfigError, createGuard } from '../../src/index.js';

/** A double under a guard that bills `outputTokens`, whatever ceiling it was asked for, and what it was sent. */
function open(outputTokens: number) {
  const guard = createGuard({ onStalePrices: 'ignore' });
  const holds: number[] = [];
  const sent: object[] = [];
  guard.addSink({ name: 'holds', write: (records) => void holds.push(...records.map((each) => each.holdNanoUsd)) });
  const client = guard.instrument({
    chat: {
      completions: {
        create: async (body: object) => {
          sent.push(body);
          return { usage: { prompt_tokens: 5, completion_tokens: outputTokens, total_tokens: outputTokens + 5 } };
        },
      },
    },
  });
  const call = (rest: object) => client.chat.completions.create({ model: 'gpt-4o', messages: [], ...rest });
  return { guard, holds, sent, call };
}

const NONSENSE: readonly unknown[] = [
  ...[-5, -0.1, 1.5, 'abc', '100', '', true, false, [], {}, [7], 1n, Symbol('seven')],
  ...[Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, () => 7],
];

describe('a ceiling that is none', () => {
  // A test double is called without JSON in between, so it may be given values that JSON has not.
  it.each(NONSENSE.map((value) => [value]))('never lowers what is held: max_tokens %s', async (value) => {
    const { guard, holds, call } = open(16_384);
    await guard.budget({ usd: 10 }).run(() => call({ max_tokens: value }));
    await guard.flush();
    // The most that gpt-4o can put out, at its price.
    expect(holds).toHaveLength(1);
    expect(holds[0]).toBeGreaterThanOrEqual(16_384 * 10_000);
  });

  it.each([1e18, 1e308, Number.MAX_SAFE_INTEGER])('is held as it stands, or refused: max_tokens %s', async (value) => {
    const { guard, sent, call } = open(16_384);
    const outcome = await guard
      .budget({ usd: 9_000_000 })
      .run(() => call({ max_tokens: value }).catch((error: Error) => error.name));
    const { costUsd } = guard.report().total();
    if (outcome === 'BudgetExceededError') expect([sent.length, costUsd]).toEqual([0, '0']);
    else expect(Number(costUsd)).toBeGreaterThan(0.16);
  });
});

describe('a number of choices that is none', () => {
  it.each(NONSENSE.filter((value) => value !== Number.POSITIVE_INFINITY).map((value) => [value]))(
    'never lowers what is held: n %s',
    async (value) => {
      const { guard, holds, call } = open(100);
      await guard.budget({ usd: 10 }).run(() => call({ max_tokens: 100, n: value }));
      await guard.flush();
      expect(holds[0]).toBeGreaterThanOrEqual(100 * 10_000);
    },
  );

  it.each([50, 1000])('is multiplied with the ceiling where it is one: n %i', async (n) => {
    const { guard, holds, call } = open(100 * n);
    await guard.budget({ usd: 1000 }).run(() => call({ max_tokens: 100, n }));
    await guard.flush();
    expect(holds[0]).toBeGreaterThanOrEqual(100 * n * 10_000);
  });

  it.each([1e18, 1e308, Number.POSITIVE_INFINITY])('is refused where nobody can count so many: n %s', async (n) => {
    const { guard, sent, call } = open(100);
    const run = guard.budget({ usd: 1000 }).run(() => call({ max_tokens: 100, n }));
    await expect(run).rejects.toMatchObject({ name: 'BudgetExceededError' });
    expect(sent).toEqual([]);
  });
});

describe('a cap that is none', () => {
  it.each<[unknown]>([
    ...[['1e999'], ['1e3'], ['Infinity'], ['NaN'], ['0x10'], ['1,5'], ['1_000'], ['+1'], ['.5'], ['5.'], [' '], ['٣']],
    ...[[1n], [true], [[1]], [{ valueOf: () => 1 }], [new Date(1)], [() => 1]],
  ] as [unknown][])('is refused: usd %o', (usd) => {
    expect(() => createGuard().budget({ usd: usd as number })).toThrow(ConfigError);
  });

  it.each([
    ['usd', { usd: -0 }],
    ['tokens', { tokens: -0 }],
    ['calls', { calls: -0 }],
  ])('is zero where it is minus zero, and then nothing is sent: %s', async (_, caps) => {
    const { guard, sent, call } = open(1);
    await expect(guard.budget(caps).run(() => call({ max_tokens: 1 }))).rejects.toMatchObject({
      name: 'BudgetExceededError',
    });
    expect(sent).toEqual([]);
  });
});
