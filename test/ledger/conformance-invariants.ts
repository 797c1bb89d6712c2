import { expect, it } from 'vitest';
import { benches, claim, cost, LEASE_MS, type Open } from './conformance-fixture.js';

/** The invariants, by the numbers that the specification gives them. */
export function describeInvariants(open: Open): void {
  const start = benches(open);

  it('I1: what is held is the sum of the open holds', async () => {
    const bench = await start();
    const limit = bench.limit(1000);
    for (const [name, amount] of Object.entries({ a: 1, b: 20, c: 300 })) await bench.holds(name, limit, amount);
    expect(await bench.balance(limit)).toMatchObject({ held: 321 });
    await bench.settle('b', cost(5));
    expect(await bench.balance(limit)).toMatchObject({ held: 301 });
    await bench.release('a');
    expect(await bench.balance(limit)).toMatchObject({ held: 300 });
  });

  it('I2: what is spent is the sum of the charges and the corrections', async () => {
    const bench = await start();
    const limit = bench.limit(1000);
    for (const name of ['a', 'b', 'c', 'd']) await bench.holds(name, limit, 100);
    await bench.settle('a', cost(70));
    await bench.settle('b', undefined);
    await bench.release('c');
    await bench.settle('c', cost(3));
    await bench.advance(LEASE_MS);
    await bench.expire();
    await bench.ledger.adjust(limit, 1000, 'a test');

    expect(await bench.balance(limit)).toMatchObject({ spent: 70 + 100 + 3 + 100 + 1000, presumed: 200, overrun: 3 });
  });

  it('I3 and I4: nothing above the cap is granted, and nothing above it is spent but what is named', async () => {
    const bench = await start();
    const limit = bench.limit(100);
    let granted = 0;
    await storm(async (index) => {
      const name = `n${index}`;
      const admit = index % 10 === 0 ? 'below-cap' : 'fit';
      if (!(await bench.holds(name, limit, (index % 7) + 1, admit))) return;
      granted += 1;
      if (index % 5 === 0) await bench.release(name);
      else await bench.settle(name, index % 3 === 0 ? undefined : cost(index % 9));
    });

    const { spent, held, overrun, excess, presumed, remaining } = await bench.balance(limit);
    expect(granted).toBeGreaterThan(0);
    expect(held).toBe(0);
    expect(spent).toBeLessThanOrEqual(100 + overrun + excess);
    expect(presumed).toBeLessThanOrEqual(spent);
    expect(remaining).toBe(Math.max(0, 100 - spent));
  });

  it('I4: where no bill is above its hold, the cap is never passed', async () => {
    const bench = await start();
    const limit = bench.limit(100);
    const seen: number[] = [];
    await storm(async (index) => {
      if (!(await bench.holds(index, limit, 6))) return;
      const { spent, held } = await bench.balance(limit);
      seen.push(spent + held);
      await bench.ledger.settle(bench.id(index), cost(index % 7));
    });

    expect(Math.max(...seen)).toBeLessThanOrEqual(100);
    expect(await bench.balance(limit)).toMatchObject({ overrun: 0, excess: 0, held: 0 });
  });

  it('I5: a hold is on all of its limits or on none', async () => {
    const bench = await start();
    const limits = [bench.limit(90, 'a'), bench.limit(60, 'b', 'tokens'), bench.limit(75, 'c')];
    await storm(async (index) => {
      const claims = limits.map((limit) => claim(limit, 3));
      await bench.ledger.reserve(bench.id(index), index % 2 === 0 ? claims : claims.reverse());
    });

    expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([60, 60, 60]);
  });

  it('I6: every operation a second time changes nothing', async () => {
    const bench = await start();
    const limit = bench.limit(100);
    const twice = async (step: () => Promise<unknown>) => {
      await step();
      const once = await bench.balance(limit);
      await step();
      expect(await bench.balance(limit)).toEqual(once);
    };
    for (const name of ['a', 'b', 'c', 'd']) await twice(() => bench.holds(name, limit, 10));
    await twice(() => bench.settle('a', cost(13)));
    await twice(() => bench.settle('b', undefined));
    await twice(() => bench.settle('b', cost(4)));
    await twice(() => bench.release('c'));
    await twice(() => bench.settle('c', cost(2)));
    await bench.advance(LEASE_MS);
    await twice(() => bench.expire());
    await twice(() => bench.settle('d', cost(11)));

    expect(await bench.balance(limit)).toMatchObject({ spent: 30, held: 0, presumed: 0, overrun: 3 + 2 + 1 });
  });

  it('I7: what was billed is never above what is spent and held', async () => {
    const bench = await start();
    const limit = bench.limit(100);
    let billed = 0;
    for (const name of ['lost', 'unknown', 'settled']) {
      await bench.holds(name, limit, 20);
      billed += 20;
      const { spent, held } = await bench.balance(limit);
      expect(spent + held).toBeGreaterThanOrEqual(billed);
    }
    await bench.settle('unknown', undefined);
    await bench.settle('settled', cost(20));
    await bench.advance(LEASE_MS);
    for (const name of ['other', 'another']) {
      await bench.holds(name, limit, 20);
      const { spent } = await bench.balance(limit);
      expect(spent).toBe(billed);
    }
  });

  it('I8: where no lease runs, nothing is held', async () => {
    const bench = await start();
    const limits = [bench.limit(1000, 'a'), bench.windowed(1000), bench.rolling(1000)];
    await storm(async (index) => {
      await bench.ledger.reserve(
        bench.id(index),
        limits.map((limit) => claim(limit, 1)),
      );
      if (index % 3 === 0) await bench.settle(index, cost(1));
    });
    await bench.advance(LEASE_MS);
    for (let look = 0; look < 5; look += 1) await bench.expire();

    expect((await bench.balances(limits)).map(({ held }) => held)).toEqual([0, 0, 0]);
  });

  it('I9: no number is ever negative, or not whole', async () => {
    const bench = await start();
    const limit = bench.limit(10);
    const look = async () => {
      for (const amount of Object.values(await bench.balance(limit))) {
        expect(Number.isSafeInteger(amount)).toBe(true);
        expect(amount).toBeGreaterThanOrEqual(0);
      }
    };
    await bench.holds('a', limit, 30, 'always');
    await look();
    await bench.settle('a', undefined);
    await look();
    await bench.ledger.adjust(limit, -25, 'a test');
    await look();
    await bench.settle('a', cost(0));
    await look();
    await bench.release('a');
    await look();
    expect(await bench.balance(limit)).toMatchObject({ spent: 0, held: 0, presumed: 0, excess: 0, remaining: 10 });
  });
}

/** A hundred steps at once. */
async function storm(step: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: 100 }, (_, index) => step(index)));
}
