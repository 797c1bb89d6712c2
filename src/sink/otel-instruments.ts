import { BUCKETS, METRIC } from '../semconv.js';
import type { OtelCounter, OtelHistogram, OtelMeter } from './otel-api.js';

/** What the sink measures with. */
export interface OtelInstruments {
  readonly tokenUsage: OtelHistogram;
  readonly operationDuration: OtelHistogram;
  readonly cost: OtelCounter;
  readonly budgetEvents: OtelCounter;
}

/** Makes the instruments on `meter`, with the units and buckets of the conventions. */
export function createInstruments(meter: OtelMeter): OtelInstruments {
  return {
    tokenUsage: meter.createHistogram(METRIC.tokenUsage, {
      description: 'Number of input and output tokens used.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: [...BUCKETS.tokenUsage] },
    }),
    operationDuration: meter.createHistogram(METRIC.operationDuration, {
      description: 'GenAI operation duration.',
      unit: 's',
      advice: { explicitBucketBoundaries: [...BUCKETS.operationDuration] },
    }),
    cost: meter.createCounter(METRIC.cost, {
      description: 'What GenAI operations were booked at, in US dollars.',
      unit: '{USD}',
    }),
    budgetEvents: meter.createCounter(METRIC.budgetEvents, {
      description: 'What budgets did: calls blocked, downgraded, clamped and so on.',
      unit: '{event}',
    }),
  };
}
