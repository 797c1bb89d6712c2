import type { Clock } from '../../src/clock.js';
import type { Admit, Amounts, Balance, Claim, Limit } from '../../src/ledger/ledger.js';
import { type MemoryLedgerOptions, memoryLedger } from '../../src/ledger/memory.js';

export const LEASE_MS = 1000;

/** A ledger on a clock that stands still until it is moved. */
export function makeLedger(options: MemoryLedgerOptions = {}) {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => nowMs, schedule: () => () => {} };
  const ledger = memoryLedger({ leaseMs: LEASE_MS, clock, ...options });
  return {
    ledger,
    advance: (durationMs: number) => {
      nowMs += durationMs;
    },
    balance: (limit: Limit) => ledger.balances([limit])[0] as Balance,
  };
}

export const usd = (cap: number, key?: string): Limit => ({ unit: 'usd', cap, ...(key !== undefined && { key }) });
export const claim = (limit: Limit, amount: number, admit: Admit = 'fit'): Claim => ({ limit, amount, admit });
export const cost = (amount: number): Amounts => ({ usd: amount, tokens: 0, calls: 1 });
