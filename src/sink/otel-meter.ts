import { loadOtelApi, type OtelApi, type OtelMeter, type OtelMeterProvider } from './otel-api.js';
import { createInstruments, type OtelInstruments } from './otel-instruments.js';

const SCOPE_NAME = 'tokenguard';

/** Where the instruments come from. */
export interface MeterSource {
  /** The instruments of the meter in force; `undefined` while nobody would take what they measure. */
  instruments(): Promise<OtelInstruments | undefined>;
  /** Asks the provider, where it can, to send what it has. */
  flush(): Promise<void>;
}

/** What to measure with; without either, the global provider. */
export interface MeterChoice {
  readonly meter?: OtelMeter;
  readonly meterProvider?: OtelMeterProvider;
}

/** Makes the source of a chosen meter or provider, or of the global one. */
export function meterSource({ meter, meterProvider }: MeterChoice): MeterSource {
  const chosen = meter ?? meterProvider?.getMeter(SCOPE_NAME);
  if (chosen === undefined) return globalSource();
  const instruments = createInstruments(chosen);
  return {
    instruments: async () => instruments,
    flush: async () => {
      await meterProvider?.forceFlush?.();
    },
  };
}

function globalSource(): MeterSource {
  let api: Promise<OtelApi> | undefined;
  let known: { readonly provider: OtelMeterProvider; readonly instruments: OtelInstruments | undefined } | undefined;
  const load = () => {
    api ??= loadOtelApi();
    return api;
  };

  return {
    async instruments() {
      const { metrics, createNoopMeter } = await load();
      // Asked each time: the metrics API has no meter that starts to work once a provider is registered, so a meter
      // taken too early would measure into nothing for ever.
      const provider = metrics.getMeterProvider();
      if (known?.provider !== provider) {
        const meter = provider.getMeter(SCOPE_NAME);
        known = { provider, instruments: meter === createNoopMeter() ? undefined : createInstruments(meter) };
      }
      return known.instruments;
    },
    async flush() {
      const { metrics } = await load();
      await metrics.getMeterProvider().forceFlush?.();
    },
  };
}
