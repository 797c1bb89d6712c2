import { describe, it } from 'vitest';
import { postgresLedger } from '../../src/ledger/postgres.js';
import { describeLedger } from './conformance.js';
import { CLIENTS, dropSchema, isReachable, newSchema, POSTGRES_URL } from './postgres-fixture.js';

const isUp = await isReachable();

for (const [name, open] of Object.entries(CLIENTS)) {
  if (!isUp) {
    describe(`postgresLedger over ${name}`, () => it.skip(`needs a store at ${POSTGRES_URL}`, () => undefined));
    continue;
  }
  describeLedger(`postgresLedger over ${name}`, async (options) => {
    const schema = newSchema();
    const { client, close } = await open();
    let offsetMs = 0;
    // The tests are about what is answered, on machines that are busy.
    const ledger = postgresLedger(client, { ...options, schema, deadlineMs: 5000, storeOffsetMs: () => offsetMs });
    return {
      ledger,
      advance: async (ms: number) => {
        offsetMs += ms;
      },
      async close() {
        await close();
        await dropSchema(schema);
      },
    };
  });
}
