import { waitForUpdate } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { Prices } from '../../src/pricing/prices.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { startPriceHost } from './price-host.js';
import { answering, sampleData, samplePrices, TODAY } from './sample-prices.js';

/** The sample, with gpt-4o at another price. */
function cheaper(inputUsd: number) {
  const data = sampleData();
  Object.assign(data[0]?.models[0]?.prices as object, { input_mtok: inputUsd });
  return data;
}

describe('a refresh', () => {
  test('puts the fetched table in force, whole', async () => {
    const { prices, models } = samplePrices();
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
    const data = cheaper(2);
    data[0]?.models.push({ id: 'gpt-9', match: { equals: 'gpt-9' }, prices: { input_mtok: 7, output_mtok: 9 } });
    expect(prices.lookup('gpt-9')).toBeUndefined();
    const outcome = await prices.refresh({ fetch: answering(data) });
    expect(outcome).toEqual({ refreshed: true, asOf: TODAY, models: models + 1 });
    expect(prices.asOf).toBe(TODAY);
    expect(prices.lookup('gpt-4o')).toMatchObject({ input: 2, asOf: TODAY, source: expect.stringContaining('genai') });
    expect(prices.lookup('gpt-9')?.input).toBe(7);
  });

  test('keeps the limits, tiers and fees that only the bundled table has', async () => {
    const { prices } = samplePrices();
    await prices.refresh({ fetch: answering(cheaper(2)) });
    const bundled = new Prices().match('gpt-4o')?.price;
    const { maxOutputTokens, contextTokens, hidesReasoning, tiers, webSearch, fileSearch } = bundled ?? {};
    expect(maxOutputTokens).toBeGreaterThan(0);
    expect(fileSearch).toBe(2_500_000_000);
    const fetched = prices.match('gpt-4o')?.price;
    expect(fetched).toMatchObject({ maxOutputTokens, contextTokens, hidesReasoning, tiers, webSearch, fileSearch });
    expect(prices.match('gpt-4o-2024-08-06')?.price.input).toBe(2_000_000);
  });

  test('keeps what was registered', async () => {
    const { prices } = samplePrices();
    prices.register('gpt-4o', { input: 1, output: 1 });
    prices.register('mine', { input: 3, output: 3 });
    prices.alias('deployment', { like: 'gpt-4o-mini' });
    expect((await prices.refresh({ fetch: answering(cheaper(2)) })).refreshed).toBe(true);
    expect(['gpt-4o', 'mine', 'deployment'].map((model) => prices.lookup(model)?.input)).toEqual([1, 3, 0.15]);
  });

  test.each([
    [
      'was written',
      { 'last-modified': 'Tue, 10 Nov 2026 08:00:00 GMT', date: 'Fri, 20 Nov 2026 08:00:00 GMT' },
      '2026-11-10',
    ],
    ['was sent', { date: 'Fri, 20 Nov 2026 08:00:00 GMT' }, '2026-11-20'],
    ['was fetched, where its server is ahead', { date: 'Fri, 20 Nov 2099 08:00:00 GMT' }, TODAY],
    ['was fetched, where its server says nonsense', { date: 'soon' }, TODAY],
  ])('is of the day the table %s', async (_, headers, day) => {
    const { prices } = samplePrices();
    expect(await prices.refresh({ fetch: answering(cheaper(2), headers) })).toMatchObject({
      refreshed: true,
      asOf: day,
    });
  });

  test('never puts an older table in the place of a newer one', async () => {
    const { prices } = samplePrices();
    const headers = { 'last-modified': 'Tue, 22 Sep 2026 08:00:00 GMT' };
    const outcome = await prices.refresh({ fetch: answering(cheaper(2), headers) });
    expect(outcome).toMatchObject({ refreshed: false, reason: expect.stringContaining('newer, of 2026-09-23') });
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
  });

  test('reads the real data of genai-prices', async () => {
    const prices = new Prices(undefined, createFakeClock({ nowMs: Date.parse(`${TODAY}T12:00:00Z`) }));
    const before = await prices.refresh({ url: 'nowhere:' });
    const outcome = await prices.refresh({ fetch: answering(await waitForUpdate()) });
    expect(outcome).toEqual({ refreshed: true, asOf: TODAY, models: before.models });
  });

  test('is undone by a reset, also where it ends after it', async () => {
    const { prices } = samplePrices();
    await prices.refresh({ fetch: answering(cheaper(2)) });
    prices.reset();
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
    const refreshing = prices.refresh({ fetch: answering(cheaper(2)) });
    prices.reset();
    expect((await refreshing).reason).toContain('reset');
    expect(prices.lookup('gpt-4o')?.input).toBe(2.5);
  });

  test('at the same time as another leaves the newer table, whichever ends last', async () => {
    for (const newestFirst of [true, false]) {
      const { prices } = samplePrices();
      const arrive: (() => void)[] = [];
      const late = (inputUsd: number, day: number) => async () => {
        await new Promise<void>((resolve) => arrive.push(resolve));
        return answering(cheaper(inputUsd), { date: new Date(Date.UTC(2026, 10, day)).toUTCString() })();
      };
      const older = prices.refresh({ fetch: late(3, 10) });
      const newer = prices.refresh({ fetch: late(2, 20) });
      while (arrive.length < 2) await new Promise(setImmediate);
      for (const index of newestFirst ? [1, 0] : [0, 1]) arrive[index]?.();
      const outcomes = await Promise.all([older, newer]);
      expect(outcomes.map(({ refreshed }) => refreshed)).toEqual([!newestFirst, true]);
      expect(prices.lookup('gpt-4o')).toMatchObject({ input: 2, asOf: '2026-11-20' });
    }
  });
});

describe('a refresh of the guard', () => {
  test('during calls leaves each call with one table or the other', async () => {
    const clock = createFakeClock({ nowMs: Date.parse(`${TODAY}T12:00:00Z`) });
    const guard = createGuard({ clock, onStalePrices: 'ignore' });
    const data = JSON.parse(JSON.stringify(await waitForUpdate())) as ReturnType<typeof sampleData>;
    const gpt4o = data.find(({ id }) => id === 'openai')?.models.find(({ id }) => id === 'gpt-4o');
    Object.assign(gpt4o?.prices as object, { input_mtok: 1 });
    const answers: ((response: Response) => void)[] = [];
    const call = guard.guardFetch(() => new Promise((resolve) => answers.push(resolve)));
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
    const usage = { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 };
    const send = () => call('https://api.openai.com/v1/chat/completions', { method: 'POST', body });
    const before = send();
    while (answers.length < 1) await new Promise(setImmediate);
    const { refreshed } = await guard.prices.refresh({ fetch: answering(data) });
    const after = send();
    while (answers.length < 2) await new Promise(setImmediate);
    for (const answer of answers) answer(Response.json({ model: 'gpt-4o', choices: [], usage }));
    for (const response of await Promise.all([before, after])) await response.json();
    expect(refreshed).toBe(true);
    expect(guard.report().total()).toMatchObject({ usd: 3.5, calls: 2 });
  });

  test('ends the warning that prices are old', async () => {
    const warnings: string[] = [];
    const clock = createFakeClock({ nowMs: Date.parse(`${TODAY}T12:00:00Z`) });
    const guard = createGuard({ clock, onWarning: ({ name }) => warnings.push(name) });
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const call = guard.guardFetch(async () => Response.json({ model: 'gpt-4o', choices: [], usage }));
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
    const send = () =>
      guard.budget({ usd: 5 }).run(() => call('https://api.openai.com/v1/chat/completions', { method: 'POST', body }));
    await guard.prices.refresh({ fetch: answering(await waitForUpdate()) });
    await send();
    expect(warnings).toEqual([]);
    clock.advance(46 * 86_400_000);
    await send();
    expect(warnings).toEqual(['StalePriceTableWarning']);
  });
});

describe('a refresh from a host', () => {
  test('asks for the table and says nothing about the user', async () => {
    const { prices } = samplePrices();
    const host = await startPriceHost((_, response) => response.end(JSON.stringify(cheaper(2))));
    expect(await prices.refresh({ url: `${host.url}/data.json` })).toMatchObject({ refreshed: true });
    expect(host.requests.map(({ method, url }) => [method, url])).toEqual([['GET', '/data.json']]);
    const sent = host.requests[0]?.headers ?? {};
    const ordinary = ['host', 'connection', 'accept', 'accept-encoding', 'accept-language', 'user-agent', 'pragma'];
    expect(
      Object.keys(sent).filter((name) => ![...ordinary, 'cache-control', 'sec-fetch-mode'].includes(name)),
    ).toEqual([]);
    expect(sent['user-agent']).toBe('node');
  });

  test('that is not there says so', async () => {
    const { prices } = samplePrices();
    const host = await startPriceHost((_, response) => response.end());
    await host.close();
    const outcome = await prices.refresh({ url: `${host.url}/data.json?key=secret` });
    expect(outcome).toMatchObject({ refreshed: false, asOf: '2026-09-23' });
    expect(outcome.reason).toMatch(/data\.json: 'ECONNREFUSED'\. It could not be reached/);
    expect(outcome.reason).not.toContain('secret');
  });

  test('that never answers ends at its deadline', async () => {
    const { prices, clock } = samplePrices();
    const host = await startPriceHost(() => undefined);
    const refreshing = prices.refresh({ url: host.url, deadlineMs: 3000 });
    await host.asked;
    expect(clock.pendingTimers).toBe(1);
    clock.advance(3000);
    expect((await refreshing).reason).toContain('It took longer than 3000 ms');
    expect(clock.pendingTimers).toBe(0);
  });

  test('that stops in the middle ends at its deadline', async () => {
    const { prices, clock } = samplePrices();
    const host = await startPriceHost((_, response) => response.write('[{"id":'));
    const refreshing = prices.refresh({ url: host.url });
    await host.asked;
    clock.advance(10_000);
    expect((await refreshing).reason).toContain('It took longer than 10000 ms');
  });

  test('ends when its signal says so, before and while it waits', async () => {
    const { prices } = samplePrices();
    const host = await startPriceHost(() => undefined);
    const controller = new AbortController();
    const refreshing = prices.refresh({ url: host.url, signal: controller.signal });
    await host.asked;
    controller.abort();
    expect((await refreshing).reason).toContain('It was aborted');
    const late = await prices.refresh({ url: host.url, signal: controller.signal });
    expect(late.reason).toContain('aborted');
  });

  test('that leads elsewhere is not followed', async () => {
    const { prices } = samplePrices();
    const other = await startPriceHost((_, response) => response.end(JSON.stringify(cheaper(2))));
    const host = await startPriceHost((_, response) => response.writeHead(302, { location: other.url }).end());
    expect((await prices.refresh({ url: host.url })).reason).toMatch(/redirect 302.*no redirect is followed/i);
    expect(other.requests).toEqual([]);
  });

  test.each([
    ['a length it announces', 'x'],
    ['as much as one takes', 'x'.repeat(17 * 1024 * 1024)],
  ])('that sends too much is cut off: %s', async (what, text) => {
    const { prices } = samplePrices();
    const host = await startPriceHost((_, response) => {
      if (what.startsWith('a length')) response.setHeader('content-length', String(2 ** 40));
      response.write(text);
    });
    expect((await prices.refresh({ url: host.url })).reason).toMatch(/size: \d+. It may have 16777216 bytes at most/);
  });

  test.each([404, 500, 503])('that answers %i says so', async (status) => {
    const { prices } = samplePrices();
    const host = await startPriceHost((_, response) => response.writeHead(status).end('[]'));
    expect((await prices.refresh({ url: host.url })).reason).toContain(`'status ${status}'`);
  });

  test('that breaks off says so', async () => {
    const { prices } = samplePrices();
    const host = await startPriceHost((request, response) => {
      response.write('[{"id":', () => request.socket.destroy());
    });
    expect((await prices.refresh({ url: host.url })).reason).toContain('It broke off');
  });
});

describe('a refresh that fails', () => {
  test('throws only where that was asked for, and says which figure was wrong', async () => {
    const { prices } = samplePrices();
    const options = { fetch: answering(cheaper(-2)), strict: true };
    await expect(prices.refresh(options)).rejects.toMatchObject({
      code: 'config_error',
      option: expect.stringMatching(/openai gpt-4o: input_mtok$/),
      value: -2,
    });
    expect(await prices.refresh({ ...options, strict: false })).toMatchObject({ refreshed: false });
  });

  test.each([
    [
      'a fetch that throws at once',
      () => {
        throw new Error('no network, token=secret');
      },
    ],
    ['a fetch that rejects with nothing', () => Promise.reject(undefined)],
    ['a fetch that resolves nonsense', () => Promise.resolve(42)],
  ])('throws a typed error under strict: %s', async (_, fetch) => {
    const { prices } = samplePrices();
    const failed = prices.refresh({ fetch: fetch as never, strict: true });
    await expect(failed).rejects.toMatchObject({ code: 'config_error' });
    await expect(failed).rejects.not.toThrow('secret');
    expect(await prices.refresh({ fetch: fetch as never })).toMatchObject({ refreshed: false });
  });

  test.each([
    { url: 'not an address' },
    { url: 'file:///etc/passwd' },
    { url: 'https://user:secret@example.com/' },
    { deadlineMs: 0 },
    { deadlineMs: Number.NaN },
    { fetch: 1 as never },
    { signal: {} as never },
    { URL: 'https://example.com' } as object,
  ])('names an option that cannot be used: %o', async (options) => {
    const { prices } = samplePrices();
    const never = () => Promise.reject(new Error('asked'));
    const outcome = await prices.refresh({ fetch: never, ...options });
    expect(outcome.reason).toMatch(/^Invalid option of prices\.refresh: \w+/);
    expect(outcome.reason).not.toContain('secret');
    await expect(prices.refresh({ fetch: never, ...options, strict: true })).rejects.toThrow('Invalid option');
  });
});
