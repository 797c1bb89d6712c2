import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BudgetOptions, createGuard, findBudgetError, type LiveScope } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { billedDoubles, inputTokensOf } from './billed-double.js';
import { CHAT, MESSAGES, RESPONSES, readAll } from './sdk-calls.js';

const startProvider = useProviders();

const WORDS =
  'the of a to in is you that it he was for on are with as his they be at one have this from or had by hot but some what there we can out other were all your when up use word how said an each she which do their time if will way about many then them would write like so these her long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find'.split(
    ' ',
  );

const DOWNGRADES = { 'gpt-4o': 'gpt-4o-mini', 'gpt-4.1': 'gpt-4o-mini', 'claude-sonnet-4-6': 'claude-haiku-4-5' };

const prompt = fc
  .array(fc.constantFrom(...WORDS), { minLength: 3, maxLength: 400 })
  .map((words) => `${words.join(' ')}.`);

const api = fc.oneof(
  fc.record({ api: fc.constantFrom('chat', 'responses'), model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'gpt-4.1') }),
  fc.record({ api: fc.constant('messages'), model: fc.constantFrom('claude-sonnet-4-6', 'claude-haiku-4-5') }),
) as fc.Arbitrary<{ api: 'chat' | 'responses' | 'messages'; model: string }>;

const oneCall = fc.record({
  where: api,
  prompt,
  stream: fc.boolean(),
  ceiling: fc.option(fc.integer({ min: 20, max: 3000 }), { nil: undefined }),
  wanted: fc.record({ outputTokens: fc.integer({ min: 1, max: 6000 }), turns: fc.integer({ min: 0, max: 4 }) }),
});

const caps = fc.oneof(
  // From a tenth of a cent to some dollars, as likely in each power of ten.
  fc.integer({ min: -30, max: 5 }).map((tenths) => ({ usd: Number((10 ** (tenths / 10)).toFixed(9)) })),
  fc.integer({ min: 300, max: 60_000 }).map((tokens) => ({ tokens })),
);

const options = fc
  .record({
    caps,
    onExceed: fc.constantFrom(
      'block',
      'clamp',
      ['downgrade', 'block'],
      ['downgrade', 'clamp'],
      ['downgrade', 'clamp', 'block'],
      ['clamp', 'block'],
    ),
  })
  .map(
    ({ caps: cap, onExceed }) =>
      ({
        ...cap,
        onExceed,
        ...(onExceed.includes('downgrade') && { downgrade: DOWNGRADES }),
      }) as unknown as BudgetOptions,
  );

const burst = fc.record({
  calls: fc.array(oneCall, { minLength: 2, maxLength: 40 }),
  budgets: fc.array(options, { minLength: 1, maxLength: 3 }),
});

/** The worst case of a call that was counted exactly, in US dollars and tokens, a little above what any count says. */
function worstCase(model: string, text: string, ceiling: number | undefined) {
  const cheapest = { input: 0.15, output: 0.6 };
  const rates = { 'gpt-4o': { input: 2.5, output: 10 }, 'gpt-4.1': { input: 2, output: 8 } }[model] ?? cheapest;
  const input = inputTokensOf(model, text) + 20 + text.length / 256;
  const output = ceiling ?? 256;
  return { usd: (input * rates.input + output * rates.output) / 1e6, tokens: input + output };
}

describe('a burst of English prompts', () => {
  it('never bills more than any cap, however calls, models, modes and nesting are mixed', async () => {
    let sent = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(burst, async ({ calls, budgets }) => {
        const guard = createGuard();
        const doubles = billedDoubles(guard);
        const scopes: LiveScope[] = [];
        const errors: unknown[] = [];
        const run = (depth: number): Promise<unknown> => {
          const next = budgets[depth];
          if (next === undefined) {
            return Promise.all(
              calls.map(({ where, ...call }) =>
                doubles.send({ ...where, ...call }).catch((error: unknown) => {
                  errors.push(error);
                }),
              ),
            );
          }
          return guard.budget(next).run((scope) => {
            scopes.push(scope);
            return run(depth + 1);
          });
        };
        await run(0);

        for (const [index, scope] of scopes.entries()) {
          const { usd, tokens } = budgets[index] as { usd?: number; tokens?: number };
          if (usd !== undefined)
            expect(doubles.bill.picoUsd).toBeLessThanOrEqual(BigInt(Math.round(usd * 1e9)) * 1000n);
          if (tokens !== undefined) expect(doubles.bill.tokens).toBeLessThanOrEqual(tokens);
          expect(scope.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
          expect(scope.spent.tokens).toBe(doubles.bill.tokens);
          expect(scope.spent.calls).toBe(doubles.bill.calls);
        }
        for (const error of errors) expect(findBudgetError(error)?.code).toBe('budget_exceeded');
        sent += doubles.bill.calls;
        refused += errors.length;
        expect(doubles.bill.calls + errors.length).toBe(calls.length);
      }),
      { numRuns: 250 },
    );
    // Neither half of the behaviour was left out by the generator.
    expect(sent).toBeGreaterThan(1000);
    expect(refused).toBeGreaterThan(500);
  });

  it('says that a call can fit later wherever it would fit once nothing is held', async () => {
    let later = 0;
    const one = fc.record({
      calls: fc.array(
        oneCall.filter(({ where }) => where.api !== 'messages'),
        { minLength: 5, maxLength: 40 },
      ),
      cap: caps,
      onExceed: fc.constantFrom('block' as const, 'clamp' as const),
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ calls, cap, onExceed }) => {
        const guard = createGuard();
        const doubles = billedDoubles(guard);
        await guard.budget({ ...cap, onExceed } as BudgetOptions).run(() =>
          Promise.all(
            calls.map(async ({ where, ...call }) => {
              const error = await doubles.send({ ...where, ...call }).then(
                () => undefined,
                (reason: unknown) => reason,
              );
              const refusal = findBudgetError(error);
              if (refusal?.code !== 'budget_exceeded') return;
              const { canFitLater, unit, cap: limit, spent, held } = refusal as never as Record<string, number>;
              const worst = worstCase(where.model, call.prompt, onExceed === 'clamp' ? 16 : call.ceiling);
              const amount = unit === ('usd' as never) ? worst.usd : worst.tokens;
              if (amount > (limit ?? 0) - (spent ?? 0)) return;
              later += 1;
              expect({ canFitLater, isHeld: (held ?? 0) > 0 }).toEqual({ canFitLater: true, isHeld: true });
            }),
          ),
        );
      }),
      { numRuns: 200 },
    );
    expect(later).toBeGreaterThan(100);
  });
});

describe.each([CHAT, RESPONSES, MESSAGES])('bursts of English prompts through $name', (call) => {
  it('stay under the cap, and what was refused because money was held fits later', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ prompt, stream: fc.boolean(), outputTokens: fc.integer({ min: 1, max: 500 }) }), {
          minLength: 10,
          maxLength: 30,
        }),
        fc.constantFrom<BudgetOptions>({ usd: 0.02 }, { usd: 0.02, onExceed: 'clamp' }, { tokens: 3000 }),
        async (calls, budgetOptions) => {
          const provider = await startProvider();
          const guard = createGuard();
          const sdk = call.open(provider, { guard });
          const { content } = { content: (text: string) => [{ role: 'user', content: text }] };
          provider.respondWith((_, index) => ({
            outputTokens: calls[index % calls.length]?.outputTokens ?? 1,
            chunks: ['Yes.'],
          }));
          await guard.budget(budgetOptions).run(async () => {
            const results = await Promise.allSettled(
              calls.map(async ({ prompt: text, stream }) => {
                const body = call === RESPONSES ? { input: text } : { messages: content(text) };
                if (stream) await readAll(await sdk.stream(body));
                else await sdk.create(body);
              }),
            );
            for (const result of results) {
              if (result.status === 'rejected') expect(findBudgetError(result.reason)?.code).toBe('budget_exceeded');
            }
          });
          const { nanoUsd, inputTokens, outputTokens } = provider.billed;
          if ('usd' in budgetOptions) expect(nanoUsd).toBeLessThanOrEqual(20_000_000n);
          else expect(inputTokens + outputTokens).toBeLessThanOrEqual(3000);
          await provider.close();
        },
      ),
      { numRuns: 12 },
    );
  });
});
