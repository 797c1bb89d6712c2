import type { FakeUsage } from './fake-bill.js';
import type { FakeReply } from './fake-reply.js';
import type { JsonRecord } from './fake-request.js';

/** A run of content of one kind, in the chunks it is streamed in. */
export interface FakeSegment {
  readonly kind: 'reasoning' | 'text' | 'tool';
  /** The tool's name, for a `tool` segment. */
  readonly name?: string;
  readonly chunkCount: number;
  chunkAt(index: number): string;
  /** All chunks joined. */
  readonly text: string;
}

/** One chunk of one choice. */
export interface FakeChunk {
  readonly text: string;
  readonly choice: number;
  /** Output tokens that were generated for this chunk, hidden reasoning before it included. */
  readonly tokens: number;
}

/** An event of a stream, before it is framed. */
export interface FakeEvent {
  /** The SSE event name, on wires that have one. */
  readonly event?: string;
  /** A JSON object, or text to send as it is. */
  readonly data: JsonRecord | string;
  /** Output tokens that were generated for it. */
  readonly tokens?: number;
  /** It carries content: it counts as a chunk. */
  readonly chunk?: boolean;
  /** It tells usage or ends the protocol. */
  readonly terminal?: boolean;
}

/** A whole answer, worked out but not yet phrased in a wire format. */
export interface FakeAnswer {
  /** Unique in one provider; wires put their own prefix before it. */
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
  readonly serviceTier?: string;
  readonly choices: number;
  /** The content of each choice. */
  readonly segments: readonly FakeSegment[];
  readonly finish: 'stop' | 'length' | 'tools';
  /** What is billed when the answer is complete; `n` choices have multiplied the output. */
  readonly usage: FakeUsage;
  /** Stands in the place of the reported usage; `'omit'` leaves it out. */
  readonly usageOverride?: unknown;
  readonly usageRepeated: boolean;
  /** The chunks of a segment, choice by choice within each chunk. */
  chunksOf(segment: FakeSegment): Iterable<FakeChunk>;
}

/** What a reply is turned into an answer with. */
export interface AnswerContext {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
  readonly texts: readonly string[];
  readonly countTokens: ((text: string) => number) | undefined;
  /** The most output tokens of one choice: the request's own ceiling, or the model's maximum. */
  readonly ceiling: number | undefined;
  readonly choices: number;
  readonly showsReasoning: boolean;
}

// Each is one token in the tokenizers in use, so that a default answer of n tokens has n words.
const WORDS = ['one', ' two', ' three', ' four', ' five', ' six', ' seven', ' eight'] as const;
const DEFAULT_OUTPUT_TOKENS = 16;

/** Works out the content and the bill of an answer. */
export function planAnswer(reply: FakeReply, context: AnswerContext): FakeAnswer {
  const { choices } = context;
  const count = context.countTokens ?? ((text: string) => Math.ceil(text.length / 4));
  const content = contentSegments(reply);
  const counted = content?.reduce((sum, segment) => sum + count(`${segment.name ?? ''}${segment.text}`), 0);
  const askedReasoning = checkedCount(reply.reasoningTokens ?? 0, 'reasoningTokens');
  const asked = checkedCount(reply.outputTokens ?? (counted ?? DEFAULT_OUTPUT_TOKENS) + askedReasoning, 'outputTokens');
  if (askedReasoning > asked) {
    throw new RangeError(`The reply's reasoningTokens (${askedReasoning}) are part of its outputTokens (${asked})`);
  }
  const total = Math.min(asked, context.ceiling ?? Number.POSITIVE_INFINITY);
  // The model thinks first: what the ceiling leaves after that is what it says.
  const reasoning = Math.min(askedReasoning, total);
  const spoken = total - reasoning;
  const segments = fit(content ?? [words('text', asked - askedReasoning)], asked - askedReasoning, spoken);
  const isVisible = (reply.visibleReasoning ?? context.showsReasoning) && reasoning > 0;
  if (isVisible) segments.unshift(words('reasoning', reasoning));
  const usesTools = segments.some((segment) => segment.kind === 'tool');
  return {
    id: context.id,
    createdSeconds: context.createdSeconds,
    model: reply.servedModel ?? context.model,
    ...(reply.serviceTier !== undefined && { serviceTier: reply.serviceTier }),
    choices,
    segments,
    finish: total < asked ? 'length' : usesTools ? 'tools' : 'stop',
    usage: {
      ...inputUsage(reply, context, count),
      outputTokens: total * choices,
      reasoningTokens: reasoning * choices,
    },
    ...('usage' in reply && { usageOverride: reply.usage }),
    usageRepeated: reply.usageRepeated ?? false,
    chunksOf: spread(segments, { hidden: isVisible ? 0 : reasoning, spoken, choices }),
  };
}

function inputUsage(
  reply: FakeReply,
  context: AnswerContext,
  count: (text: string) => number,
): Pick<FakeUsage, 'inputTokens' | 'cachedTokens' | 'cacheWriteTokens'> {
  const cachedTokens = checkedCount(reply.cachedTokens ?? 0, 'cachedTokens');
  const cacheWriteTokens = checkedCount(reply.cacheWriteTokens ?? 0, 'cacheWriteTokens');
  const counted = () =>
    context.countTokens
      ? context.texts.reduce((sum, text) => sum + count(text), 0)
      : Math.ceil(context.texts.reduce((sum, text) => sum + text.length, 0) / 4);
  const inputTokens = checkedCount(reply.inputTokens ?? counted(), 'inputTokens');
  return { inputTokens: Math.max(inputTokens, cachedTokens + cacheWriteTokens), cachedTokens, cacheWriteTokens };
}

function checkedCount(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`The reply's ${name} is ${value}: a bill needs a whole number of tokens, 0 or more`);
  }
  return value;
}

/** What the reply says in words and tool calls; `undefined` when it says nothing and gets default words. */
function contentSegments(reply: FakeReply): FakeSegment[] | undefined {
  const chunks = reply.chunks ?? (reply.text === undefined ? undefined : splitWords(reply.text));
  if (chunks === undefined && reply.toolCalls === undefined) return undefined;
  const tools = (reply.toolCalls ?? []).map((call) => {
    const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
    return { ...listed('tool', text.match(/[\s\S]{1,8}/gu) ?? ['']), name: call.name };
  });
  return chunks === undefined || chunks.length === 0 ? tools : [listed('text', chunks), ...tools];
}

function splitWords(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function listed(kind: FakeSegment['kind'], chunks: readonly string[]): FakeSegment {
  return { kind, chunkCount: chunks.length, chunkAt: (index) => chunks[index] ?? '', text: chunks.join('') };
}

/** `chunkCount` words, made when they are read: a test may have a thousand long answers in flight. */
function words(kind: FakeSegment['kind'], chunkCount: number): FakeSegment {
  const chunkAt = (index: number) => WORDS[index % WORDS.length] ?? '';
  return {
    kind,
    chunkCount,
    // A second round begins with a space too, so that words never touch.
    chunkAt: (index) => (index > 0 && index % WORDS.length === 0 ? ` ${chunkAt(index)}` : chunkAt(index)),
    get text() {
      return Array.from({ length: chunkCount }, (_, index) => this.chunkAt(index)).join('');
    },
  };
}

/** Cuts the segments where `spoken` of their `total` tokens are used up; whole chunks only. */
function fit(segments: readonly FakeSegment[], total: number, spoken: number): FakeSegment[] {
  if (spoken >= total) return [...segments];
  const all = segments.reduce((sum, segment) => sum + segment.chunkCount, 0);
  let left = Math.floor((spoken * all) / total);
  const kept: FakeSegment[] = [];
  for (const segment of segments) {
    if (left <= 0) break;
    const chunkCount = Math.min(segment.chunkCount, left);
    left -= chunkCount;
    kept.push(chunkCount === segment.chunkCount ? segment : shortened(segment, chunkCount));
  }
  return kept;
}

function shortened(segment: FakeSegment, chunkCount: number): FakeSegment {
  const { kind, name } = segment;
  const chunkAt = (index: number) => segment.chunkAt(index);
  return {
    kind,
    ...(name !== undefined && { name }),
    chunkCount,
    chunkAt,
    get text() {
      return Array.from({ length: chunkCount }, (_, index) => chunkAt(index)).join('');
    },
  };
}

/** Gives each chunk its share of the tokens, so that a stream that is cut can be billed for what it had generated. */
function spread(
  segments: readonly FakeSegment[],
  tokens: { readonly hidden: number; readonly spoken: number; readonly choices: number },
): FakeAnswer['chunksOf'] {
  const spokenChunks = segments.reduce(
    (sum, segment) => sum + (segment.kind === 'reasoning' ? 0 : segment.chunkCount),
    0,
  );
  const upTo = (chunk: number) => Math.ceil((chunk * tokens.spoken) / spokenChunks);
  const offsets = new Map<FakeSegment, number>();
  let offset = 0;
  for (const segment of segments) {
    offsets.set(segment, offset);
    if (segment.kind !== 'reasoning') offset += segment.chunkCount;
  }
  return function* chunksOf(segment) {
    const start = offsets.get(segment) ?? 0;
    for (let index = 0; index < segment.chunkCount; index += 1) {
      const position = start + index;
      const own = segment.kind === 'reasoning' ? 1 : upTo(position + 1) - upTo(position);
      const before = position === 0 && segment.kind !== 'reasoning' ? tokens.hidden : 0;
      const text = segment.chunkAt(index);
      for (let choice = 0; choice < tokens.choices; choice += 1) yield { text, choice, tokens: own + before };
    }
  };
}
