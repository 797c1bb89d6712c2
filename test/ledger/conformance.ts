import { describe } from 'vitest';
import type { Open } from './conformance-fixture.js';
import { describeInput } from './conformance-input.js';
import { describeInvariants } from './conformance-invariants.js';
import { describeReserve } from './conformance-reserve.js';
import { describeSettle } from './conformance-settle.js';
import { describeWindows } from './conformance-windows.js';

export type { Open, OpenLedger } from './conformance-fixture.js';

/**
 * What every ledger must do, as tests. `open` is called for each test; keys and ids are new each time, so the store may
 * be the same. Its time must be the time of this machine, plus what `advance` was told. Up to 200 operations come at
 * once: give the ledger a deadline that its store can keep.
 */
export function describeLedger(name: string, open: Open): void {
  describe(`${name}: reserve`, () => describeReserve(open));
  describe(`${name}: settle`, () => describeSettle(open));
  describe(`${name}: windows`, () => describeWindows(open));
  describe(`${name}: input`, () => describeInput(open));
  describe(`${name}: invariants`, () => describeInvariants(open));
}
