import { describe, expect, it } from 'vitest';
import { ConfigError, createGuard } from '../../src/index.js';
import { errorOf } from '../behaviours/sdk-calls.js';

const DEEP = 100_000;

function open() {
  const guard = createGuard({ onStalePrices: 'ignore' });
  const client = guard.instrument({
    chat: {
      completions: {
        create: async (_: object) => ({ usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
      },
    },
  });
  const call = (rest: object = {}) =>
    client.chat.completions.create({ model: 'gpt-4o', max_tokens: 5, messages: [], ...rest });
  return { guard, call };
}

describe('100 000 scopes inside each other', () => {
  it('of tags are fine, and the innermost tags win', async () => {
    const { guard, call } = open();
    // Each level goes on in a later turn, as recursion through awaits does: the stack stays flat.
    const descend = (level: number): Promise<unknown> =>
      guard.track({ level, [`key-${level % 3}`]: level }, async () => {
        await undefined;
        return level === DEEP ? call() : descend(level + 1);
      });
    await descend(1);
    expect(guard.report({ where: { level: DEEP } }).total().calls).toBe(1);
  });

  it('of budgets end in an error that says so, and leave nothing held', async () => {
    const { guard, call } = open();
    const budget = guard.budget({ usd: 1 });
    const scopes: { readonly held: object }[] = [];
    const descend = (level: number): Promise<unknown> =>
      budget.run(async (scope) => {
        scopes.push(scope);
        if (level % 100 === 0) await call();
        return level === DEEP ? undefined : descend(level + 1);
      });
    const error = await errorOf(descend(1));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/nested budgets/);
    for (const { held } of scopes) expect(held).toEqual({ usd: 0, tokens: 0, calls: 0 });
    await call();
  });

  it('on one stack overflow it as any recursion does, and the guard goes on', async () => {
    const { guard, call } = open();
    const descend = (level: number): unknown =>
      guard.track({ level }, () => (level === DEEP ? level : descend(level + 1)));
    expect(() => descend(1)).toThrow(RangeError);
    expect(guard.current()).toBeUndefined();
    await guard.budget({ usd: 1 }).run(async (scope) => {
      await call();
      expect(scope.spent.calls).toBe(1);
    });
  });

  it('of bound functions run inside of the first one', () => {
    const { guard } = open();
    let fn = () => guard.exportContext().tags;
    guard.track({ feature: 'first' }, () => {
      fn = guard.bind(fn);
    });
    for (let level = 0; level < 1000; level += 1) {
      guard.track({ level }, () => {
        fn = guard.bind(fn);
      });
    }
    expect(fn()).toEqual({ feature: 'first' });
  });
});

describe('a request 100 000 levels deep', () => {
  const deepArray = JSON.parse(`${'['.repeat(DEEP)}${']'.repeat(DEEP)}`);
  const deepObject = JSON.parse(`${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`);

  it.each([
    ['lists as a message', { messages: deepArray }],
    ['objects as a message', { messages: [{ role: 'user', content: deepObject }] }],
    [
      'objects as the schema of a tool',
      { tools: [{ type: 'function', function: { name: 'f', parameters: deepObject } }] },
    ],
    ['objects as metadata', { metadata: deepObject }],
  ])('is answered or refused, and leaves nothing held: %s', async (_, body) => {
    const { guard, call } = open();
    await guard.budget({ usd: 1 }).run(async (scope) => {
      const outcome = await call(body).then(
        () => 'answered',
        (error: Error) => error.name,
      );
      expect(['answered', 'BudgetExceededError', 'UnpricedModelError']).toContain(outcome);
      expect(scope.held.calls).toBe(0);
    });
  });
});
