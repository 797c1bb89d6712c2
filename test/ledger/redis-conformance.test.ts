import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { redisLedger } from '../../src/ledger/redis.js';
import { describeLedger } from './conformance.js';
import { CLIENTS, isReachable, newPrefix, REDIS_URL, removeKeys } from './redis-fixture.js';

const isUp = await isReachable();

for (const [name, open] of Object.entries(CLIENTS)) {
  if (!isUp) {
    describe(`redisLedger over ${name}`, () => it.skip(`needs a store at ${REDIS_URL}`, () => undefined));
    continue;
  }
  describeLedger(`redisLedger over ${name}`, async (options) => {
    const prefix = newPrefix();
    const { client, close } = await open();
    let offsetMs = 0;
    // The tests are about what is answered, on machines that are busy.
    const ledger = redisLedger(client, { ...options, prefix, deadlineMs: 5000, storeOffsetMs: () => offsetMs });
    return {
      ledger,
      advance: async (ms: number) => {
        offsetMs += ms;
      },
      async close() {
        await ledger.close?.();
        await close();
        const redis = new Redis(REDIS_URL);
        await removeKeys(redis, prefix);
        await redis.quit();
      },
    };
  });
}
