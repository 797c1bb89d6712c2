import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { Guard } from '../../src/index.js';

type Body = Readonly<Record<string, unknown>>;

/** What one call to the double will put out, unless a ceiling in its body cuts it. */
export interface Wanted {
  readonly outputTokens: number;
  /** Turns of the event loop before the answer, so that answers come in another order than requests. */
  readonly turns: number;
}

/** US dollars per million tokens; the double shares no price with the guard. */
const RATES: Readonly<Record<string, { readonly input: bigint; readonly output: bigint; readonly most: number }>> = {
  'gpt-4o': { input: 2_500_000n, output: 10_000_000n, most: 16_384 },
  'gpt-4o-mini': { input: 150_000n, output: 600_000n, most: 16_384 },
  'gpt-4.1': { input: 2_000_000n, output: 8_000_000n, most: 32_768 },
  'claude-sonnet-4-6': { input: 3_000_000n, output: 15_000_000n, most: 64_000 },
  'claude-haiku-4-5': { input: 1_000_000n, output: 5_000_000n, most: 64_000 },
};

/** Exactly what a model reads of `prompt`. Claude's own tokenizer makes more tokens of a text. */
export function inputTokensOf(model: string, prompt: string): number {
  const counted = countTokens(prompt) + 7;
  return model.startsWith('claude') ? Math.ceil(counted * 1.3) : counted;
}

/** Doubles of three APIs behind one guard, with an exact bill of their own. */
export function billedDoubles(guard: Guard) {
  const bill = { picoUsd: 0n, tokens: 0, calls: 0 };

  async function answer(body: Body, wanted: Wanted, prompt: string, ceilings: readonly string[]) {
    for (let turn = 0; turn < wanted.turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    const model = String(body.model);
    const rates = RATES[model];
    if (rates === undefined) throw new Error(`The double has no rates for ${model}`);
    const set = ceilings.map((name) => body[name]).filter((value) => typeof value === 'number');
    if (set.length > 1) throw new Error('Two ceilings were sent');
    const output = Math.min(wanted.outputTokens, set[0] ?? rates.most, rates.most);
    const input = inputTokensOf(model, prompt);
    bill.picoUsd += BigInt(input) * rates.input + BigInt(output) * rates.output;
    bill.tokens += input + output;
    bill.calls += 1;
    return { model, input, output };
  }

  const chat = guard.instrument({
    chat: {
      completions: {
        async create(body: Body, wanted: Wanted): Promise<unknown> {
          const [message] = body.messages as readonly { readonly content: string }[];
          const served = await answer(body, wanted, message?.content ?? '', ['max_tokens', 'max_completion_tokens']);
          const usage = {
            prompt_tokens: served.input,
            completion_tokens: served.output,
            total_tokens: served.input + served.output,
          };
          if (body.stream !== true) return { model: served.model, choices: [], usage };
          return chunks([
            { model: served.model, choices: [{ index: 0, delta: { content: 'Yes.' }, finish_reason: 'stop' }] },
            { model: served.model, choices: [], usage },
          ]);
        },
      },
    },
  });
  const responses = guard.instrument({
    responses: {
      async create(body: Body, wanted: Wanted): Promise<unknown> {
        const served = await answer(body, wanted, String(body.input), ['max_output_tokens']);
        const usage = {
          input_tokens: served.input,
          output_tokens: served.output,
          total_tokens: served.input + served.output,
        };
        const response = { model: served.model, status: 'completed', output: [], usage };
        if (body.stream !== true) return response;
        return chunks([
          { type: 'response.output_text.delta', delta: 'Yes.' },
          { type: 'response.completed', response },
        ]);
      },
    },
  });
  const messages = guard.instrument({
    messages: {
      async create(body: Body, wanted: Wanted): Promise<unknown> {
        const [message] = body.messages as readonly { readonly content: string }[];
        const served = await answer(body, wanted, message?.content ?? '', ['max_tokens']);
        const usage = { input_tokens: served.input, output_tokens: served.output };
        if (body.stream !== true) return { model: served.model, content: [], usage };
        return chunks([
          { type: 'message_start', message: { model: served.model, usage: { ...usage, output_tokens: 1 } } },
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Yes.' } },
          { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
          { type: 'message_stop' },
        ]);
      },
    },
  });

  return {
    bill,
    /** Sends one prompt in the form of the API that serves `model`, and reads a stream to its end. */
    async send(call: {
      readonly api: 'chat' | 'responses' | 'messages';
      readonly model: string;
      readonly prompt: string;
      readonly stream: boolean;
      readonly ceiling: number | undefined;
      readonly wanted: Wanted;
    }): Promise<void> {
      const { api, model, prompt, stream, ceiling, wanted } = call;
      const content = [{ role: 'user', content: prompt }];
      const sent = {
        chat: () =>
          chat.chat.completions.create(
            { model, messages: content, ...(stream && { stream }), ...(ceiling && { max_tokens: ceiling }) },
            wanted,
          ),
        responses: () =>
          responses.responses.create(
            { model, input: prompt, ...(stream && { stream }), ...(ceiling && { max_output_tokens: ceiling }) },
            wanted,
          ),
        messages: () =>
          messages.messages.create({ model, messages: content, stream, max_tokens: ceiling ?? 1024 }, wanted),
      };
      const result = await sent[api]();
      if (stream) for await (const _ of result as AsyncIterable<unknown>);
    },
  };
}

async function* chunks(events: readonly object[]): AsyncGenerator<object> {
  yield* events;
}
