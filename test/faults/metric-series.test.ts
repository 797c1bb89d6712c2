import { describe, expect, it } from 'vitest';
import { otelSink } from '../../src/sink/otel.js';
import { makeRecord } from '../report/records.js';

/** A meter that keeps which series there are, as a metrics backend has to. */
function seriesMeter() {
  const series = new Map<string, Set<string>>();
  const instrument = (name: string) => {
    const own = new Set<string>();
    series.set(name, own);
    const take = (_: number, attributes: object = {}) => void own.add(JSON.stringify(attributes));
    return { record: take, add: take };
  };
  return { series, meter: { createHistogram: instrument, createCounter: instrument } };
}

describe('a hundred thousand users', () => {
  const users = 100_000;
  const batch = 10_000;

  async function writeAll(tags: readonly string[], maxTagValues: number) {
    const { series, meter } = seriesMeter();
    const sink = otelSink({ meter, tags, maxTagValues });
    for (let from = 0; from < users; from += batch) {
      const records = Array.from({ length: batch }, (_, index) =>
        makeRecord({ id: `record-${from + index}`, tags: { feature: 'search', userId: `user-${from + index}` } }),
      );
      await sink.write(records);
    }
    return series;
  }

  it('are one series where the tag of the user is not named', async () => {
    const series = await writeAll(['feature'], 100);
    expect(series.get('tokenguard.cost')?.size).toBe(1);
  });

  it('are as many series as were allowed and one of others where it is', async () => {
    const series = await writeAll(['feature', 'userId'], 100);
    expect(series.get('tokenguard.cost')?.size).toBe(101);
    // Input and output tokens are apart.
    expect(series.get('gen_ai.client.token.usage')?.size).toBe(202);
    expect(Math.max(...[...series.values()].map((each) => each.size))).toBe(202);
  });
});

it('refused calls of any user, model and budget make no more series of events than were allowed', async () => {
  const { series, meter } = seriesMeter();
  const sink = otelSink({ meter, tags: ['userId'], maxTagValues: 5 });
  for (let index = 0; index < 10_000; index += 1) {
    const tags = { userId: `user-${index}` };
    await sink.onEvent?.({ name: 'blocked', timeMs: 0, budget: `budget-${index}`, model: `model-${index}`, tags });
  }
  expect(series.get('tokenguard.budget.events')?.size).toBe(6);
});
