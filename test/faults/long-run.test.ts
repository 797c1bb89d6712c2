import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { createFakeClock } from '../../src/testing/index.js';

const PROCESS_EVENTS = [
  'exit',
  'beforeExit',
  'SIGINT',
  'SIGTERM',
  'uncaughtException',
  'unhandledRejection',
  'warning',
];

describe('ten thousand calls, ended in every way', () => {
  it('leave no listener, no timer and no hold behind', async () => {
    const clock = createFakeClock();
    const guard = createGuard({ clock, onStalePrices: 'ignore' });
    const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
    const answers = [
      () => Response.json({ usage }),
      () => new Response('no', { status: 429 }),
      () =>
        new Response(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`, {
          headers: { 'content-type': 'text/event-stream' },
        }),
    ];
    let sent = 0;
    const fetch = guard.guardFetch(async () => {
      sent += 1;
      if (sent % 4 === 3) throw new TypeError('fetch failed');
      return (answers[sent % 4] as () => Response)();
    });
    const { signal } = new AbortController();
    const body = JSON.stringify({ model: 'gpt-4o', max_tokens: 10, messages: [] });
    const call = async () => {
      const response = await fetch('https://api.openai.com/v1/chat/completions', { method: 'POST', body, signal });
      return response.text();
    };
    const before = PROCESS_EVENTS.map((name) => process.listenerCount(name));
    const scopes: { readonly held: object }[] = [];

    for (let turn = 0; turn < 10_000; turn += 1) {
      const budget = guard.budget(turn % 7 === 0 ? { usd: 0 } : { usd: 1, waitMs: 10 });
      await budget.run(async (scope) => {
        if (turn % 100 === 0) scopes.push(scope);
        await call().catch(() => undefined);
      });
    }

    expect(sent).toBeGreaterThan(8000);
    expect(PROCESS_EVENTS.map((name) => process.listenerCount(name))).toEqual(before);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    for (const { held } of scopes) expect(held).toEqual({ usd: 0, tokens: 0, calls: 0 });
  });
});
