import { APIConnectionError as AnthropicConnectionError, APIError as AnthropicError } from '@anthropic-ai/sdk';
import { APIError } from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGuard, type Guard } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { collectRecords, errorOf, SDK_CALLS, totalNanoUsd } from './sdk-calls.js';

const startProvider = useProviders();
const NO_DELAY = { 'retry-after-ms': '1' };

afterEach(() => {
  vi.useRealTimers();
});

/** What a run under a roomy budget left behind. */
async function runUnderBudget(guard: Guard, work: () => Promise<unknown>) {
  return guard.budget({ usd: 10, onUnknown: 'charge' }).run(async (scope) => {
    const error = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { error, spent: scope.spent, held: scope.held };
  });
}

describe.each(SDK_CALLS)('the retries of $name', (sdk) => {
  it.each([500, 429, 503, 529])(
    'release each hold of three answers of %i and throw the error of the SDK',
    async (status) => {
      const provider = await startProvider({ respond: { status, headers: NO_DELAY } });
      const guard = createGuard();
      const { create } = sdk.open(provider, { guard, maxRetries: 2 });

      const { error, spent, held } = await runUnderBudget(guard, () => create());

      expect(provider.calls).toBe(3);
      expect((error as APIError).status).toBe(status);
      expect(error instanceof APIError || error instanceof AnthropicError).toBe(true);
      expect(spent).toEqual({ usd: 0, tokens: 0, calls: 0 });
      expect(held).toEqual({ usd: 0, tokens: 0, calls: 0 });
      expect(guard.report().total().calls).toBe(0);
    },
  );

  it('hold once for each attempt, one after the other', async () => {
    const provider = await startProvider();
    provider.enqueue({ status: 500, headers: NO_DELAY }, { status: 529, headers: NO_DELAY }, {});
    const guard = createGuard();
    const { create } = sdk.open(provider, { guard, maxRetries: 2 });
    // Room for one hold at a time: two at once would be refused.
    const { worstCase } = await guard.estimate(sdk.body as never);

    await guard.budget({ usd: worstCase.usd * 1.9 }).run(() => create());

    expect(provider.calls).toBe(3);
    expect(guard.report().total().calls).toBe(1);
  });

  it('charge an attempt that timed out and the one that then succeeded', async () => {
    const provider = await startProvider();
    provider.enqueue({ fault: 'hang', inputTokens: 20, outputTokens: 400 }, { inputTokens: 20, outputTokens: 100 });
    const guard = createGuard();
    const records = collectRecords(guard);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { create } = sdk.open(provider, { guard, maxRetries: 1, timeout: 600_000 });

    const { error, held } = await runUnderBudget(guard, async () => {
      const answer = create();
      await provider.waitForRequests(1);
      vi.advanceTimersByTime(600_000);
      // The SDK waits before it tries again; small steps stay far below its time-out.
      while (provider.calls < 2) {
        await new Promise(setImmediate);
        vi.advanceTimersByTime(200);
      }
      await answer;
    });

    expect(error).toBeUndefined();
    expect(provider.calls).toBe(2);
    expect((await records()).map(({ basis }) => basis)).toEqual(['presumed', 'priced']);
    expect(totalNanoUsd(await records())).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
    expect(held.usd).toBe(0);
  });

  it.each([
    ['a reset before headers', { fault: 'reset-before-headers', billAnyway: true }],
    ['a reset after headers', { fault: 'reset-after-headers' }],
    ['a body cut short', { fault: 'cut-stream' }],
    ['JSON that ends in its middle', { fault: 'truncated-json' }],
    ['a page of HTML with status 502', { fault: 'html-error', billAnyway: true }],
  ] as const)('charge the hold after %s', async (_, reply) => {
    const provider = await startProvider({ respond: { ...reply, inputTokens: 20, outputTokens: 300 } });
    const guard = createGuard();
    const records = collectRecords(guard);
    const { create } = sdk.open(provider, { guard });

    const { error, spent, held } = await runUnderBudget(guard, () => create());

    expect(error).toBeInstanceOf(Error);
    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ basis: 'presumed', outcome: 'failed' });
    expect(record?.costNanoUsd).toBe(record?.holdNanoUsd);
    expect(record?.costNanoUsd).toBeGreaterThanOrEqual(Number(provider.billed.nanoUsd));
    expect(provider.billed.calls).toBe(1);
    expect(Math.round(spent.usd * 1e9)).toBe(record?.costNanoUsd);
    expect(held.usd).toBe(0);
  });

  it('do not begin because the body broke off, as they do not without a guard', async () => {
    const bare = await startProvider({ respond: { fault: 'reset-after-headers' } });
    const guarded = await startProvider({ respond: { fault: 'reset-after-headers' } });

    const plainError = await errorOf(sdk.open(bare, { maxRetries: 2 }).create());
    const error = await errorOf(sdk.open(guarded, { guard: createGuard(), maxRetries: 2 }).create());

    expect(guarded.calls).toBe(bare.calls);
    expect((error as Error).constructor).toBe((plainError as Error).constructor);
    expect((error as Error).message).toBe((plainError as Error).message);
  });

  it('release the hold of a connection that was refused', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = sdk.open(provider, { guard });
    await provider.close();

    const { error, spent, held } = await runUnderBudget(guard, () => create());

    expect(error).toBeInstanceOf(Error);
    expect(spent.calls).toBe(0);
    expect(held.calls).toBe(0);
  });

  it('release the hold of a call that was aborted before it was sent', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create } = sdk.open(provider, { guard });
    const controller = new AbortController();
    controller.abort();

    const { error, spent, held } = await runUnderBudget(guard, () => create({}, { signal: controller.signal }));

    expect((error as Error).constructor.name).toBe('APIUserAbortError');
    expect(provider.calls).toBe(0);
    expect(spent.calls + held.calls).toBe(0);
  });

  it('charge the hold of a call that was aborted while the model worked', async () => {
    const provider = await startProvider({ respond: { inputTokens: 20, outputTokens: 300 } });
    provider.hold();
    const guard = createGuard();
    const { create } = sdk.open(provider, { guard, maxRetries: 2 });
    const controller = new AbortController();

    const { error, spent, held } = await runUnderBudget(guard, async () => {
      const pending = create({}, { signal: controller.signal });
      const settled = expect(pending).rejects.toThrow();
      await provider.waitForRequests(1);
      controller.abort();
      await settled;
      await pending;
    });

    expect(error).toBeInstanceOf(Error);
    expect(provider.calls).toBe(1);
    expect(spent.calls).toBe(1);
    expect(spent.usd).toBeGreaterThan(0.003);
    expect(held.calls).toBe(0);
  });

  it('never run after a refusal, and the caller catches the very error', async () => {
    const provider = await startProvider();
    const guard = createGuard();
    const { create, stream } = sdk.open(provider, { guard, maxRetries: 5 });
    const blocked: unknown[] = [];
    guard.on('blocked', ({ error }) => blocked.push(error));

    const errors = await guard
      .budget({ usd: 0.000001 })
      .run(async () => [await errorOf(create()), await errorOf(stream())]);

    expect(provider.calls).toBe(0);
    expect(blocked).toHaveLength(2);
    expect(errors[0]).toBe(blocked[0]);
    expect(errors[1]).toBe(blocked[1]);
    expect(errors[0]).not.toBeInstanceOf(AnthropicConnectionError);
  });
});
