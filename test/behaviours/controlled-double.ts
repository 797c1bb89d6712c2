import type { Guard } from '../../src/index.js';

/** What a test double was asked. */
export interface DoubleRequest {
  readonly model: string;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** A chat double whose answers wait until the test lets them go. */
export interface ControlledDouble {
  readonly requests: DoubleRequest[];
  /** Sends a request through the guard; `outputTokens` is what it will bill. */
  send(body?: object): Promise<unknown>;
  /** Answers the oldest open request, billed with `outputTokens`. */
  answer(outputTokens: number): Promise<void>;
  readonly open: number;
}

/** The name of a model whose input is free and whose output costs $10 a million: 1000 tokens are one cent. */
export const CENT_MODEL = 'cent-model';

export function controlledDouble(guard: Guard): ControlledDouble {
  const requests: DoubleRequest[] = [];
  const waiting: { body: DoubleRequest; resolve(answer: unknown): void }[] = [];
  const client = guard.instrument({
    chat: {
      completions: {
        create: (body: DoubleRequest) =>
          new Promise<unknown>((resolve) => {
            requests.push(body);
            waiting.push({ body, resolve });
          }),
      },
    },
  });
  guard.prices.register(CENT_MODEL, { input: 0, output: 10, maxOutputTokens: 10_000 });
  return {
    requests,
    send: (body = {}) =>
      client.chat.completions.create({
        model: CENT_MODEL,
        max_tokens: 1000,
        messages: [{ role: 'user', content: 'Hello' }],
        ...body,
      }),
    async answer(outputTokens) {
      const next = waiting.shift();
      if (!next) throw new Error('no request is open');
      const usage = { prompt_tokens: 5, completion_tokens: outputTokens, total_tokens: 5 + outputTokens };
      next.resolve({ model: next.body.model, choices: [], usage });
      await settled();
    },
    get open() {
      return waiting.length;
    },
  };
}

/** Lets everything that is ready to run do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
