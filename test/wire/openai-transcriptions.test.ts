import { expect, test } from 'vitest';
import { validUsage } from '../../src/usage/usage.js';
import { openaiTranscriptions } from '../../src/wire/openai-transcriptions.js';
import type { JsonObject } from '../../src/wire/wire.js';
import { followText, sse } from './follow.js';

const file = { name: 'talk.mp3', size: 250_000, type: 'audio/mpeg' };

test('what a form asks for', () => {
  expect(openaiTranscriptions.readRequest({ model: 'gpt-4o-transcribe', file, stream: 'true' }, '')).toEqual({
    operation: 'generate_content',
    model: 'gpt-4o-transcribe',
    stream: true,
    choices: 1,
    minOutputTokens: 2000,
    maxOutputTokens: 2000,
    maxAudioSeconds: 15_625,
  });
  expect(openaiTranscriptions.readRequest({ model: 'gpt-4o-mini-transcribe-2025-12-15' }, '').maxOutputTokens).toBe(
    2000,
  );
});

test.each(['whisper-1', 'voxtral-mini', 'gpt-4o-transcribed', '', 7])(
  'nobody has published the most that %j writes, so no ceiling is known and none is accepted',
  (model) => {
    const request = openaiTranscriptions.readRequest({ model, file }, '');
    expect(request).not.toHaveProperty('maxOutputTokens');
    expect(request.minOutputTokens).toBe(Number.MAX_SAFE_INTEGER);
  },
);

test('the file counts by its bytes, the prompt as text', () => {
  expect(openaiTranscriptions.readInput({ model: 'm', file, prompt: 'Names: Io.', language: 'en' })).toEqual({
    texts: ['Names: Io.'],
    schemas: [],
    media: [{ kind: 'audio', inlineCharacters: 250_000 }],
    overheadTokens: 0,
  });
});

test('a model that refuses long recordings never hears more than it takes', () => {
  const bound = (model: string, size: number) =>
    openaiTranscriptions.readInput({ model, file: { ...file, size } }).media[0]?.inlineCharacters;
  expect(bound('gpt-4o-mini-transcribe', 25_000_000)).toBe(37_500);
  expect(bound('gpt-4o-mini-transcribe', 9000)).toBe(9000);
  expect(bound('whisper-1', 25_000_000)).toBe(25_000_000);
});

test.each(['a text', null, {}, { size: -1 }, { size: '5' }])('a file of %j has no size that bounds it', (nonsense) => {
  const { media } = openaiTranscriptions.readInput({ file: nonsense });
  expect(media.every(({ inlineCharacters }) => inlineCharacters === 0)).toBe(true);
});

test('samples of known speakers are audio too', () => {
  const input = openaiTranscriptions.readInput({
    'known_speaker_names[]': ['Ada', 'Bob'],
    'known_speaker_references[]': 'data:audio/wav;base64,AAAA',
  });
  expect(input.texts).toEqual(['Ada', 'Bob']);
  expect(input.media).toEqual([{ kind: 'audio', inlineCharacters: 26 }]);
});

test('rewriting changes the model alone', () => {
  const body = Object.freeze({ model: 'a', file });
  expect(openaiTranscriptions.rewrite(body, { model: 'b', maxOutputTokens: 7 }, { official: true })).toEqual({
    model: 'b',
    file,
  });
  expect(openaiTranscriptions.rewrite(body, { maxOutputTokens: 7 }, { official: true })).toBe(body);
});

const usage = {
  type: 'tokens',
  input_tokens: 120,
  input_token_details: { audio_tokens: 100, text_tokens: 20 },
  output_tokens: 30,
  total_tokens: 150,
};
const reading = { usage: { inputTokens: 120, outputTokens: 30, audioInputTokens: 100 } };

test('a bill in tokens', () => {
  expect(openaiTranscriptions.readResponse({ text: 'Hi', usage })).toEqual(reading);
  for (const count of [-1, 1.5, '5', Number.NaN, 2 ** 53]) {
    expect(
      validUsage(openaiTranscriptions.readResponse({ usage: { ...usage, input_tokens: count } }).usage),
    ).toBeUndefined();
  }
});

test.each<unknown>([
  undefined,
  null,
  {},
  { type: 'duration' },
  { prompt_tokens: 13, completion_tokens: 151, total_tokens: 164 },
])('%j is no bill', (raw) => {
  expect(openaiTranscriptions.readResponse({ text: 'Hi', usage: raw })).toEqual({});
});

test.each<[JsonObject, object]>([
  [{ usage: { type: 'duration', seconds: 37 } }, { audioSeconds: 37 }],
  [{ usage: { type: 'duration', seconds: 36.1, input_tokens: 1, output_tokens: 1 } }, { audioSeconds: 37 }],
  [{ duration: 36.7, text: 'Hi' }, { audioSeconds: 37 }],
  [{ duration: '8.4', text: 'Hi' }, { audioSeconds: 9 }],
  [{ usage: { prompt_audio_seconds: 36 } }, { audioSeconds: 36 }],
  [
    { usage: { prompt_audio_seconds: 36, prompt_tokens: 13, completion_tokens: 151, total_tokens: 164 } },
    { audioSeconds: 36, inputTokens: 13, outputTokens: 151 },
  ],
  // Billed by tokens: how long it lasted is no part of the bill.
  [{ duration: 36.7, usage }, reading.usage],
])('%j is billed %j', (body, billed) => {
  expect(openaiTranscriptions.readResponse(body).usage).toEqual({ inputTokens: 0, outputTokens: 0, ...billed });
});

test.each([-1, Number.NaN, true, 'long', 2 ** 53])('a length of %j is a lie', (seconds) => {
  const bill = (body: JsonObject) => validUsage(openaiTranscriptions.readResponse(body).usage);
  expect(bill({ usage: { type: 'duration', seconds } })).toBeUndefined();
  expect(bill({ duration: seconds })).toBeUndefined();
});

test.each<[JsonObject, number]>([
  [{ file }, 15_625],
  [{ file: [file, file] }, 31_250],
  [{ file: { ...file, size: 1 } }, 1],
  [{ file: 'a stream of unknown size' }, 86_400],
  [{}, 86_400],
])('the recording of %j lasts at most %i seconds', (body, seconds) => {
  expect(openaiTranscriptions.readRequest({ model: 'whisper-1', ...body }, '').maxAudioSeconds).toBe(seconds);
});

test('a stream ends with the whole text, whose event carries the usage', () => {
  const follow = (...events: JsonObject[]) => followText(openaiTranscriptions, {}, sse(events));
  const events = [
    { type: 'transcript.text.delta', delta: 'Hi' },
    { type: 'transcript.text.delta', delta: ' there' },
    { type: 'transcript.text.segment', id: 's', text: 'Hi there' },
    { type: 'transcript.text.done', text: 'Hi there', usage },
  ];
  expect(follow(...events)).toEqual({ shown: sse(events), deltas: ['Hi', ' there'], terminalAt: 4, reading });
  expect(follow(...events.slice(0, 3))).toMatchObject({ terminalAt: undefined, reading: {} });
  expect(follow({ error: { message: 'No.' } })).toMatchObject({ terminalAt: 1, reading: {} });
  expect(followText(openaiTranscriptions, {}, sse(['[DONE]'])).terminalAt).toBe(1);
});
