import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError, ledgerProperty } from './ledger-property.js';
import { PLANTED_BUGS } from './planted-bugs.js';

describe('the property finds a planted bug', () => {
  it.each(PLANTED_BUGS)('$invariant: $mistake', ({ invariant, makeLedger }) => {
    const runs = fc.check(ledgerProperty(makeLedger), { numRuns: 2000, seed: 1 });

    const report = fc.defaultReportMessage(runs);
    expect(runs.errorInstance, report).toBeInstanceOf(InvariantError);
    expect((runs.errorInstance as InvariantError).invariant, report).toBe(invariant);
  });
});
