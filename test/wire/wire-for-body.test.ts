import { expect, test } from 'vitest';
import { providerOfHost } from '../../src/wire/hosts.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { wireForBody } from '../../src/wire/wire-for-body.js';

test.each<[JsonObject, string | undefined, string | undefined]>([
  [{ messages: [] }, undefined, 'openai-chat'],
  [{ messages: [] }, 'groq', 'openai-chat'],
  [{ messages: [] }, 'anthropic', 'anthropic-messages'],
  [{ messages: [], system: 'x' }, undefined, 'anthropic-messages'],
  [{ messages: [], model: 'anthropic/claude-sonnet-4-5' }, undefined, 'anthropic-messages'],
  [{ messages: [] }, 'cohere', 'cohere'],
  [{ messages: [] }, 'mistral', 'mistral-chat'],
  [{ messages: [] }, 'ollama', 'ollama'],
  [{ contents: 'Hi' }, undefined, 'gemini'],
  [{ input: 'Hi' }, undefined, 'openai-responses'],
  [{ input: 'Hi' }, 'google', 'gemini-interactions'],
  [{ input: 'Hi', generation_config: {} }, undefined, 'gemini-interactions'],
  [{ prompt: 'Hi' }, undefined, undefined],
])('%j from %s is written as %s', (body, provider, id) => {
  expect(wireForBody(body, provider)?.id).toBe(id);
});

test.each([
  ['generativelanguage.googleapis.com', 'google'],
  ['aiplatform.googleapis.com', 'google'],
  ['us-central1-aiplatform.googleapis.com', 'google'],
  ['aiplatform.eu.rep.googleapis.com', 'google'],
  ['storage.googleapis.com', undefined],
  ['api.cohere.com', 'cohere'],
  ['codestral.mistral.ai', 'mistral'],
  ['ollama.com', 'ollama'],
  ['evil-ollama.com', undefined],
  ['localhost', undefined],
])('%s is served by %s', (host, provider) => {
  expect(providerOfHost(host)).toBe(provider);
});
