import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import { createReport } from '../../src/report/report.js';
import { createRecordRing } from '../../src/sink/memory.js';
import { makeRecord } from '../report/records.js';

describe('a million calls at $0.0000075', () => {
  const nanoUsd = 7500;

  it('are exactly $7.50 in the ledger', () => {
    const ledger = memoryLedger();
    const limit = { unit: 'usd', cap: 1_000_000 * nanoUsd } as const;
    for (let call = 0; call < 1_000_000; call += 1) {
      ledger.reserve(String(call), [{ limit, amount: nanoUsd, admit: 'fit' }]);
      ledger.settle(String(call), { usd: nanoUsd, tokens: 1, calls: 1 });
    }
    expect(ledger.balances([limit])[0]).toMatchObject({ spent: 7_500_000_000, held: 0, remaining: 0 });
    expect(ledger.reserve('one more', [{ limit, amount: 1, admit: 'fit' }]).granted).toBe(false);
  });

  it('are exactly $7.50 in a report, the evicted ones included', () => {
    const ring = createRecordRing({ maxRecords: 1000 });
    const record = makeRecord({ costNanoUsd: nanoUsd });
    for (let call = 0; call < 1_000_000; call += 1) ring.add(record);
    const { dropped, droppedUntilMs } = ring;
    expect(dropped).toBe(999_000);
    const evicted = ring.evicted();
    const total = createReport(ring.records(), {}, { dropped, droppedUntilMs, evicted } as never).total();
    expect([total.calls, total.costUsd]).toEqual([1_000_000, '7.5']);
  });
});

/** US dollars per million tokens, with more digits than a float keeps. */
const rate = fc
  .tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([whole, millionths]) => ({
    text: `${whole}.${String(millionths).padStart(6, '0')}`,
    millionthsUsd: BigInt(whole) * 1_000_000n + BigInt(millionths),
  }));
const call = fc.record({ input: fc.nat({ max: 2_000_000 }), output: fc.nat({ max: 200_000 }) });

describe('what a budget has spent', () => {
  it('is the exact rational sum of its bills, but for less than a nano-dollar a call', async () => {
    await fc.assert(
      fc.asyncProperty(rate, rate, fc.array(call, { minLength: 1, maxLength: 30 }), async (input, output, calls) => {
        const guard = createGuard();
        guard.prices.register('priced', { input: input.text, output: output.text });
        let next = 0;
        const client = guard.instrument({
          chat: {
            completions: {
              create: async (_: object) => {
                const bill = calls[next] as (typeof calls)[number];
                next += 1;
                return { model: 'priced', usage: { prompt_tokens: bill.input, completion_tokens: bill.output } };
              },
            },
          },
        });
        const spent = await guard.budget({ usd: 1_000_000 }).run(async (scope) => {
          for (const { output: ceiling } of calls)
            await client.chat.completions.create({ model: 'priced', max_tokens: ceiling, messages: [] });
          return scope.spent.usd;
        });

        // Millionths of a dollar per million tokens are pico-dollars per token.
        const exactPico = calls.reduce(
          (sum, bill) => sum + BigInt(bill.input) * input.millionthsUsd + BigInt(bill.output) * output.millionthsUsd,
          0n,
        );
        const booked = guard.report().total();
        const bookedPico = BigInt(Math.round(Number(booked.costUsd) * 1e9)) * 1000n;
        expect(booked.usd).toBe(spent);
        expect(bookedPico - exactPico).toBeGreaterThanOrEqual(0n);
        expect(bookedPico - exactPico).toBeLessThan(BigInt(calls.length) * 1000n);
      }),
      { numRuns: 150 },
    );
  });
});
