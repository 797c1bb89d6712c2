import type { FakeAnswer, FakeEvent, FakeSegment } from './fake-answer.js';
import type { FakeUsage } from './fake-bill.js';
import { ceilingProblem, type FakeProtocol, openaiErrorBody, reportedUsage } from './fake-protocol.js';
import type { JsonRecord } from './fake-request.js';

const LEAST_CEILING = 16;

/** OpenAI's responses. */
export const openaiResponsesProtocol: FakeProtocol = Object.freeze({
  wire: 'openai-responses',
  pathSuffix: '/responses',
  requestIdHeader: 'x-request-id',
  ceilings: (body: JsonRecord) => [body.max_output_tokens],
  choices: () => 1,
  showsReasoning: () => false,
  problem: (body: JsonRecord, limit: number | undefined) =>
    ceilingProblem('max_output_tokens', body.max_output_tokens, { least: LEAST_CEILING, most: limit }),
  body: (answer: FakeAnswer) => finished(answer),
  events,
  errorBody: openaiErrorBody,
});

function usageOf(usage: FakeUsage): JsonRecord {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens,
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** The response object; `state` is what is known of it at this moment. */
function response(answer: FakeAnswer, state: JsonRecord): JsonRecord {
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: answer.createdSeconds,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: answer.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: answer.serviceTier ?? 'default',
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: {},
    ...state,
  };
}

function finished(answer: FakeAnswer): JsonRecord {
  const isWhole = answer.finish !== 'length';
  return response(answer, {
    status: isWhole ? 'completed' : 'incomplete',
    incomplete_details: isWhole ? null : { reason: 'max_output_tokens' },
    output: outputOf(answer).map((item) => item.done),
    usage: undefined,
    ...reportedUsage(answer, usageOf(answer.usage)),
  });
}

/** An item of the output: as it is announced, and as it is when complete. */
interface OutputItem {
  readonly id: string;
  readonly segment: FakeSegment | undefined;
  readonly added: JsonRecord;
  readonly done: JsonRecord;
}

function outputOf(answer: FakeAnswer): OutputItem[] {
  const hasVisibleReasoning = answer.segments.some((segment) => segment.kind === 'reasoning');
  // Hidden reasoning still shows as an item, only without a word in it.
  const isHidden = answer.usage.reasoningTokens > 0 && !hasVisibleReasoning;
  const segments = isHidden ? [undefined, ...answer.segments] : answer.segments;
  return segments.map((segment, index) => {
    const isCut = answer.finish === 'length' && index === segments.length - 1;
    return outputItem(answer, segment, index, isCut ? 'incomplete' : 'completed');
  });
}

function outputItem(answer: FakeAnswer, segment: FakeSegment | undefined, index: number, status: string): OutputItem {
  const suffix = `${answer.id}_${index}`;
  if (segment === undefined || segment.kind === 'reasoning') {
    const id = `rs_${suffix}`;
    const summary = segment === undefined ? [] : [{ type: 'summary_text', text: segment.text }];
    const base = { id, type: 'reasoning' };
    return { id, segment, added: { ...base, summary: [] }, done: { ...base, summary } };
  }
  if (segment.kind === 'tool') {
    const id = `fc_${suffix}`;
    const base = { id, type: 'function_call', call_id: `call_${suffix}`, name: segment.name };
    const added = { ...base, arguments: '', status: 'in_progress' };
    return { id, segment, added, done: { ...base, arguments: segment.text, status } };
  }
  const id = `msg_${suffix}`;
  const base = { id, type: 'message', role: 'assistant' };
  const added = { ...base, status: 'in_progress', content: [] };
  return { id, segment, added, done: { ...base, status, content: [textPart(segment.text)] } };
}

function textPart(text: string): JsonRecord {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

/** What an event is made of before it is numbered. */
type Step = { readonly type: string; readonly fields: JsonRecord; readonly tokens?: number; readonly chunk?: boolean };

function* events(answer: FakeAnswer): Iterable<FakeEvent> {
  let sequenceNumber = -1;
  const numbered = (step: Step): FakeEvent => {
    sequenceNumber += 1;
    const { type, fields, tokens, chunk } = step;
    return {
      event: type,
      data: { type, sequence_number: sequenceNumber, ...fields },
      ...(tokens !== undefined && { tokens }),
      ...(chunk !== undefined && { chunk }),
    };
  };
  yield numbered({ type: 'response.created', fields: { response: response(answer, {}) } });
  const early = answer.usageRepeated
    ? { usage: usageOf({ ...answer.usage, outputTokens: 0, reasoningTokens: 0 }) }
    : {};
  yield numbered({ type: 'response.in_progress', fields: { response: response(answer, early) } });
  for (const [index, item] of outputOf(answer).entries()) {
    yield numbered({ type: 'response.output_item.added', fields: { output_index: index, item: item.added } });
    for (const step of itemSteps(answer, item, index)) yield numbered(step);
    yield numbered({ type: 'response.output_item.done', fields: { output_index: index, item: item.done } });
  }
  const type = answer.finish === 'length' ? 'response.incomplete' : 'response.completed';
  yield { ...numbered({ type, fields: { response: finished(answer) } }), terminal: true };
}

function* itemSteps(answer: FakeAnswer, item: OutputItem, index: number): Iterable<Step> {
  const { segment } = item;
  if (segment === undefined) return;
  const at = { item_id: item.id, output_index: index };
  const deltas = function* (type: string, place: JsonRecord): Iterable<Step> {
    for (const { text, tokens } of answer.chunksOf(segment)) {
      yield { type, fields: { ...place, delta: text }, tokens, chunk: true };
    }
  };
  if (segment.kind === 'tool') {
    yield* deltas('response.function_call_arguments.delta', at);
    const fields = { ...at, name: segment.name, arguments: segment.text };
    yield { type: 'response.function_call_arguments.done', fields };
    return;
  }
  if (segment.kind === 'reasoning') {
    const place = { ...at, summary_index: 0 };
    const part = (text: string) => ({ ...place, part: { type: 'summary_text', text } });
    yield { type: 'response.reasoning_summary_part.added', fields: part('') };
    yield* deltas('response.reasoning_summary_text.delta', place);
    yield { type: 'response.reasoning_summary_text.done', fields: { ...place, text: segment.text } };
    yield { type: 'response.reasoning_summary_part.done', fields: part(segment.text) };
    return;
  }
  const place = { ...at, content_index: 0 };
  yield { type: 'response.content_part.added', fields: { ...place, part: textPart('') } };
  yield* deltas('response.output_text.delta', { ...place, logprobs: [] });
  yield { type: 'response.output_text.done', fields: { ...place, logprobs: [], text: segment.text } };
  yield { type: 'response.content_part.done', fields: { ...place, part: textPart(segment.text) } };
}
