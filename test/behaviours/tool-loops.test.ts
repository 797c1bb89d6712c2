import { describe, expect, it } from 'vitest';
import { createGuard, findBudgetError } from '../../src/index.js';
import type { FakeResponder } from '../../src/testing/index.js';
import { anthropicFor, openaiFor, useProviders } from '../testing/clients.js';
import { errorOf } from './sdk-calls.js';

const startProvider = useProviders();
const QUESTION = [{ role: 'user' as const, content: 'What is the weather?' }];
const PARAMETERS = { type: 'object' as const, properties: {} };

/** Asks for the tool twice, then answers. */
const LOOP: FakeResponder = (_, index) => ({
  inputTokens: 20,
  outputTokens: 30,
  ...(index < 2 && { toolCalls: [{ name: 'weather', arguments: {} }] }),
});

/** A loop that runs a tool which notes what is held while it runs. */
const LOOPS: readonly (readonly [string, (open: Opened, tool: () => string) => PromiseLike<unknown>])[] = [
  ...[false, true].map(
    (stream) =>
      [
        `openai runTools${stream ? ' with stream' : ''}`,
        ({ openai }: Opened, tool: () => string) => {
          const fn = { name: 'weather', description: 'The weather', parameters: PARAMETERS, function: tool };
          const tools = [{ type: 'function' as const, function: fn }];
          const request = { model: 'gpt-4o', messages: QUESTION, max_completion_tokens: 100, tools };
          return stream
            ? openai.chat.completions.runTools({ ...request, stream }).finalChatCompletion()
            : openai.chat.completions.runTools(request).finalChatCompletion();
        },
      ] as const,
  ),
  ...[false, true].map(
    (stream) =>
      [
        `anthropic toolRunner${stream ? ' with stream' : ''}`,
        ({ anthropic }: Opened, tool: () => string) => {
          const weather = { name: 'weather', input_schema: PARAMETERS, run: tool, parse: (input: unknown) => input };
          const request = { model: 'claude-sonnet-4-6', messages: QUESTION, max_tokens: 100, tools: [weather] };
          return anthropic.beta.messages.toolRunner({ ...request, stream } as never).runUntilDone();
        },
      ] as const,
  ),
];

type Opened = Awaited<ReturnType<typeof open>>;

async function open() {
  const provider = await startProvider({ respond: LOOP });
  const guard = createGuard();
  return {
    provider,
    guard,
    openai: guard.instrument(openaiFor(provider)),
    anthropic: guard.instrument(anthropicFor(provider)),
  };
}

describe.each(LOOPS)('each call of %s', (_, run) => {
  it('is held and booked by itself', async () => {
    const opened = await open();
    const spentInTool: number[] = [];

    await opened.guard.budget({ calls: 10 }).run(async (scope) => {
      await run(opened, () => {
        spentInTool.push(scope.spent.calls);
        return 'Rain';
      });
      expect(scope.spent.calls).toBe(3);
      expect(scope.held.calls).toBe(0);
    });

    expect(spentInTool).toEqual([1, 2]);
    expect(opened.guard.report().total()).toMatchObject({ calls: 3, costUsd: opened.provider.billed.usd });
  });

  it('is refused before it is sent where it does not fit any more, which ends the loop', async () => {
    const opened = await open();

    const error = await opened.guard.budget({ calls: 2 }).run(() => errorOf(run(opened, () => 'Rain')));

    expect(findBudgetError(error)).toMatchObject({ code: 'budget_exceeded', unit: 'calls', spent: 2 });
    expect(opened.provider.calls).toBe(2);
  });
});

describe('a tool loop under a cap in US dollars', () => {
  it('runs to its end where each call sends the whole conversation', async () => {
    const opened = await open();

    await opened.guard.budget({ usd: 1 }).run(() => LOOPS[0]?.[1](opened, () => 'Rain'));

    expect(opened.provider.calls).toBe(3);
  });

  it('is refused at the call whose conversation is kept at the provider, where nothing here can bound it', async () => {
    const opened = await open();

    const error = await opened.guard
      .budget({ usd: 1 })
      .run(() => errorOf(LOOPS[2]?.[1](opened, () => 'Rain') as PromiseLike<unknown>));

    expect(findBudgetError(error)).toMatchObject({ code: 'unbounded_call' });
    expect(opened.provider.calls).toBe(1);
  });
});
