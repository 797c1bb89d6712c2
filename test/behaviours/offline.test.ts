import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createGuard } from '../../src/index.js';
import { openaiFor, useProviders } from '../testing/clients.js';

const start = useProviders();

afterEach(() => {
  vi.restoreAllMocks();
});

test('nothing but the call itself opens a connection', async () => {
  const provider = await start();
  const connect = vi.spyOn(Socket.prototype, 'connect');
  const guard = createGuard();
  const openai = guard.instrument(openaiFor(provider));
  const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hello' }] };
  await guard.estimate(request);
  guard.prices.lookup('gpt-4o');
  const refused = guard.budget({ calls: 0 }).run(() => openai.chat.completions.create(request));
  await expect(refused).rejects.toMatchObject({ code: 'budget_exceeded' });
  guard.report().toTable();
  await guard.flush();
  expect(connect).not.toHaveBeenCalled();

  await guard.budget({ usd: 1 }).run(() => openai.chat.completions.create(request));
  expect(provider.calls).toBe(1);
  expect(connect).toHaveBeenCalledTimes(1);
});
