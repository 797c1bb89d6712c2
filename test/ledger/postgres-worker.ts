import { postgresLedger } from '../../src/ledger/postgres.js';
import { CLIENTS } from './postgres-fixture.js';

/** One of several processes on one cap: asks for 1 many times at once and prints how often it was granted. */
const [schema = '', name = '', count = '0'] = process.argv.slice(2);
const { client, close } = await (CLIENTS[name] as (typeof CLIENTS)[string])();
const ledger = postgresLedger(client, { schema, deadlineMs: 20_000 });
const limit = { unit: 'usd', cap: 100, key: 'shared' } as const;
const results = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) =>
    ledger.reserve(`${process.pid}.${index}`, [{ limit, amount: 1, admit: 'fit' }]),
  ),
);
process.stdout.write(String(results.filter(({ granted }) => granted).length));
await close();
