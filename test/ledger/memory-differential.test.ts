import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import type { Ledger, Limit, SettleResult } from '../../src/ledger/ledger.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import type { OpenLedger } from './conformance.js';
import { describeDifferential, differentialProperty, openForDifferential } from './differential.js';

type Mistake = (ledger: Ledger) => Partial<Ledger>;

async function openWith(leaseMs: number, mistake: Mistake): Promise<OpenLedger> {
  let nowMs = Date.now();
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, schedule: () => () => {} };
  const right = memoryLedger({ leaseMs, clock });
  const ledger: Ledger = {
    reserve: (...asked) => right.reserve(...asked),
    settle: (...asked) => right.settle(...asked),
    release: (id) => right.release(id),
    expire: () => right.expire(),
    balances: (limits) => right.balances(limits),
    adjust: (...asked) => right.adjust(...asked),
    mark: (...asked) => right.mark(...asked),
    ...mistake(right),
  };
  const advance = async (durationMs: number) => {
    nowMs += durationMs;
  };
  return { ledger, advance, close: async () => {} };
}

describeDifferential('the memory ledger', ({ leaseMs }) => openWith(leaseMs, () => ({})), { runs: 1000 });

describe('the differential suite', () => {
  const mistakes: readonly (readonly [string, Mistake])[] = [
    ['fallbacks are not asked', (right) => ({ reserve: (id, claims) => right.reserve(id, claims) })],
    [
      'the last fallback is asked first',
      (right) => ({ reserve: (id, claims, fallbacks = []) => right.reserve(id, claims, [...fallbacks].reverse()) }),
    ],
    ['a mark can be set again', (right) => ({ mark: (limit, mark) => right.mark(limit, mark) || mark === 'half' })],
    ['the holds that are over are not told', () => ({ expire: () => [] })],
    ['a second bill is taken for the first', (right) => ({ settle: (id, actual) => settleTwice(right, id, actual) })],
    [
      'windows never end',
      (right) => ({
        reserve: (id, claims, fallbacks) =>
          right.reserve(
            id,
            claims.map((claim) => ({ ...claim, limit: withoutWindow(claim.limit) })),
            fallbacks,
          ),
        balances: (limits) => right.balances(limits.map(withoutWindow)),
        adjust: (limit, change, reason) => right.adjust(withoutWindow(limit), change, reason),
      }),
    ],
    [
      'a rolling window forgets its earlier buckets',
      (right) => ({
        reserve: (id, claims, fallbacks) =>
          right.reserve(
            id,
            claims.map((claim) => ({ ...claim, limit: withoutEarlier(claim.limit) })),
            fallbacks,
          ),
        balances: (limits) => right.balances(limits.map(withoutEarlier)),
        adjust: (limit, change, reason) => right.adjust(withoutEarlier(limit), change, reason),
        mark: (limit, mark) => right.mark(withoutEarlier(limit), mark),
      }),
    ],
  ];

  it.each(mistakes)('finds that %s', async (_, mistake) => {
    const opened = await openForDifferential(({ leaseMs }) => openWith(leaseMs, mistake));

    const result = await fc.check(differentialProperty(opened), { numRuns: 1000, endOnFailure: true });

    expect(result.failed).toBe(true);
  });
});

function settleTwice(right: Ledger, id: string, actual: Parameters<Ledger['settle']>[1]): SettleResult {
  const result = right.settle(id, actual) as SettleResult;
  return result.outcome === 'duplicate' ? { ...result, outcome: 'settled' } : result;
}

function withoutWindow({ window: _, ...limit }: Limit): Limit {
  return limit;
}

function withoutEarlier(limit: Limit): Limit {
  const { window } = limit;
  if (window === undefined) return limit;
  return { ...limit, window: { ...window, at: (nowMs) => ({ ...window.at(nowMs), earlierIds: [] }) } };
}
