import { ConfigError } from '../errors.js';

/** Values by attribute key. */
export type OtelAttributes = Record<string, string>;

/** What this package needs of an OpenTelemetry instrument's options. */
export interface OtelInstrumentOptions {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { explicitBucketBoundaries: number[] };
}

export interface OtelHistogram {
  record(value: number, attributes?: OtelAttributes): void;
}

export interface OtelCounter {
  add(value: number, attributes?: OtelAttributes): void;
}

/** The shape of a `Meter` of `@opentelemetry/api`. */
export interface OtelMeter {
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram;
  createCounter(name: string, options?: OtelInstrumentOptions): OtelCounter;
}

/** The shape of a `MeterProvider`; one of the SDK can be flushed besides. */
export interface OtelMeterProvider {
  getMeter(name: string, version?: string): OtelMeter;
  forceFlush?(): Promise<void>;
}

/** The part of `@opentelemetry/api` that finds the global meter provider. */
export interface OtelApi {
  readonly metrics: { getMeterProvider(): OtelMeterProvider };
  createNoopMeter(): OtelMeter;
}

/**
 * Loads `@opentelemetry/api`.
 *
 * @throws ConfigError when it is not installed.
 */
export async function loadOtelApi(): Promise<OtelApi> {
  try {
    return await import('@opentelemetry/api');
  } catch (error) {
    throw new ConfigError({
      option: 'otelSink',
      value: (error as NodeJS.ErrnoException).code ?? 'no meter',
      remedy: 'install @opentelemetry/api, or give otelSink a meter or a meterProvider',
    });
  }
}
