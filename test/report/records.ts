import { RECORD_SCHEMA_VERSION, type SpendRecord } from '../../src/sink/sink.js';

/** A record of a call that cost 7.5 million nano-dollars, with what a test cares about put in its place. */
export function makeRecord(changes: Partial<SpendRecord> = {}): SpendRecord {
  return Object.freeze({
    id: 'record-1',
    schemaVersion: RECORD_SCHEMA_VERSION,
    timeMs: Date.UTC(2026, 10, 24, 14, 5),
    provider: 'openai',
    operation: 'chat',
    model: 'gpt-test',
    usage: { inputTokens: 1000, outputTokens: 500 },
    costNanoUsd: 7_500_000,
    basis: 'priced',
    items: [{ kind: 'input', quantity: 1000, ratePicoUsd: 2_500_000, costPicoUsd: 2_500_000_000 }],
    tags: {},
    budgets: [],
    holdNanoUsd: 9_000_000,
    outcome: 'completed',
    stream: false,
    durationMs: 12.5,
    ...changes,
  } satisfies SpendRecord);
}

/** Tags with an own key that a plain object literal cannot have. */
export function tagsFrom(entries: readonly (readonly [string, string | number | boolean])[]): SpendRecord['tags'] {
  return Object.fromEntries(entries);
}
