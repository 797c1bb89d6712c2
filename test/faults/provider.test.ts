import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';
import { SDK_CALLS } from '../behaviours/sdk-calls.js';
import { useProviders } from '../testing/clients.js';

const startProvider = useProviders();
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

/** A server that sends every request on to `url`, as a load balancer or a moved endpoint does. */
async function startRedirect(url: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(307, { location: `${url}${request.url}` }).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const BODY = JSON.stringify({ model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] });

describe('a redirect', () => {
  it('is followed as without a guard, and the call is held and booked once', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 30 } });
    const url = `${await startRedirect(provider.url)}/v1/chat/completions`;
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY };
    const bare = await fetch(url, init);
    provider.reset();
    const guard = createGuard();

    const response = await guard.budget({ usd: 1 }).run(() => guard.guardFetch()(url, init));

    expect([response.status, response.redirected, response.url]).toEqual([bare.status, true, bare.url]);
    expect(guard.report().total()).toMatchObject({ calls: 1, tokens: 50, costUsd: provider.billed.usd });
    expect(provider.calls).toBe(1);
  });

  it('that nobody follows releases the hold', async () => {
    const provider = await startProvider();
    const url = `${await startRedirect(provider.url)}/v1/chat/completions`;
    const guard = createGuard();

    const after = await guard.budget({ usd: 1 }).run(async (scope) => {
      const response = await guard.guardFetch()(url, { method: 'POST', body: BODY, redirect: 'manual' });
      return { status: response.status, held: scope.held.calls, spent: scope.spent.calls };
    });

    expect(after).toEqual({ status: 307, held: 0, spent: 0 });
  });
});

describe.each(SDK_CALLS)('an answer of $name by a model that was not asked for', (sdk) => {
  const dearer = sdk.model === 'gpt-4o' ? 'gpt-4' : 'claude-opus-4-1';

  it('and is dearer is billed at its own price, and told as an overrun', async () => {
    const reply = { inputTokens: 500, outputTokens: 500, servedModel: dearer };
    const provider = await startProvider({ respond: reply });
    const guard = createGuard();
    const overruns: number[] = [];
    guard.on('overrun', ({ amounts }) => overruns.push(amounts.usd));
    const { create } = sdk.open(provider, { guard });

    const spent = await guard.budget({ usd: 10 }).run(async (scope) => {
      await create();
      return scope.spent.usd;
    });

    const price = guard.prices.lookup(dearer);
    expect(spent).toBeCloseTo((500 * (price?.input ?? 0) + 500 * (price?.output ?? 0)) / 1e6, 9);
    expect(overruns).toHaveLength(1);
    expect(overruns[0]).toBeGreaterThan(0);
  });
});
