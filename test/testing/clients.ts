import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach } from 'vitest';
import { type FakeProvider, type FakeProviderOptions, startFakeProvider } from '../../src/testing/index.js';

/** Starts providers that are closed after each test; call it once in a test file. */
export function useProviders(): (options?: FakeProviderOptions) => Promise<FakeProvider> {
  const running: FakeProvider[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((provider) => provider.close()));
  });
  return async (options) => {
    const provider = await startFakeProvider(options);
    running.push(provider);
    return provider;
  };
}

export function openaiFor(provider: FakeProvider): OpenAI {
  return new OpenAI({ apiKey: 'sk-canary', baseURL: provider.openaiBaseURL, maxRetries: 0 });
}

export function anthropicFor(provider: FakeProvider): Anthropic {
  return new Anthropic({ apiKey: 'sk-canary', baseURL: provider.anthropicBaseURL, maxRetries: 0 });
}

export const MESSAGES = [{ role: 'user' as const, content: 'Hello there' }];

/** A chat request by plain fetch. */
export function postChat(provider: FakeProvider, body: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${provider.openaiBaseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: MESSAGES, ...body }),
    ...init,
  });
}

/** The JSON of each `data:` line of a whole stream body; text that is no JSON stays text. */
export function dataOf(text: string): unknown[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data: '))
    .map((line) => {
      const data = line.slice('data: '.length);
      return data.startsWith('{') ? JSON.parse(data) : data;
    });
}
