import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { bedrockConverse } from '../../src/wire/bedrock-converse.js';
import { parseJson } from '../../src/wire/json.js';
import { openaiCompletions } from '../../src/wire/openai-completions.js';
import { openaiEmbeddings } from '../../src/wire/openai-embeddings.js';
import { openaiImages } from '../../src/wire/openai-images.js';
import { openaiTranscriptions } from '../../src/wire/openai-transcriptions.js';
import type { JsonObject, Wire } from '../../src/wire/wire.js';
import { awsEvent } from './aws-message.js';
import { cutAt, follow, sse } from './follow.js';

// Bodies recorded from real services lie beside the repository, not in it.
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/wire');
const WALK: readonly (readonly [string, Wire])[] = [
  ['openai/completion', openaiCompletions],
  ['openai/embedding', openaiEmbeddings],
  ['openai/image', openaiImages],
  ['openai/transcription', openaiTranscriptions],
  ['amazon-bedrock', bedrockConverse],
];

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const walk = (ending: string) =>
  WALK.flatMap(([folder, wire]) =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder))
          .filter((name) => name.endsWith(ending))
          .map((name) => [join(folder, name), wire] as const)
      : [],
  );
const bodies = walk('.json');
const streams = walk('.chunks.txt');

describe.skipIf(bodies.length === 0)('recorded bodies', () => {
  test.each(bodies)('%s', (name, wire) => {
    const body = parseJson(read(name))!;
    const usage = body.usage as JsonObject | undefined;
    // Images that are sold by the piece have no usage, and tell nothing of how they were made.
    const isSoldByPiece = wire === openaiImages && Array.isArray(body.data) && body.quality === undefined;
    expect(validUsage(wire.readResponse(body).usage) !== undefined).toBe(usage !== undefined || isSoldByPiece);
  });
});

describe.skipIf(streams.length === 0)('recorded streams', () => {
  test.each(streams)('%s', (name, wire) => {
    const lines = read(name)
      .split('\n')
      .filter((line) => line.trim() !== '');
    const bytes = wire === bedrockConverse ? awsStream(lines) : Buffer.from(sse([...lines, '[DONE]']));
    const whole = follow(wire, {}, [bytes]);
    const isTold = lines.some((line) => /"(?:outputTokens|completion_tokens)":\s*\d/.test(line));
    expect(validUsage(whole.reading.usage) !== undefined).toBe(isTold);
    expect(whole.deltas.length).toBeGreaterThan(0);
    if (wire === bedrockConverse) {
      expect(whole.shown).toBe(bytes.toString('utf8'));
      expect(followParsed(lines)).toEqual(whole.reading);
    }
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (places) => {
        expect(follow(wire, {}, cutAt(bytes, places))).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });
});

/** The recordings name each event around its body; on the wire the name is in the headers of the message. */
function awsStream(lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => {
      const [[type, body]] = Object.entries(parseJson(line)!) as [[string, JsonObject]];
      return awsEvent(type, JSON.stringify(body));
    }),
  );
}

function followParsed(lines: readonly string[]) {
  const reader = bedrockConverse.followStream({});
  for (const line of lines) reader.read('', parseJson(line));
  return reader.result();
}
