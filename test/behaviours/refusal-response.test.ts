import { expect, test } from 'vitest';
import { BudgetExceededError, createGuard } from '../../src/index.js';
import { controlledDouble } from './controlled-double.js';

async function refuse(): Promise<BudgetExceededError> {
  const guard = createGuard();
  const double = controlledDouble(guard);
  const error = await guard
    .track({ userId: 'alice-4711' }, () => guard.budget({ name: 'secret-plan', usd: 0.001 }).run(() => double.send()))
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BudgetExceededError);
  return error as BudgetExceededError;
}

test('a refusal as a response is a neutral 402: no cap, no amount, no tag, no name', async () => {
  const response = (await refuse()).toResponse();
  const text = await response.text();
  expect(response.status).toBe(402);
  expect(JSON.parse(text)).toEqual({ error: { code: 'budget_exceeded', message: expect.any(String) } });
  expect(text).not.toMatch(/secret-plan|alice-4711|0\.0|\$/);
});

test('a refusal that can be tried again later says when', () => {
  const details = { budget: 'b', unit: 'usd', cap: 1, spent: 1, held: 0, requested: 1, remaining: 0 } as const;
  const error = new BudgetExceededError({ ...details, canFitLater: true, retryAfterMs: 1500, model: 'm', tags: {} });
  expect(error.toResponse().headers.get('retry-after')).toBe('2');
  expect(error.toJSON()).toMatchObject({ code: 'budget_exceeded', retryAfterMs: 1500, canFitLater: true });
});

test('frameworks that look for it find that a refusal is final, and must not be shown', async () => {
  const error = await refuse();
  expect(error).toMatchObject({ isRetryable: false, expose: false, status: 402, statusCode: 402 });
  expect(Object.hasOwn(error, Symbol.for('langchain.errors.retryable'))).toBe(true);
  expect(BudgetExceededError.isInstance(error)).toBe(true);
  expect(BudgetExceededError.isInstance(new Error('no'))).toBe(false);
});

test('no name a user gives makes a refusal look like a time-out, which SDKs would retry', () => {
  const details = { unit: 'usd', cap: 1, spent: 1, held: 0, requested: 1, remaining: 0, canFitLater: false } as const;
  const error = new BudgetExceededError({ ...details, budget: 'timeout-guard timed out', model: 'time out', tags: {} });
  expect(String(error)).not.toMatch(/timed? ?out/i);
  expect(error.budget).toBe('timeout-guard timed out');
});

test('a request that is signed already is never rewritten: it is sent as it is, or refused', async () => {
  const guard = createGuard();
  guard.prices.register('m', { input: 0, output: 10 });
  const sent: unknown[] = [];
  const send = guard.guardFetch(async (_, init) => {
    sent.push(JSON.parse(String(init?.body)));
    return Response.json({ usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
  });
  const post = (authorization: string) =>
    send('https://host.example/v1/chat/completions', {
      method: 'POST',
      headers: { Authorization: authorization },
      body: JSON.stringify({ model: 'm', messages: [] }),
    });
  const budget = guard.budget({ usd: 1 });
  await expect(budget.run(() => post('AWS4-HMAC-SHA256 Credential=x'))).rejects.toBeInstanceOf(BudgetExceededError);
  expect(sent).toEqual([]);
  await budget.run(() => post('Bearer x'));
  expect(sent).toMatchObject([{ max_tokens: expect.any(Number) }]);
});

test('budgets nest a thousand deep, and say what to do beyond that', () => {
  const guard = createGuard();
  const budget = guard.budget({ calls: 1 });
  const nest = (depth: number): number => (depth === 0 ? 0 : budget.run(() => 1 + nest(depth - 1)));
  expect(nest(1000)).toBe(1000);
  expect(() => nest(1001)).toThrow(/nested budgets.*open one around a recursion/is);
});
