import { ConfigError } from '../errors.js';
import { nanoToUsd } from '../money.js';
import { ATTRIBUTE } from '../semconv.js';
import { checkedCount, refuseUnknownOptions } from './options.js';
import type { OtelMeter, OtelMeterProvider } from './otel-api.js';
import { createAttributeMaker } from './otel-attributes.js';
import type { OtelInstruments } from './otel-instruments.js';
import { meterSource } from './otel-meter.js';
import type { Sink, SpendRecord } from './sink.js';

/** What an OpenTelemetry sink measures with, and which tags it shows. */
export interface OtelSinkOptions {
  /** Unless given, and without a `meterProvider`, the global provider's, whenever that is registered. */
  readonly meter?: OtelMeter;
  readonly meterProvider?: OtelMeterProvider;
  /** The tags that become attributes, as `tokenguard.tag.` and their key. None unless given. */
  readonly tags?: readonly string[];
  /** How many values a tag, model or budget name may have; each further one is shown as `other`. 100 unless given. */
  readonly maxTagValues?: number;
  /** The sink's identity; `otel` unless given. */
  readonly name?: string;
}

/** A sink that measures with OpenTelemetry. */
export interface OtelSink extends Sink {
  write(records: readonly SpendRecord[]): Promise<void>;
  flush(): Promise<void>;
}

const OPTION_KEYS = ['meter', 'meterProvider', 'tags', 'maxTagValues', 'name'];

/** How many expired attempts are remembered for the case that they still come back. */
const MAX_EXPIRED = 10_000;

/**
 * Reports calls as OpenTelemetry metrics: `gen_ai.client.token.usage` by `gen_ai.token.type` (tokens the provider told,
 * not ones counted here), `gen_ai.client.operation.duration` in seconds, `tokenguard.cost` in US dollars, and
 * `tokenguard.budget.events`. While no provider is registered, nothing is measured. `flush` flushes the provider.
 *
 * Needs the package `@opentelemetry/api` unless a meter or a provider is given. No prompt, key or header is measured,
 * and no tag that `tags` does not name.
 *
 * @throws ConfigError for an option that is unknown or cannot be used.
 *
 * @example
 * addSink(otelSink({ tags: ['feature'] }));
 */
export function otelSink(options: OtelSinkOptions = {}): OtelSink {
  refuseUnknownOptions('otelSink', options, OPTION_KEYS);
  const source = meterSource(checkedMeter(options));
  const attributes = createAttributeMaker({
    tags: checkedTags(options.tags ?? []),
    maxTagValues: checkedCount('maxTagValues', options.maxTagValues ?? 100, 0),
  });
  const expired = createExpiredCosts();

  function measure(instruments: OtelInstruments, record: SpendRecord): void {
    const common = attributes.ofRecord(record);
    const { usage, basis, outcome } = record;
    // An attempt that was thought lost and came back was timed when it expired; its cost is corrected below.
    const earlierNanoUsd = expired.take(record);
    if (earlierNanoUsd === undefined) {
      const error = ERROR_TYPES[outcome];
      const labels = error === undefined ? common : { ...common, [ATTRIBUTE.errorType]: error };
      instruments.operationDuration.record(record.durationMs / 1000, labels);
    }
    // The conventions forbid token counts that the instrumentation made up itself.
    if (usage !== undefined && basis !== 'estimated') {
      instruments.tokenUsage.record(usage.inputTokens, { ...common, [ATTRIBUTE.tokenType]: 'input' });
      instruments.tokenUsage.record(usage.outputTokens, { ...common, [ATTRIBUTE.tokenType]: 'output' });
    }
    // A counter cannot go down, so of a correction only what is more than before is counted.
    const added = Math.max(0, record.costNanoUsd - (earlierNanoUsd ?? 0));
    instruments.cost.add(nanoToUsd(added), { ...common, [ATTRIBUTE.costBasis]: basis });
  }

  return {
    name: options.name ?? 'otel',
    async write(records) {
      const instruments = await source.instruments();
      if (instruments === undefined) return;
      for (const record of records) measure(instruments, record);
    },
    async onEvent(event) {
      const instruments = await source.instruments();
      instruments?.budgetEvents.add(1, attributes.ofEvent(event));
    },
    flush: () => source.flush(),
  };
}

/** `error.type` by outcome; a call that its reader cut is no failure. */
const ERROR_TYPES: Readonly<Partial<Record<SpendRecord['outcome'], string>>> = { failed: '_OTHER', expired: 'timeout' };

/** Remembers what expired attempts were charged, the newest of them. */
function createExpiredCosts() {
  const costs = new Map<string, number>();
  return {
    /** What this attempt was already counted with; `undefined` for one that is new. */
    take(record: SpendRecord): number | undefined {
      const earlier = costs.get(record.id);
      costs.delete(record.id);
      if (record.outcome === 'expired') costs.set(record.id, Math.max(record.costNanoUsd, earlier ?? 0));
      const [oldest] = costs.size > MAX_EXPIRED ? costs.keys() : [];
      if (oldest !== undefined) costs.delete(oldest);
      return earlier;
    },
  };
}

function checkedTags(tags: readonly string[]): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== '')) return [...new Set(tags)];
  throw new ConfigError({ option: 'tags', value: tags, remedy: "give the tag keys to show, such as ['feature']" });
}

function checkedMeter(options: OtelSinkOptions): Pick<OtelSinkOptions, 'meter' | 'meterProvider'> {
  const { meter, meterProvider } = options;
  if (meter !== undefined && typeof meter?.createHistogram !== 'function') {
    throw new ConfigError({ option: 'meter', value: meter, remedy: 'give a Meter of @opentelemetry/api' });
  }
  if (meterProvider !== undefined && typeof meterProvider?.getMeter !== 'function') {
    const remedy = 'give a MeterProvider of @opentelemetry/api';
    throw new ConfigError({ option: 'meterProvider', value: meterProvider, remedy });
  }
  return options;
}
