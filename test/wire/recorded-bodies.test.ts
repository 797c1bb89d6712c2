import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Usage, validUsage } from '../../src/usage/usage.js';
import { anthropicMessages } from '../../src/wire/anthropic-messages.js';
import { cohere } from '../../src/wire/cohere.js';
import { gemini } from '../../src/wire/gemini.js';
import { geminiInteractions } from '../../src/wire/gemini-interactions.js';
import { parseJson } from '../../src/wire/json.js';
import { mistralChat } from '../../src/wire/mistral.js';
import { openaiChat } from '../../src/wire/openai-chat.js';
import { openaiResponses } from '../../src/wire/openai-responses.js';
import type { JsonObject, Wire } from '../../src/wire/wire.js';
import { cutAt, follow, sse } from './follow.js';

// Bodies recorded from real services lie beside the repository, not in it.
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/wire');
const FOLDERS = [
  'openai/chat',
  'openai/responses',
  'anthropic',
  'azure',
  'xai',
  'deepseek',
  'groq',
  'alibaba',
  'openai-compatible',
  'open-responses',
  'google',
  'cohere',
  'mistral',
];
// Other services of the same providers: live audio, embeddings, rerankings and transcriptions.
const OTHER_SERVICES = /speech-translation|embedding|reranking|transcription/;

function filesUnder(folder: string, ending: string): string[] {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .flatMap((name) =>
      statSync(join(path, name)).isDirectory() ? filesUnder(join(folder, name), ending) : [join(folder, name)],
    )
    .filter((name) => name.endsWith(ending) && !OTHER_SERVICES.test(name));
}

function wireOf(folder: string, first: JsonObject): Wire {
  if (folder.startsWith('anthropic')) return anthropicMessages;
  if (folder.startsWith('google/interactions')) return geminiInteractions;
  if (folder.startsWith('google')) return gemini;
  if (folder.startsWith('cohere')) return cohere;
  if (folder.startsWith('mistral')) return mistralChat;
  const isResponses =
    first.object === 'response' || String(first.type).startsWith('response.') || first.item !== undefined;
  return isResponses ? openaiResponses : openaiChat;
}

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const bodies = FOLDERS.flatMap((folder) => filesUnder(folder, '.json'));
const streams = FOLDERS.flatMap((folder) => filesUnder(folder, '.chunks.txt'));

describe.skipIf(bodies.length === 0)('recorded bodies', () => {
  test.each(bodies)('%s', (name) => {
    const body = parseJson(read(name))!;
    const { usage } = wireOf(name, body).readResponse(body);
    const rawUsage = body.usage ?? body.usageMetadata;
    const hasUsage = typeof rawUsage === 'object' && rawUsage !== null;
    expect(validUsage(usage) !== undefined).toBe(hasUsage);
  });
});

/** Google's totals are the sum of what is billed. */
function expectGoogleIdentity(usage: Usage | undefined, lastLine: string): void {
  const total = /"(?:total_tokens|totalTokenCount)":\s*(\d+)/.exec(lastLine)?.[1];
  expect((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)).toBe(Number(total));
}

describe.skipIf(streams.length === 0)('recorded streams', () => {
  test.each(streams)('%s', (name) => {
    const lines = read(name)
      .split('\n')
      .filter((line) => line.trim() !== '');
    const readable = lines.filter((line) => parseJson(line) !== undefined);
    const wire = wireOf(name, parseJson(readable[0]!)!);
    const isChat = wire === openaiChat;
    const bytes = Buffer.from(sse(isChat ? [...lines, '[DONE]'] : lines));
    const whole = follow(wire, { stream: true }, [bytes]);
    const hasUsage = readable.some(
      (line) =>
        /"(?:(?:output|completion)_tokens|total_output_tokens|totalTokenCount)":\s*\d/.test(line) &&
        !line.includes('message_start'),
    );
    expect(validUsage(whole.reading.usage) !== undefined).toBe(hasUsage);
    if (!isChat) expect(whole.shown).toBe(bytes.toString());
    // What the user of a chat stream sees never has a chunk that only we asked for.
    else expect(whole.shown).not.toMatch(/"choices":\[\],[^\n]*"usage":\{/);
    if (name.startsWith('google')) expectGoogleIdentity(whole.reading.usage, lines.at(-1)!);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (places) => {
        expect(follow(wire, { stream: true }, cutAt(bytes, places))).toEqual(whole);
      }),
      { numRuns: 4 },
    );
  });
});

const arrays = streams.filter((name) => name.startsWith('google/google-'));
describe.skipIf(arrays.length === 0)('recorded Gemini streams as one JSON array', () => {
  test.each(arrays)('%s', (name) => {
    const lines = read(name)
      .split('\n')
      .filter((line) => line.trim() !== '');
    const bytes = Buffer.from(`[${lines.join('\n,\r\n')}\n]\n`);
    const { reading, deltas } = follow(gemini, {}, [Buffer.from(sse(lines))]);
    const whole = follow(gemini, {}, [bytes]);
    expect(whole).toMatchObject({ shown: bytes.toString(), reading, deltas });
    for (const size of [1, 7, 1000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(follow(gemini, {}, chunks)).toEqual(whole);
    }
  });
});
