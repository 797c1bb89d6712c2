// Measures what a long-running process keeps: once the ring of records is full, further calls must not grow the heap.
//
// Usage: node --expose-gc scripts/measure-heap.mjs [--short]
//
// The calls go through a test double and the built package, and end in every way a call can end. `--short` measures
// between call 150 000 and 250 000, for CI; without it, a million calls are measured.
import { parseArgs } from 'node:util';
import { createGuard } from '../dist/index.js';
import { createFakeClock } from '../dist/testing/index.js';

const MAX_GROWTH_BYTES = 5_000_000;
const CALLS_BEFORE = 150_000;
const CALLS_BETWEEN_PAUSES = 500;
/**
 * The table behind a WeakMap is as large as it ever had to be between two collections, and keeps that size. Collecting
 * often and regularly makes it equally small at both ends of the measurement; nothing that is leaked goes by it.
 */
const CALLS_BETWEEN_COLLECTIONS = 25_000;
/** How far the clock moves with each call: leases are over after 900 calls, so that holds nobody resolves expire. */
const MS_PER_CALL = 1000;

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const measuredCalls = values.short ? 100_000 : 1_000_000;
if (globalThis.gc === undefined) throw new Error('Run node with --expose-gc');

// Timers fall due by the same clock as leases do, or they would wait for minutes that the calls have long passed.
const clock = createFakeClock({ nowMs: Date.UTC(2026, 0, 1) });

const LONG_PROMPT = 'The quick brown fox jumps over the lazy dog. '.repeat(250);
const USAGE = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
const seen = { records: 0, events: 0 };
const guard = createGuard({ clock, onUnpriced: 'warn', onStalePrices: 'ignore', onWarning: () => {} });
const removeSink = guard.addSink({
  name: 'counter',
  write(records) {
    seen.records += records.length;
  },
  onEvent() {
    seen.events += 1;
  },
});
const client = guard.instrument({ chat: { completions: { create: answer } } });
const service = guard.budget({ name: 'service', usd: 1_000_000, alertAt: [0.5] });

async function answer({ model, stream, metadata }) {
  if (metadata?.ending === 'lost') throw new Error('socket hang up');
  if (metadata?.ending === 'rejected') throw Object.assign(new Error('rate limit'), { status: 429 });
  if (stream) return chunks(model);
  return { model, choices: [{ index: 0, message: { role: 'assistant', content: 'Yes' } }], usage: USAGE };
}

async function* chunks(model) {
  yield { model, choices: [{ index: 0, delta: { content: 'Yes' }, finish_reason: null }] };
  yield { model, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  yield { model, choices: [], usage: USAGE };
}

function call(rest = {}) {
  const messages = [{ role: 'user', content: 'What is this?' }];
  return client.chat.completions.create({ model: 'gpt-4o', max_tokens: 100, messages, ...rest });
}

/** Reads `most` events of a stream and leaves. */
async function readStream(most) {
  let read = 0;
  for await (const _ of await call({ stream: true })) {
    read += 1;
    if (read === most) return;
  }
}

/** One way a call can go, for each remainder of its number. All of them, so that a leak in any of them shows. */
const WAYS = [
  () => call(),
  () => guard.budget({ name: 'request', usd: 1 }).run(() => call()),
  () => readStream(10),
  () => guard.budget({ usd: 1, tokens: 10_000, calls: 3 }).run(() => guard.budget({ usd: 0.5 }).run(() => call())),
  () => guard.budget({ usd: 0 }).run(() => call()),
  () => guard.budget({ usd: 0.0006, onExceed: 'clamp' }).run(() => call({ max_tokens: 4000 })),
  () => guard.budget({ usd: 0.0003, onExceed: 'downgrade', downgrade: { 'gpt-4o': 'gpt-4o-mini' } }).run(() => call()),
  () => guard.budget({ usd: 0.000001, onExceed: 'truncate' }).run(() => call()),
  () => guard.budget({ usd: 0.00001, onExceed: 'raise' }).run(() => call()),
  () => guard.budget({ usd: 0.002, waitMs: 60_000 }).run(() => Promise.all([call(), call()])),
  () => call({ metadata: { ending: 'rejected' } }),
  (number) => call({ messages: [{ role: 'user', content: LONG_PROMPT + number }] }),
  (number) => (number % 10 === 0 ? call({ model: `unknown-model-${number}` }) : call()),
  (number) => (number % 10 === 1 ? call({ metadata: { ending: 'lost' } }) : call()),
  (number) => (number % 10 === 2 ? call({ stream: true }) : call()),
  (number) => (number % 10 === 3 ? readStream(1) : call()),
];

/** Counts of the calls that were refused or failed: a measurement in which nothing of that kind happens measures less. */
const outcomes = { settled: 0, refused: 0, failed: 0 };

async function makeCalls(from, to) {
  await service.run(async () => {
    for (let number = from; number < to; number += 1) {
      clock.advance(MS_PER_CALL);
      const tags = { feature: `feature-${number % 7}`, userId: 10_000_000 + number };
      try {
        await guard.track(tags, () => WAYS[number % WAYS.length](number));
        outcomes.settled += 1;
      } catch (error) {
        outcomes[error.name === 'BudgetExceededError' ? 'refused' : 'failed'] += 1;
      }
      // Sinks write between the turns of the event loop, as they do in a server.
      if (number % CALLS_BETWEEN_PAUSES === 0) await new Promise(setImmediate);
      if (number % CALLS_BETWEEN_COLLECTIONS === 0) globalThis.gc();
    }
  });
  await guard.flush();
}

/** Bytes in use once everything that can be collected has been. */
async function measure() {
  for (let round = 0; round < 4; round += 1) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

await makeCalls(0, CALLS_BEFORE);
const before = await measure();
await makeCalls(CALLS_BEFORE, CALLS_BEFORE + measuredCalls);
const after = await measure();
const growth = after - before;

console.log(`heap after ${CALLS_BEFORE} calls: ${megabytes(before)}`);
console.log(`heap after ${measuredCalls} more: ${megabytes(after)}, ${megabytes(growth)} more`);
console.log(
  `calls: ${JSON.stringify(outcomes)}; dropped records: ${guard.dropped()}; at the sink: ${JSON.stringify(seen)}`,
);
await removeSink();
if (growth > MAX_GROWTH_BYTES) {
  console.error(`heap: ${megabytes(growth)} is above the limit of ${megabytes(MAX_GROWTH_BYTES)}`);
  process.exitCode = 1;
}
if (outcomes.settled === 0 || outcomes.refused === 0 || outcomes.failed === 0 || guard.dropped() === 0) {
  console.error('heap: not every kind of call happened, so that nothing was proven');
  process.exitCode = 1;
}
