import type { FakeAnswer, FakeChunk, FakeEvent, FakeSegment } from './fake-answer.js';
import type { FakeUsage } from './fake-bill.js';
import { ceilingProblem, type FakeProtocol, isCeiling, openaiErrorBody, reportedUsage } from './fake-protocol.js';
import { asRecord, type JsonRecord } from './fake-request.js';

const FINISH_REASONS = { stop: 'stop', length: 'length', tools: 'tool_calls' } as const;

/** OpenAI's chat completions. */
export const openaiChatProtocol: FakeProtocol = Object.freeze({
  wire: 'openai-chat',
  pathSuffix: '/chat/completions',
  requestIdHeader: 'x-request-id',
  ceilings: (body: JsonRecord) => [body.max_completion_tokens, body.max_tokens],
  choices: (body: JsonRecord) => (isCeiling(body.n) && body.n >= 1 ? body.n : 1),
  showsReasoning: () => false,
  problem,
  body: completion,
  events,
  errorBody: openaiErrorBody,
});

function problem(body: JsonRecord, limit: number | undefined): string | undefined {
  const hasBoth = isGiven(body.max_tokens) && isGiven(body.max_completion_tokens);
  if (hasBoth) return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported";
  if (isGiven(body.stream_options) && body.stream !== true) {
    return "The 'stream_options' parameter is only allowed when 'stream' is enabled";
  }
  if (isGiven(body.n) && !(isCeiling(body.n) && body.n >= 1)) return "Invalid 'n': expected an integer of 1 or more";
  const bounds = { least: 0, most: limit };
  return (
    ceilingProblem('max_completion_tokens', body.max_completion_tokens, bounds) ??
    ceilingProblem('max_tokens', body.max_tokens, bounds)
  );
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function usageOf(usage: FakeUsage, outputTokens = usage.outputTokens): JsonRecord {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: outputTokens,
    total_tokens: usage.inputTokens + outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens,
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: Math.min(usage.reasoningTokens, outputTokens),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function envelope(answer: FakeAnswer, object: string): JsonRecord {
  return {
    id: `chatcmpl-${answer.id}`,
    object,
    created: answer.createdSeconds,
    model: answer.model,
    service_tier: answer.serviceTier ?? 'default',
    system_fingerprint: 'fp_fake',
  };
}

function textOf(answer: FakeAnswer, kind: FakeSegment['kind']): string | undefined {
  const segments = answer.segments.filter((segment) => segment.kind === kind);
  return segments.length === 0 ? undefined : segments.map((segment) => segment.text).join('');
}

function toolsOf(answer: FakeAnswer): FakeSegment[] {
  return answer.segments.filter((segment) => segment.kind === 'tool');
}

function callId(answer: FakeAnswer, choice: number, index: number): string {
  return `call_${answer.id}_${choice}_${index}`;
}

function message(answer: FakeAnswer, choice: number): JsonRecord {
  const calls = toolsOf(answer).map((segment, index) => ({
    id: callId(answer, choice, index),
    type: 'function',
    function: { name: segment.name, arguments: segment.text },
  }));
  const reasoning = textOf(answer, 'reasoning');
  return {
    role: 'assistant',
    content: textOf(answer, 'text') ?? (calls.length > 0 ? null : ''),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    refusal: null,
    annotations: [],
  };
}

function completion(answer: FakeAnswer): JsonRecord {
  return {
    ...envelope(answer, 'chat.completion'),
    choices: Array.from({ length: answer.choices }, (_, index) => ({
      index,
      message: message(answer, index),
      logprobs: null,
      finish_reason: FINISH_REASONS[answer.finish],
    })),
    ...reportedUsage(answer, usageOf(answer.usage)),
  };
}

function* events(answer: FakeAnswer, request: JsonRecord): Iterable<FakeEvent> {
  const tellsUsage = asRecord(request.stream_options).include_usage === true;
  const head = envelope(answer, 'chat.completion.chunk');
  let generatedTokens = 0;
  const chunk = (choice: number, delta: JsonRecord, finishReason: string | null = null): JsonRecord => ({
    ...head,
    choices: [{ index: choice, delta, logprobs: null, finish_reason: finishReason }],
    ...(tellsUsage && { usage: answer.usageRepeated ? usageOf(answer.usage, generatedTokens) : null }),
  });
  for (let choice = 0; choice < answer.choices; choice += 1) {
    yield { data: chunk(choice, { role: 'assistant', content: '', refusal: null }) };
  }
  let toolIndex = -1;
  for (const segment of answer.segments) {
    if (segment.kind === 'tool') {
      toolIndex += 1;
      for (let choice = 0; choice < answer.choices; choice += 1) {
        yield { data: chunk(choice, toolOpening(answer, segment, choice, toolIndex)) };
      }
    }
    for (const piece of answer.chunksOf(segment)) {
      generatedTokens += piece.tokens;
      yield { data: chunk(piece.choice, delta(segment, piece, toolIndex)), tokens: piece.tokens, chunk: true };
    }
  }
  generatedTokens = answer.usage.outputTokens;
  for (let choice = 0; choice < answer.choices; choice += 1) {
    yield { data: chunk(choice, {}, FINISH_REASONS[answer.finish]) };
  }
  if (tellsUsage && answer.usageOverride !== 'omit') {
    const last = { ...head, choices: [], ...reportedUsage(answer, usageOf(answer.usage)) };
    for (let times = answer.usageRepeated ? 2 : 1; times > 0; times -= 1) yield { data: last, terminal: true };
  }
  yield { data: '[DONE]', terminal: true };
}

function toolOpening(answer: FakeAnswer, segment: FakeSegment, choice: number, index: number): JsonRecord {
  const opening = { name: segment.name, arguments: '' };
  return { tool_calls: [{ index, id: callId(answer, choice, index), type: 'function', function: opening }] };
}

function delta(segment: FakeSegment, piece: FakeChunk, toolIndex: number): JsonRecord {
  if (segment.kind === 'text') return { content: piece.text };
  if (segment.kind === 'reasoning') return { reasoning_content: piece.text };
  return { tool_calls: [{ index: toolIndex, function: { arguments: piece.text } }] };
}
