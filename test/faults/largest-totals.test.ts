import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { createReport } from '../../src/report/report.js';
import { createRecordRing } from '../../src/sink/memory.js';
import { makeRecord } from '../report/records.js';

const LARGEST = Number.MAX_SAFE_INTEGER;
const usage = { inputTokens: 3, outputTokens: 2 };

describe('totals at 2^53 − 1 nano-dollars', () => {
  it.each([1, 2, 1000])('stay exact in a report beyond what a number holds: %i such calls', (calls) => {
    const records = Array.from({ length: calls }, (_, index) =>
      makeRecord({ id: String(index), costNanoUsd: LARGEST, usage }),
    );
    const exact = BigInt(LARGEST) * BigInt(calls);
    const { costUsd, tokens } = createReport([...records, makeRecord({ costNanoUsd: 1, usage })]).total();
    expect(costUsd).toBe(
      `${(exact + 1n) / 1_000_000_000n}.${String((exact + 1n) % 1_000_000_000n).padStart(9, '0')}`.replace(/0+$/, ''),
    );
    expect(tokens).toBe(5 * (calls + 1));
  });

  it('stay exact in what is left of records that gave way', () => {
    const ring = createRecordRing({ maxRecords: 1 });
    for (let index = 0; index < 4; index += 1) ring.add(makeRecord({ id: String(index), costNanoUsd: LARGEST, usage }));
    const [group] = ring.evicted().groups;
    expect(group?.figures.costNanoUsd).toBe(3n * BigInt(LARGEST));
  });

  it('are the largest cap, which a call lands on exactly and none passes', async () => {
    const guard = createGuard();
    // A token of output costs 2^53 − 1 nano-dollars a million.
    guard.prices.register('dear', { input: 0, output: '9007199254.740991' });
    const client = guard.instrument({
      chat: {
        completions: {
          create: async (_: object) => ({ usage: { prompt_tokens: 0, completion_tokens: 1000, total_tokens: 1000 } }),
        },
      },
    });
    const call = (tokens: number) =>
      client.chat.completions.create({ model: 'dear', max_tokens: tokens, messages: [] });

    await guard.budget({ usd: '9007199.254740991' }).run(async (scope) => {
      await call(1000);
      expect(scope.spent.usd).toBe(9_007_199.254740991);
      expect(scope.remaining?.usd).toBe(0);
      await expect(call(1)).rejects.toMatchObject({ name: 'BudgetExceededError' });
    });
    expect(guard.report().total().costUsd).toBe('9007199.254740991');
  });

  it('are no room for a call whose worst case cannot be counted', async () => {
    const guard = createGuard();
    guard.prices.register('dear', { input: '9007199254.740991', output: '9007199254.740991' });
    let sent = 0;
    const client = guard.instrument({
      chat: {
        completions: {
          create: async (_: object) => {
            sent += 1;
          },
        },
      },
    });
    const request = { model: 'dear', max_tokens: LARGEST, messages: [{ role: 'user', content: 'x' }] };
    const run = guard.budget({ usd: 9_000_000 }).run(() => client.chat.completions.create(request));
    await expect(run).rejects.toMatchObject({ name: 'BudgetExceededError' });
    expect(sent).toBe(0);
  });
});
