import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../src/ledger/memory.js';
import { ledgerProperty } from './ledger-property.js';

describe('the memory ledger', () => {
  it('keeps every invariant, whatever is done to it', () => {
    const runs = fc.check(ledgerProperty(memoryLedger), { numRuns: 20_000 });

    expect(runs.failed, fc.defaultReportMessage(runs)).toBe(false);
    expect(runs.numRuns).toBe(20_000);
  }, 120_000);
});
