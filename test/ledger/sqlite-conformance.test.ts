import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteLedger } from '../../src/ledger/sqlite.js';
import { describeLedger, type Open } from './conformance.js';
import { describeDifferential } from './differential.js';

const open: Open = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-ledger-'));
  let offsetMs = 0;
  // The tests are about what is answered, on machines that are busy.
  const ledger = sqliteLedger(join(folder, 'ledger.db'), {
    ...options,
    deadlineMs: 5000,
    storeOffsetMs: () => offsetMs,
  });
  return {
    ledger,
    advance: async (ms) => {
      offsetMs += ms;
    },
    async close() {
      await ledger.close?.();
      rmSync(folder, { recursive: true });
    },
  };
};

describeLedger('the SQLite ledger', open);
describeDifferential('the SQLite ledger', open);
