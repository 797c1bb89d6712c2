import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EVENT_NAMES } from '../../src/events.js';
import { createGuard, type Guard } from '../../src/index.js';
import type { FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, readAll, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();
const KEY = 'sk-canary-key';
const PROMPT = 'canary-prompt-7f3a';
const ANSWER = 'canary-answer-91bc';

function bodyOf(sdk: SdkCall): object {
  return 'input' in sdk.body ? { input: PROMPT } : { messages: [{ role: 'user', content: PROMPT }] };
}

/** Everything a logger could print of `value`: as JSON, and with all that `inspect` can reach. */
function printed(value: unknown): string {
  const shown = inspect(value, { depth: 20, getters: true });
  const message = value instanceof Error ? `${value.message} ${value.stack}` : '';
  return `${JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item))} ${shown} ${message}`;
}

function listenToAll(guard: Guard): unknown[] {
  const events: unknown[] = [];
  for (const name of EVENT_NAMES) guard.on(name, (event) => events.push({ name, event }));
  return events;
}

/** What happens to a call, and which events tell of it. */
const SITUATIONS: readonly (readonly [string, FakeReply, (guard: Guard, call: () => unknown) => unknown, string])[] = [
  ['is refused', {}, (guard, call) => guard.budget({ usd: 0.000001 }).run(call), 'blocked'],
  ['ends its scope', {}, (guard, call) => guard.budget({ usd: 0.000001, onExceed: 'truncate' }).run(call), 'truncated'],
  ['crosses a cap', {}, (guard, call) => guard.budget({ usd: 0.00001, onExceed: 'raise' }).run(call), 'exceeded'],
  ['is clamped', {}, (guard, call) => guard.budget({ usd: 0.002, onExceed: 'clamp' }).run(call), 'clamped'],
  [
    'tells lies of its usage',
    { usage: { prompt_tokens: -1, input_tokens: -1, completion_tokens: 1, output_tokens: 1 } },
    (_, call) => call(),
    'invalid_usage',
  ],
  ['is lost', { fault: 'reset-after-headers' }, (_, call) => call(), 'presumed'],
  [
    'costs more than it was held for',
    { inputTokens: 90_000 },
    (guard, call) => guard.budget({ usd: 1 }).run(call),
    'overrun',
  ],
];

describe.each(SDK_CALLS)('a key, a prompt and an answer of $name', (sdk) => {
  it.each(SITUATIONS)('are in no error, record or event of a call that %s', async (_, reply, run, expected) => {
    const provider = await startProvider({ respond: { text: ANSWER, ...reply } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const events = listenToAll(guard);
    const { create, stream } = sdk.open(provider, { guard });
    const errors: unknown[] = [];

    for (const call of [() => create(bodyOf(sdk)), async () => readAll(await stream(bodyOf(sdk)))]) {
      try {
        await run(guard, call);
      } catch (error) {
        errors.push(error);
      }
    }

    expect(events.map((entry) => (entry as { name: string }).name)).toContain(expected);
    const text = [...errors, ...events, ...(await records())].map(printed).join('\n');
    for (const canary of [KEY, PROMPT, ANSWER]) expect(text).not.toContain(canary);
    expect(text.length).toBeGreaterThan(100);
  });
});
