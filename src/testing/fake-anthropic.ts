import type { FakeAnswer, FakeChunk, FakeEvent, FakeSegment } from './fake-answer.js';
import type { FakeUsage } from './fake-bill.js';
import { ceilingProblem, type FakeProtocol, reportedUsage } from './fake-protocol.js';
import { asRecord, type JsonRecord, parseBody } from './fake-request.js';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use' } as const;
const ERROR_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Anthropic's messages. */
export const anthropicProtocol: FakeProtocol = Object.freeze({
  wire: 'anthropic-messages',
  pathSuffix: '/v1/messages',
  requestIdHeader: 'request-id',
  ceilings: (body: JsonRecord) => [body.max_tokens],
  choices: () => 1,
  showsReasoning(body: JsonRecord) {
    const { type, display } = asRecord(body.thinking);
    return (type === 'enabled' || type === 'adaptive') && display !== 'omitted';
  },
  problem,
  body: message,
  events,
  errorBody(status: number, text: string) {
    const type = ERROR_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
    return { type: 'error', error: { type, message: text }, request_id: 'req_fake' };
  },
});

function problem(body: JsonRecord, limit: number | undefined): string | undefined {
  if (body.max_tokens === undefined || body.max_tokens === null) return 'max_tokens: Field required';
  const { type, budget_tokens: budgetTokens } = asRecord(body.thinking);
  if (type === 'enabled' && !(Number(body.max_tokens) > Number(budgetTokens))) {
    return '`max_tokens` must be greater than `thinking.budget_tokens`';
  }
  return ceilingProblem('max_tokens', body.max_tokens, { least: 0, most: limit });
}

/** Anthropic counts cached input beside `input_tokens`, not within. */
function inputUsage(usage: FakeUsage): JsonRecord {
  return {
    input_tokens: usage.inputTokens - usage.cachedTokens - usage.cacheWriteTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedTokens,
  };
}

function fullUsage(answer: FakeAnswer, outputTokens: number): JsonRecord {
  const { usage } = answer;
  const cacheCreation = { ephemeral_5m_input_tokens: usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 };
  return {
    ...inputUsage(usage),
    cache_creation: cacheCreation,
    output_tokens: outputTokens,
    service_tier: answer.serviceTier ?? 'standard',
  };
}

function envelope(answer: FakeAnswer): JsonRecord {
  return { id: `msg_${answer.id}`, type: 'message', role: 'assistant', model: answer.model };
}

function message(answer: FakeAnswer): JsonRecord {
  return {
    ...envelope(answer),
    content: answer.segments.map((segment, index) => block(answer, segment, index, segment.text)),
    stop_reason: STOP_REASONS[answer.finish],
    stop_sequence: null,
    ...reportedUsage(answer, fullUsage(answer, answer.usage.outputTokens)),
  };
}

/** A content block that holds `text`; the opening of a streamed one holds none. */
function block(answer: FakeAnswer, segment: FakeSegment, index: number, text: string): JsonRecord {
  if (segment.kind === 'text') return { type: 'text', text };
  if (segment.kind === 'reasoning') return { type: 'thinking', thinking: text, signature: text && signature(answer) };
  // Arguments that a ceiling has cut are no JSON any more; the service then hands out what it can.
  return { type: 'tool_use', id: `toolu_${answer.id}_${index}`, name: segment.name, input: parseBody(text) ?? {} };
}

function signature(answer: FakeAnswer): string {
  return `signed-${answer.id}`;
}

function* events(answer: FakeAnswer): Iterable<FakeEvent> {
  const named = (data: JsonRecord): FakeEvent => ({ event: String(data.type), data });
  // The service counts one output token as it starts; the true count comes with the last delta.
  const start = { ...envelope(answer), content: [], stop_reason: null, stop_sequence: null };
  const startUsage = reportedUsage(answer, fullUsage(answer, Math.min(1, answer.usage.outputTokens)));
  yield named({ type: 'message_start', message: { ...start, ...startUsage } });
  let generatedTokens = 0;
  let pings = 0;
  for (const [index, segment] of answer.segments.entries()) {
    yield named({ type: 'content_block_start', index, content_block: block(answer, segment, index, '') });
    if (pings === 0) yield named({ type: 'ping' });
    pings += 1;
    for (const piece of answer.chunksOf(segment)) {
      generatedTokens += piece.tokens;
      const data = { type: 'content_block_delta', index, delta: delta(segment, piece) };
      yield { ...named(data), tokens: piece.tokens, chunk: true };
    }
    if (segment.kind === 'reasoning') {
      const signed = { type: 'signature_delta', signature: signature(answer) };
      yield named({ type: 'content_block_delta', index, delta: signed });
    }
    yield named({ type: 'content_block_stop', index });
  }
  if (pings === 0) yield named({ type: 'ping' });
  const ending = (outputTokens: number, stopReason: string | null): FakeEvent => ({
    ...named({
      type: 'message_delta',
      delta: { stop_reason: stopReason, stop_sequence: null },
      ...reportedUsage(answer, { ...inputUsage(answer.usage), output_tokens: outputTokens }),
    }),
    terminal: true,
  });
  if (answer.usageRepeated) {
    yield ending(Math.floor(generatedTokens / 2), null);
    yield ending(answer.usage.outputTokens, STOP_REASONS[answer.finish]);
  }
  yield ending(answer.usage.outputTokens, STOP_REASONS[answer.finish]);
  yield { ...named({ type: 'message_stop' }), terminal: true };
}

function delta(segment: FakeSegment, piece: FakeChunk): JsonRecord {
  if (segment.kind === 'text') return { type: 'text_delta', text: piece.text };
  if (segment.kind === 'reasoning') return { type: 'thinking_delta', thinking: piece.text };
  return { type: 'input_json_delta', partial_json: piece.text };
}
