import { describe, expect, it } from 'vitest';
import { createGuard, type OnUnknown } from '../../src/index.js';
import type { FakeReply } from '../../src/testing/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, MESSAGES, SDK_CALLS, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();
const REPLY: FakeReply = { inputTokens: 20, outputTokens: 300, holdAfterChunks: 100 };
const PRICE = { input: 2.5, output: 10, maxOutputTokens: 16_000, contextTokens: 128_000 };

/** The record of a stream that its consumer left after a hundred chunks. */
async function cutAfterHundred(sdk: SdkCall, choices: readonly (OnUnknown | undefined)[], hidesReasoning: boolean) {
  const provider = await startProvider({ respond: REPLY, prices: { plain: { input: 2.5, output: 10 } } });
  const guard = createGuard();
  guard.prices.register('plain', { ...PRICE, hidesReasoning });
  const records = collectRecords(guard);
  const { stream } = sdk.open(provider, { guard });
  const work = async () => {
    let chunks = 0;
    for await (const event of await stream({ model: 'plain' })) {
      if (/ ?(one|two|three|four|five|six|seven|eight)"/.test(JSON.stringify(event))) chunks += 1;
      if (chunks === 100) break;
    }
  };
  const nested = choices.reduce<() => unknown>(
    (inner, onUnknown) => () =>
      guard.budget({ usd: 10, ...(onUnknown !== undefined && { onUnknown }) }).run(() => inner()),
    work,
  );
  await nested();
  await provider.idle();
  const [record, ...others] = await records();
  expect(others).toEqual([]);
  expect(record?.outcome).toBe('cut');
  expect(record?.costNanoUsd).toBeGreaterThan(0);
  return { record, billedNanoUsd: Number(provider.billed.nanoUsd) };
}

describe.each(SDK_CALLS)('a stream of $name that its consumer left', (sdk) => {
  it.each<[string, (OnUnknown | undefined)[]]>([
    ['by default', [undefined]],
    ["under 'auto'", ['auto']],
    ["under 'estimate'", ['estimate']],
    ["under 'auto' and 'estimate' together", ['auto', 'estimate']],
  ])('is charged what was seen, rounded up, where the model hides nothing: %s', async (_, choices) => {
    const { record, billedNanoUsd } = await cutAfterHundred(sdk, choices, false);

    expect(record?.basis).toBe('estimated');
    expect(record?.usage?.outputTokens).toBeGreaterThanOrEqual(100);
    expect(record?.usage?.outputTokens).toBeLessThan(200);
    expect(record?.costNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd);
    expect(record?.costNanoUsd).toBeLessThan(record?.holdNanoUsd ?? 0);
  });

  it('takes the exact input the provider told at its start into the estimate', async () => {
    const { record } = await cutAfterHundred(sdk, [undefined], false);

    const exact = record?.usage?.inputTokens === 20;
    expect(exact).toBe(sdk === MESSAGES);
    expect(record?.usage?.inputTokens).toBeGreaterThanOrEqual(20);
  });

  it.each<[string, (OnUnknown | undefined)[], boolean]>([
    ["under 'auto', where the model hides reasoning", ['auto'], true],
    ["under 'charge'", ['charge'], false],
    ["where one of two budgets says 'charge'", ['estimate', 'charge'], false],
  ])('is charged its hold %s', async (_, choices, hidesReasoning) => {
    const { record } = await cutAfterHundred(sdk, choices, hidesReasoning);

    expect(record?.basis).toBe('presumed');
    expect(record?.usage).toBeUndefined();
    expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
  });

  it("is estimated where the model hides reasoning under 'estimate', as the user chose", async () => {
    const { record } = await cutAfterHundred(sdk, ['estimate'], true);

    expect(record?.basis).toBe('estimated');
  });
});

describe.each(SDK_CALLS)('an answer of $name whose cost nobody told', (sdk) => {
  const COMPLETE: FakeReply = { inputTokens: 20, outputTokens: 300, usage: 'omit' };
  const FAULTY: FakeReply = { inputTokens: 20, outputTokens: 300, fault: 'reset-after-headers' };

  it.each<[string, OnUnknown, FakeReply, 'create' | 'stream', string]>([
    ['is presumed when it is complete', 'auto', COMPLETE, 'create', 'presumed'],
    ['is presumed when its stream is complete', 'auto', COMPLETE, 'stream', 'presumed'],
    ['is presumed when it failed', 'auto', FAULTY, 'create', 'presumed'],
    ['is estimated when it is complete', 'estimate', COMPLETE, 'create', 'estimated'],
    ['is estimated when its stream is complete', 'estimate', COMPLETE, 'stream', 'estimated'],
    ['is estimated at its input when it failed', 'estimate', FAULTY, 'create', 'estimated'],
  ])("%s, under '%s'", async (_, onUnknown, reply, method, basis) => {
    const provider = await startProvider({ respond: reply, prices: { plain: { input: 2.5, output: 10 } } });
    const guard = createGuard();
    guard.prices.register('plain', { ...PRICE, hidesReasoning: false });
    const records = collectRecords(guard);
    const opened = sdk.open(provider, { guard });

    await guard.budget({ usd: 10, onUnknown }).run(async () => {
      const answer = await opened[method]({ model: 'plain' }).catch(() => undefined);
      if (method === 'stream') for await (const event of answer as AsyncIterable<unknown>) void event;
    });

    const [record] = await records();
    expect(record?.basis).toBe(basis);
    expect(record?.costNanoUsd).toBeGreaterThan(0);
    expect(record?.costNanoUsd).toBeLessThanOrEqual(record?.holdNanoUsd ?? 0);
    if (reply === COMPLETE) expect(record?.costNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
  });
});
