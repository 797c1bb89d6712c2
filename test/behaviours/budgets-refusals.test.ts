import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { BudgetExceededError, createGuard, findBudgetError, RefusalError } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { errorOf } from './sdk-calls.js';

const startProvider = useProviders();

/** Clients that would retry five times, under a guard that notes the errors it made. */
async function open() {
  const provider = await startProvider();
  const guard = createGuard();
  const made: unknown[] = [];
  guard.on('blocked', ({ error }) => made.push(error));
  const openai = guard.instrument(new OpenAI({ apiKey: 'none', baseURL: provider.openaiBaseURL, maxRetries: 5 }));
  const anthropic = guard.instrument(
    new Anthropic({ apiKey: 'none', baseURL: provider.anthropicBaseURL, maxRetries: 5 }),
  );
  const underNothing = (work: () => PromiseLike<unknown>) =>
    errorOf(guard.track({ feature: 'search' }, () => guard.budget({ usd: 0, name: 'empty' }).run(work)));
  return { provider, made, openai, anthropic, underNothing };
}

type Clients = Pick<Awaited<ReturnType<typeof open>>, 'openai' | 'anthropic'>;

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hello' }], max_completion_tokens: 100 };
const RESPONSE = { model: 'gpt-4o', input: 'Hello', max_output_tokens: 100 };
const MESSAGE = {
  model: 'claude-sonnet-4-6',
  messages: [{ role: 'user' as const, content: 'Hello' }],
  max_tokens: 100,
};

describe('a refused call', () => {
  it.each<[string, (clients: Clients) => PromiseLike<unknown>]>([
    ['openai chat create', ({ openai }) => openai.chat.completions.create(CHAT)],
    ['openai chat create with stream', ({ openai }) => openai.chat.completions.create({ ...CHAT, stream: true })],
    ['openai chat parse', ({ openai }) => openai.chat.completions.parse(CHAT)],
    ['openai chat withResponse', ({ openai }) => openai.chat.completions.create(CHAT).withResponse()],
    ['openai chat asResponse', ({ openai }) => openai.chat.completions.create(CHAT).asResponse()],
    ['openai post', ({ openai }) => openai.post('/chat/completions', { body: CHAT })],
    ['openai withOptions', ({ openai }) => openai.withOptions({ maxRetries: 3 }).chat.completions.create(CHAT)],
    [
      'openai withOptions twice',
      ({ openai }) => openai.withOptions({}).withOptions({ timeout: 1000 }).responses.create(RESPONSE),
    ],
    ['openai responses create', ({ openai }) => openai.responses.create(RESPONSE)],
    ['openai responses create with stream', ({ openai }) => openai.responses.create({ ...RESPONSE, stream: true })],
    ['openai responses parse', ({ openai }) => openai.responses.parse(RESPONSE)],
    ['openai responses withResponse', ({ openai }) => openai.responses.create(RESPONSE).withResponse()],
    ['anthropic create', ({ anthropic }) => anthropic.messages.create(MESSAGE)],
    ['anthropic create with stream', ({ anthropic }) => anthropic.messages.create({ ...MESSAGE, stream: true })],
    ['anthropic parse', ({ anthropic }) => anthropic.messages.parse(MESSAGE)],
    ['anthropic beta create', ({ anthropic }) => anthropic.beta.messages.create(MESSAGE)],
    [
      'anthropic toolRunner',
      ({ anthropic }) => anthropic.beta.messages.toolRunner({ ...MESSAGE, tools: [] }).runUntilDone(),
    ],
    ['anthropic withResponse', ({ anthropic }) => anthropic.messages.create(MESSAGE).withResponse()],
    ['anthropic asResponse', ({ anthropic }) => anthropic.messages.create(MESSAGE).asResponse()],
    ['anthropic withOptions', ({ anthropic }) => anthropic.withOptions({ maxRetries: 3 }).messages.create(MESSAGE)],
  ])('of %s rejects with our own error, after no request and no retry', async (_, send) => {
    const { provider, made, openai, anthropic, underNothing } = await open();

    const error = await underNothing(() => send({ openai, anthropic }));

    expect(made).toHaveLength(1);
    expect(error).toBe(made[0]);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error).toBeInstanceOf(RefusalError);
    expect(error).toMatchObject({ budget: 'empty', status: 402, isRetryable: false, tags: { feature: 'search' } });
    expect(provider.calls).toBe(0);
  });

  it.each<[string, (clients: Clients) => PromiseLike<unknown>]>([
    ['openai chat stream', ({ openai }) => openai.chat.completions.stream(CHAT).finalChatCompletion()],
    ['openai responses stream', ({ openai }) => openai.responses.stream(RESPONSE).finalResponse()],
    [
      'openai chat runTools',
      ({ openai }) => openai.chat.completions.runTools({ ...CHAT, tools: [] }).finalChatCompletion(),
    ],
    ['anthropic messages stream', ({ anthropic }) => anthropic.messages.stream(MESSAGE).finalMessage()],
  ])('of the helper %s is found inside what the helper throws', async (_, send) => {
    const { provider, made, openai, anthropic, underNothing } = await open();

    const error = await underNothing(() => send({ openai, anthropic }));

    expect(made).toHaveLength(1);
    expect(findBudgetError(error)).toBe(made[0]);
    expect(provider.calls).toBe(0);
  });

  it('leaves the client usable, inside and outside of the scope', async () => {
    const { provider, openai, underNothing } = await open();

    await underNothing(() => openai.chat.completions.create(CHAT));
    await openai.chat.completions.create(CHAT);

    expect(provider.calls).toBe(1);
  });
});
