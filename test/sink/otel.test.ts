import { type MeterProvider as ApiMeterProvider, createNoopMeter, metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createGuard } from '../../src/guard.js';
import { type OtelSinkOptions, otelSink } from '../../src/sink/otel.js';
import type { SinkEvent } from '../../src/sink/sink.js';
import { makeRecord } from '../report/records.js';

const opened: MeterProvider[] = [];
afterEach(async () => {
  metrics.disable();
  await Promise.all(opened.splice(0).map((provider) => provider.shutdown()));
});

/** A provider of the real SDK whose metrics a test can read. */
function openProvider() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Longer than any test: what is exported is what a test asks for.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  opened.push(provider);
  return {
    provider,
    async read(): Promise<ReadonlyMap<string, MetricData>> {
      exporter.reset();
      await provider.forceFlush();
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return new Map(all.flatMap((scope) => scope.metrics).map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

function pointsOf(metric: MetricData | undefined): { attributes: object; value: unknown }[] {
  return metric?.dataPoints.map(({ attributes, value }) => ({ attributes: { ...attributes }, value })) ?? [];
}

function sumsOf(metric: MetricData | undefined): number[] {
  return pointsOf(metric).map(({ value }) => (typeof value === 'number' ? value : (value as { sum: number }).sum));
}

async function measured(options: OtelSinkOptions, ...records: Parameters<typeof makeRecord>[0][]) {
  const { provider, read } = openProvider();
  const sink = otelSink({ meterProvider: provider, ...options });
  await sink.write(records.map((record, index) => makeRecord({ id: `record-${index}`, ...record })));
  return read();
}

const event = (changes: Partial<SinkEvent> = {}): SinkEvent => ({ name: 'blocked', timeMs: 0, tags: {}, ...changes });

describe('the metrics of a call', () => {
  const common = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'x_ai',
    'gen_ai.request.model': 'gpt-test',
    'gen_ai.response.model': 'gpt-test-2026',
  };

  it('have the names, units, buckets and attributes of the conventions', async () => {
    const all = await measured({}, { provider: 'x-ai', servedModel: 'gpt-test-2026', durationMs: 1500 });
    const tokens = all.get('gen_ai.client.token.usage');
    expect(tokens?.descriptor.unit).toBe('{token}');
    expect(pointsOf(tokens)).toEqual([
      { attributes: { ...common, 'gen_ai.token.type': 'input' }, value: expect.objectContaining({ sum: 1000 }) },
      { attributes: { ...common, 'gen_ai.token.type': 'output' }, value: expect.objectContaining({ sum: 500 }) },
    ]);
    const [input] = pointsOf(tokens) as { value: { buckets: { boundaries: number[] } } }[];
    expect([input?.value.buckets.boundaries.length, input?.value.buckets.boundaries.at(-1)]).toEqual([14, 67_108_864]);
    const duration = all.get('gen_ai.client.operation.duration');
    expect([duration?.descriptor.unit, pointsOf(duration)]).toEqual([
      's',
      [{ attributes: common, value: expect.objectContaining({ sum: 1.5, count: 1 }) }],
    ]);
    const cost = all.get('tokenguard.cost');
    expect([cost?.descriptor.unit, pointsOf(cost)]).toEqual([
      '{USD}',
      [{ attributes: { ...common, 'tokenguard.cost.basis': 'priced' }, value: 0.0075 }],
    ]);
  });

  it.each([
    ['failed', '_OTHER'],
    ['expired', 'timeout'],
    ['cut', undefined],
  ] as const)('of one that was %s carry the error type %s', async (outcome, type) => {
    const [point] = pointsOf((await measured({}, { outcome })).get('gen_ai.client.operation.duration'));
    expect(Object.entries(point?.attributes ?? {}).filter(([key]) => key === 'error.type')).toEqual(
      type === undefined ? [] : [['error.type', type]],
    );
    expect(point).toBeDefined();
  });

  it('count no tokens that the provider did not tell', async () => {
    const { usage: _usage, ...unknown } = makeRecord({ basis: 'presumed' });
    const { provider, read } = openProvider();
    await otelSink({ meterProvider: provider }).write([unknown, makeRecord({ id: 'b', basis: 'estimated' })]);
    const all = await read();
    expect([all.has('gen_ai.client.token.usage'), sumsOf(all.get('tokenguard.cost'))]).toEqual([
      false,
      [0.0075, 0.0075],
    ]);
  });

  it('count an attempt once that expired and then came back', async () => {
    const late = { id: 'late', costNanoUsd: 12_000_000 } as const;
    const all = await measured(
      {},
      { ...late, outcome: 'expired', basis: 'presumed', costNanoUsd: 9_000_000 },
      late,
      { id: 'cheaper', outcome: 'expired', basis: 'presumed', costNanoUsd: 2_000_000 },
      { id: 'cheaper', costNanoUsd: 1_000_000 },
    );
    expect(sumsOf(all.get('tokenguard.cost')).map((usd) => usd.toFixed(6))).toEqual(['0.011000', '0.003000']);
    const counts = pointsOf(all.get('gen_ai.client.operation.duration')).map(
      ({ value }) => (value as { count: number }).count,
    );
    expect(counts).toEqual([2]);
  });
});

describe('tags', () => {
  it('are shown only where they are named', async () => {
    const tags = { feature: 'search', tier: 1, apiKey: 'sk-canary', userId: 'ann' };
    const all = await measured({ tags: ['feature', 'tier', 'absent'] }, { tags });
    const text = JSON.stringify([...all.values()]);
    expect(text).not.toMatch(/sk-canary|ann"|apiKey|absent/);
    expect(pointsOf(all.get('tokenguard.cost'))[0]?.attributes).toMatchObject({
      'tokenguard.tag.feature': 'search',
      'tokenguard.tag.tier': '1',
    });
    expect(JSON.stringify([...(await measured({}, { tags })).values()])).not.toContain('tokenguard.tag');
  });

  it('with more values than allowed are one series of others, and so are models', async () => {
    const users = Array.from({ length: 1000 }, (_, index) => ({
      tags: { userId: `user-${index % 500}` },
      model: `model-${index}`,
      servedModel: `served-${index}`,
    }));
    const all = await measured({ tags: ['userId'], maxTagValues: 3 }, ...users);
    const points = pointsOf(all.get('tokenguard.cost')) as { attributes: Record<string, string>; value: number }[];
    expect(points.map(({ attributes }) => attributes['tokenguard.tag.userId']).sort()).toEqual([
      ...['other', 'user-0', 'user-0', 'user-1', 'user-1', 'user-2', 'user-2'],
    ]);
    const sum = points.reduce((total, { value }) => total + value, 0);
    expect(sum).toBeCloseTo(7.5, 6);
  });

  it('are cut where they are endless', async () => {
    const all = await measured({ tags: ['text'] }, { tags: { text: 'x'.repeat(100_000) } });
    const [point] = pointsOf(all.get('tokenguard.cost')) as { attributes: Record<string, string> }[];
    expect(point?.attributes['tokenguard.tag.text']).toHaveLength(256);
  });
});

describe('budget events', () => {
  it('are counted by name, budget and the tags named', async () => {
    const { provider, read } = openProvider();
    const sink = otelSink({ meterProvider: provider, tags: ['feature'] });
    const tags = { feature: 'search', secret: 'sk-canary' };
    for (const each of [
      event({ budget: 'daily', tags }),
      event({ budget: 'daily', tags }),
      event({ name: 'clamped' }),
    ]) {
      await sink.onEvent?.(each);
    }
    const metric = (await read()).get('tokenguard.budget.events');
    expect(metric?.descriptor.unit).toBe('{event}');
    expect(pointsOf(metric)).toEqual([
      {
        attributes: {
          'tokenguard.event.name': 'blocked',
          'tokenguard.budget.name': 'daily',
          'tokenguard.tag.feature': 'search',
        },
        value: 2,
      },
      { attributes: { 'tokenguard.event.name': 'clamped' }, value: 1 },
    ]);
  });

  it('reach the sink of a guard', async () => {
    const { provider, read } = openProvider();
    const guard = createGuard({ sinks: [otelSink({ meterProvider: provider })] });
    const openai = guard.instrument({
      chat: {
        completions: { create: async (_body: object) => ({ usage: { prompt_tokens: 1, completion_tokens: 1 } }) },
      },
    });
    const call = () => openai.chat.completions.create({ model: 'gpt-4o', max_tokens: 5, messages: [] });
    await guard.budget({ name: 'none', usd: 0 }).run(() => expect(call()).rejects.toThrow(/refused/));
    await guard.budget({ name: 'some', usd: 1 }).run(call);
    await guard.flush();
    const all = await read();
    expect(pointsOf(all.get('tokenguard.budget.events'))).toEqual([
      { attributes: { 'tokenguard.event.name': 'blocked', 'tokenguard.budget.name': 'none' }, value: 1 },
    ]);
    expect(pointsOf(all.get('gen_ai.client.operation.duration'))).toHaveLength(1);
    await guard.shutdown();
  });
});

describe('the global provider', () => {
  it('is used also when it is registered after the sink was made and written to', async () => {
    const sink = otelSink();
    await sink.write([makeRecord({ id: 'early' })]);
    const { provider, read } = openProvider();
    metrics.setGlobalMeterProvider(provider);
    await sink.write([makeRecord({ id: 'late', costNanoUsd: 1_000_000_000 })]);
    await sink.onEvent?.(event());
    const all = await read();
    expect([sumsOf(all.get('tokenguard.cost')), sumsOf(all.get('tokenguard.budget.events'))]).toEqual([[1], [1]]);
  });

  it('is followed when it is replaced', async () => {
    const sink = otelSink();
    const [first, second] = [openProvider(), openProvider()];
    for (const { provider } of [first, second]) {
      metrics.disable();
      metrics.setGlobalMeterProvider(provider);
      await sink.write([makeRecord()]);
    }
    expect([
      sumsOf((await first.read()).get('tokenguard.cost')),
      sumsOf((await second.read()).get('tokenguard.cost')),
    ]).toEqual([[0.0075], [0.0075]]);
  });

  it('that is not there costs no instrument and no measurement', async () => {
    const noop = createNoopMeter();
    const touched: string[] = [];
    const record = new Proxy(makeRecord(), {
      get(target, key, receiver) {
        touched.push(String(key));
        return Reflect.get(target, key, receiver);
      },
    });
    const sink = otelSink({ tags: ['feature'] });
    await sink.write([record]);
    await sink.onEvent?.(event());
    await sink.flush();
    // Nothing was read of the record, so nothing can have been measured.
    expect([touched, metrics.getMeter('any') === noop]).toEqual([[], true]);
  });

  it('is asked once for each batch and makes its instruments once', async () => {
    const { provider } = openProvider();
    const calls: string[] = [];
    const counting: ApiMeterProvider = {
      getMeter: (name) => {
        calls.push(name);
        return provider.getMeter(name);
      },
    };
    metrics.setGlobalMeterProvider(counting);
    const sink = otelSink();
    for (let index = 0; index < 5; index += 1) await sink.write([makeRecord({ id: `${index}` }), makeRecord()]);
    expect(calls).toEqual(['tokenguard']);
  });

  it('is flushed with the sink', async () => {
    const flushes: string[] = [];
    const { provider } = openProvider();
    const flushable = {
      getMeter: (name: string) => provider.getMeter(name),
      forceFlush: async () => void flushes.push('flush'),
    };
    metrics.setGlobalMeterProvider(flushable);
    await otelSink().flush();
    await otelSink({ meterProvider: flushable }).flush();
    await otelSink({ meter: provider.getMeter('mine') }).flush();
    expect(flushes).toEqual(['flush', 'flush']);
  });
});

it('measures with a meter that is given, and leaves the global one alone', async () => {
  const [given, global] = [openProvider(), openProvider()];
  metrics.setGlobalMeterProvider(global.provider);
  await otelSink({ meter: given.provider.getMeter('mine') }).write([makeRecord()]);
  expect([(await given.read()).size, (await global.read()).size]).toEqual([3, 0]);
});

it.each([
  { tag: ['feature'] },
  { tags: 'feature' },
  { tags: [''] },
  { maxTagValues: -1 },
  { meter: {} },
  { meterProvider: null },
])('refuses the options %j', (options) => {
  expect(() => otelSink(options as unknown as OtelSinkOptions)).toThrow(ConfigError);
});
