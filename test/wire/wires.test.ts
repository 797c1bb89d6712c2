import { expect, test } from 'vitest';
import { WIRES, wireForPath } from '../../src/wire/wires.js';

test.each([
  ['/v1/chat/completions', 'openai-chat'],
  ['/chat/completions', 'openai-chat'],
  ['/api/v1/chat/completions', 'openai-chat'],
  ['/openai/v1/chat/completions', 'openai-chat'],
  ['/openai/deployments/my-gpt/chat/completions', 'openai-chat'],
  ['/v1beta/openai/chat/completions/', 'openai-chat'],
  ['/v1/responses', 'openai-responses'],
  ['/openai/v1/responses', 'openai-responses'],
  ['/v1/messages', 'anthropic-messages'],
  ['/anthropic/v1/messages', 'anthropic-messages'],
  ['/v1/completions', 'openai-completions'],
  ['/completions', 'openai-completions'],
  ['/beta/completions/', 'openai-completions'],
  ['/openai/deployments/my-gpt/completions', 'openai-completions'],
  ['/v1/embeddings', 'openai-embeddings'],
  ['/api/v1/embeddings', 'openai-embeddings'],
  ['/v1/images/generations', 'openai-images'],
  ['/v1/images/edits', 'openai-images'],
  ['/v1/images/variations', 'openai-images'],
  ['/v1/audio/transcriptions', 'openai-transcriptions'],
  ['/openai/v1/audio/translations', 'openai-transcriptions'],
  ['/model/amazon.nova-lite-v1%3A0/converse', 'bedrock-converse'],
  ['/model/amazon.nova-lite-v1:0/converse-stream', 'bedrock-converse'],
  ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini'],
  ['/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent', 'gemini'],
  ['/v1beta/interactions', 'gemini-interactions'],
  ['/v2/chat', 'cohere'],
  ['/v1/fim/completions', 'mistral-fim'],
  ['/api/chat', 'ollama'],
  ['/api/generate', 'ollama'],
])('%s speaks %s', (path, id) => {
  expect(wireForPath(path)?.id).toBe(id);
});

test.each([
  '/v1/messages/count_tokens',
  '/v1/messages/batches',
  '/v1/threads/t/messages',
  '/v1/responses/resp_1',
  '/v1/responses/input_tokens',
  '/v1/responses/resp_1/cancel',
  '/v1/chat/completions/chatcmpl-1',
  '/v1/models',
  '/v1/agents/other/completions/1',
  '/v1/mycompletions',
  '/v1/images',
  '/v1/audio/speech',
  '/model/m/invoke',
  '/v1/mychat/completion',
  '/v1beta/models/gemini-2.5-flash:countTokens',
  '/v1beta/models/gemini-embedding-001:embedContent',
  '/v1beta/interactions/v1_x',
  '/v1/conversations',
  '/v2/embed',
  '/api/embed',
  '',
])('%s passes', (path) => {
  expect(wireForPath(path)).toBeUndefined();
});

test('who serves the host decides between formats that share a path', () => {
  expect(wireForPath('/v1/chat/completions', 'mistral')?.id).toBe('mistral-chat');
  expect(wireForPath('/v1/chat/completions', 'groq')?.id).toBe('openai-chat');
  expect(wireForPath('/v1/messages', 'mistral')?.id).toBe('anthropic-messages');
  expect(wireForPath('/v1/models', 'mistral')).toBeUndefined();
});

test('the list cannot be changed, and every format has its own name', () => {
  expect(Object.isFrozen(WIRES)).toBe(true);
  expect(new Set(WIRES.map((wire) => wire.id)).size).toBe(WIRES.length);
});
