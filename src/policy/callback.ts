import { type BudgetExceededError, ConfigError } from '../errors.js';
import { isAmount } from '../money.js';
import type { CallRequest } from '../wire/wire.js';
import type { Policy, Verdict } from './policy.js';

/** What a function given as `onExceed` may answer. */
export type ExceedAnswer = 'allow' | 'refuse' | { readonly model: string } | { readonly maxOutputTokens: number };

/**
 * A function given as `onExceed`: awaited with the refusal the caller would get and the call as it was made. What it
 * throws refuses the call and becomes the cause of the refusal.
 *
 * @example
 * budget({ usd: 1, onExceed: async (refusal, request) => ((await isVip(refusal.tags)) ? 'allow' : 'refuse') });
 */
export type ExceedHandler = (
  refusal: BudgetExceededError,
  request: CallRequest,
) => ExceedAnswer | Promise<ExceedAnswer>;

/** Makes the policy that asks `handler`. */
export function createCallbackPolicy(handler: ExceedHandler): Policy {
  return Object.freeze<Policy>({
    name: 'callback',
    admit: 'fit',
    enforces: true,
    whenExhausted: 'refuse',
    async decide(situation): Promise<Verdict> {
      try {
        const answer = await handler(situation.refusal(), situation.request);
        return readAnswer(answer, situation.request.maxOutputTokens === undefined);
      } catch (cause) {
        return { kind: 'refuse', cause };
      }
    },
  });
}

function readAnswer(answer: unknown, injected: boolean): Verdict {
  if (answer === 'allow') return { kind: 'admit' };
  if (answer === 'refuse') return { kind: 'refuse' };
  const { model, maxOutputTokens } = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  if (typeof model === 'string' && model !== '') return { kind: 'model', model };
  if (isAmount(maxOutputTokens)) return { kind: 'ceiling', tokens: maxOutputTokens, injected };
  throw new ConfigError({
    option: 'answer of onExceed',
    value: answer,
    remedy: "return 'allow', 'refuse', { model } or { maxOutputTokens }",
  });
}
