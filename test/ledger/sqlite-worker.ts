import { sqliteLedger } from '../../src/ledger/sqlite.js';

/*
 * One of several processes on one file. Reserves at once, as often as it is told, says what it was granted, and waits to
 * be ended. With `forever` it reserves one after another and says each grant.
 */
const [path = '', name = '', count = '0', cap = '0', mode = 'once'] = process.argv.slice(2);
const ledger = sqliteLedger(path, { deadlineMs: 20_000 });
const limit = { key: 'shared', unit: 'usd', cap: Number(cap) } as const;

async function tryOne(index: number): Promise<boolean> {
  const result = await ledger.reserve(`${name}-${index}`, [{ limit, amount: 1, admit: 'fit' }]);
  return result.granted;
}

if (mode === 'forever') {
  for (let index = 0; ; index += 1) {
    await Promise.all(Array.from({ length: 8 }, (_, part) => tryOne(index * 8 + part)));
    process.stdout.write(`${(index + 1) * 8}\n`);
  }
}
const granted = await Promise.all(Array.from({ length: Number(count) }, (_, index) => tryOne(index)));
await ledger.close?.();
process.stdout.write(`${granted.filter(Boolean).length}\n`);
