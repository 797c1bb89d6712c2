import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EVENT_NAMES } from '../../src/events.js';
import { createGuard, findBudgetError, type Guard, TokenguardError } from '../../src/index.js';
import { jsonlSink } from '../../src/sink/jsonl.js';
import { otelSink } from '../../src/sink/otel.js';
import { sqliteSink } from '../../src/sink/sqlite.js';
import type { FakeProvider, FakeReply } from '../../src/testing/index.js';
import { readAll } from '../behaviours/sdk-calls.js';
import { useProviders } from '../testing/clients.js';

const startProvider = useProviders();
const MARK = 'canary-7d41';
const KEY = `sk-key-${MARK}`;
const options = {
  apiKey: KEY,
  maxRetries: 0,
  logLevel: 'off',
  defaultHeaders: { 'x-team-secret': `header-${MARK}` },
  defaultQuery: { key: `query-${MARK}` },
} as const;

/** How a call is made; everything a caller may not want to read elsewhere is in it. */
interface Caller {
  readonly name: string;
  open(provider: FakeProvider, guard: Guard): (stream: boolean, model?: string) => Promise<unknown>;
}

const CALLERS: readonly Caller[] = [
  {
    name: 'openai',
    open(provider, guard) {
      const client = guard.instrument(new OpenAI({ ...options, baseURL: provider.openaiBaseURL }));
      return (stream, model = 'gpt-4o') =>
        client.chat.completions.create({
          model,
          stream,
          max_tokens: 50,
          messages: [
            { role: 'system', content: `system-${MARK}` },
            { role: 'user', content: `prompt-${MARK}` },
            {
              role: 'assistant',
              tool_calls: [
                { id: 'call_1', type: 'function', function: { name: 'find', arguments: `{"a":"${MARK}"}` } },
              ],
            },
            { role: 'tool', tool_call_id: 'call_1', content: `tool-result-${MARK}` },
          ],
          tools: [{ type: 'function', function: { name: 'find', description: `tool-${MARK}`, parameters: {} } }],
          metadata: { note: `metadata-${MARK}` },
        } as never);
    },
  },
  {
    name: 'anthropic',
    open(provider, guard) {
      const client = guard.instrument(new Anthropic({ ...options, baseURL: provider.anthropicBaseURL }));
      return (stream, model = 'claude-sonnet-4-6') =>
        client.messages.create({
          model,
          stream,
          max_tokens: 50,
          system: `system-${MARK}`,
          messages: [
            { role: 'user', content: `prompt-${MARK}` },
            { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'find', input: { a: MARK } }] },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: `result-${MARK}` }] },
          ],
          tools: [{ name: 'find', description: `tool-${MARK}`, input_schema: { type: 'object' } }],
          metadata: { user_id: `metadata-${MARK}` },
        } as never);
    },
  },
];

type Call = (stream: boolean, model?: string) => Promise<unknown>;

/** What becomes of a call: the provider's answer, and what the caller does. */
const ENDINGS: readonly (readonly [string, FakeReply, (guard: Guard, call: Call) => unknown])[] = [
  ['is answered', {}, (_, call) => call(false)],
  ['is refused', {}, (guard, call) => guard.budget({ usd: 0 }).run(() => call(false))],
  ['asks for an unknown model', {}, (guard, call) => guard.budget({ usd: 1 }).run(() => call(false, 'unknown-x'))],
  ['is clamped', {}, (guard, call) => guard.budget({ usd: 0.003, onExceed: 'clamp' }).run(() => call(false))],
  ['crosses a cap', {}, (guard, call) => guard.budget({ usd: 0.00001, onExceed: 'raise' }).run(() => call(false))],
  ['is answered with an error', { status: 500 }, (_, call) => call(false)],
  ['is reset', { fault: 'reset-before-headers' }, (_, call) => call(false)],
  ['ends in its middle', { fault: 'truncated-json' }, (_, call) => call(false)],
  ['is streamed', {}, async (_, call) => readAll((await call(true)) as AsyncIterable<unknown>)],
  [
    'is streamed and left',
    {},
    async (_, call) => {
      for await (const _event of (await call(true)) as AsyncIterable<unknown>) break;
    },
  ],
  [
    'is streamed and reset',
    { fault: 'cut-stream' },
    async (_, call) => readAll((await call(true)) as AsyncIterable<unknown>),
  ],
  [
    'is streamed as nonsense',
    { fault: 'malformed-sse' },
    async (_, call) => readAll((await call(true)) as AsyncIterable<unknown>),
  ],
  [
    'is cut by a budget',
    { outputTokens: 50, chunks: Array(40).fill('some words of an answer ') },
    (guard, call) =>
      guard
        .budget({ tokens: 400, onExceed: 'break' })
        .run(async () => readAll((await call(true)) as AsyncIterable<unknown>)),
  ],
];

/** Everything a logger could print of `value`. */
function printed(value: unknown): string {
  const shown = inspect(value, { depth: 20, getters: true, showHidden: true });
  const message = value instanceof Error ? `${value.message} ${value.stack}` : '';
  const json = JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item));
  return `${json} ${shown} ${message}`;
}

const folders: string[] = [];
let logged: unknown[] = [];

beforeEach(() => {
  logged = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...parts) => void logged.push(...parts));
  }
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void logged.push(warning));
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A guard with every sink there is, and what all of them have been told. */
function openEverything() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-canaries-'));
  folders.push(folder);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const guard = createGuard({
    sinks: [
      sqliteSink({ file: join(folder, 'spend.db') }),
      jsonlSink({ file: join(folder, 'spend.jsonl') }),
      otelSink({ meterProvider, tags: ['feature'] }),
    ],
  });
  const told: unknown[] = [];
  for (const name of EVENT_NAMES) guard.on(name, (event) => told.push({ name, event }));
  guard.addSink({
    name: 'all',
    write: (records) => void told.push(...records),
    onEvent: (event) => void told.push(event),
  });

  return {
    guard,
    async readEverything() {
      await guard.flush();
      await meterProvider.forceFlush();
      const metrics = exporter.getMetrics().map(printed);
      await guard.shutdown();
      await meterProvider.shutdown();
      const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'));
      const report = guard.report({ groupBy: ['feature', '$model'] });
      const reported = [report.toJSON(), report.total(), String(report.toCSV()), report.toTable()].map(printed);
      return {
        files,
        text: [...files, ...metrics, ...reported, ...told.map(printed), ...logged.map(printed)].join('\n'),
      };
    },
  };
}

describe.each(CALLERS)('keys and prompts of $name', ({ open }) => {
  it.each(ENDINGS)(
    'are in no error, record, event, metric, log line or file of a call that %s',
    async (_, reply, run) => {
      const provider = await startProvider({ respond: reply });
      const { guard, readEverything } = openEverything();
      const call = open(provider, guard);

      const errors: unknown[] = [];
      await guard.track({ feature: 'visible-feature' }, async () => {
        try {
          await run(guard, call);
        } catch (error) {
          errors.push(error);
        }
      });

      const { text, files } = await readEverything();
      const own = errors.map((error) => findBudgetError(error) ?? error);
      // An SDK's own error holds its own request; what it says is what a program logs.
      const said = own.map((error) =>
        error instanceof TokenguardError ? printed(error) : `${error} ${(error as Error).stack}`,
      );
      expect([text, ...said].join('\n')).not.toContain(MARK);
      const { calls } = guard.report().total();
      // What was recorded has reached both files, so that there was something to look through.
      if (calls > 0)
        expect(files.filter((bytes) => bytes.includes('visible-feature')).length).toBeGreaterThanOrEqual(2);
      for (const { bodyText } of provider.requests) expect(bodyText).toContain(`prompt-${MARK}`);
    },
  );
});

describe('a key in the URL of a call', () => {
  const url = `https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent?key=${KEY}`;
  const body = JSON.stringify({
    contents: [{ parts: [{ text: `prompt-${MARK}` }] }],
    generationConfig: { maxOutputTokens: 9 },
  });
  const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 5, totalTokenCount: 10 };

  it.each<[string, { usd: number }, () => Promise<Response>]>([
    ['answered', { usd: 1 }, async () => Response.json({ candidates: [], usageMetadata })],
    ['refused', { usd: 0 }, async () => Response.json({})],
    [
      'lost',
      { usd: 1 },
      async () => {
        throw new TypeError('fetch failed');
      },
    ],
  ])('is in no error, record, event, metric, log line or file where the call is %s', async (_, caps, send) => {
    const { guard, readEverything } = openEverything();
    const fetch = guard.guardFetch(send);
    const result = await guard.track({ feature: 'visible-feature' }, () =>
      guard
        .budget(caps)
        .run(() => fetch(url, { method: 'POST', headers: { 'x-goog-api-key': KEY }, body }).then(String, printed)),
    );
    const { text } = await readEverything();
    expect(`${result} ${text}`).not.toContain(MARK);
    expect(text).toContain('visible-feature');
  });
});

describe('a client that cannot be guarded', () => {
  it.each<[string, unknown]>([
    ['an unknown client', { apiKey: KEY, send: () => KEY }],
    ['a function', Object.assign(() => KEY, { apiKey: KEY })],
    ['a key in the place of its client', KEY],
  ])('does not bring its key into the error: %s', (_, client) => {
    let error: unknown;
    try {
      createGuard().instrument(client as object);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TokenguardError);
    expect(printed(error)).not.toContain(MARK);
  });
});
