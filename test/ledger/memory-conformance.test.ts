import type { Clock } from '../../src/clock.js';
import { memoryLedger } from '../../src/ledger/memory.js';
import { describeLedger, type OpenLedger } from './conformance.js';

describeLedger('the memory ledger', async ({ leaseMs }): Promise<OpenLedger> => {
  let nowMs = Date.now();
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, schedule: () => () => {} };
  return {
    ledger: memoryLedger({ leaseMs, clock }),
    advance: async (durationMs) => {
      nowMs += durationMs;
    },
    close: async () => {},
  };
});
