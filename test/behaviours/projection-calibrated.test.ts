import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { createGuard, type Guard } from '../../src/index.js';

/** English of about `tokens` tokens, different for each `seed`. */
function prose(tokens: number, seed: number): string {
  const words = ['river', 'stone', 'under', 'bright', 'window', 'carry', 'seven', 'little', 'matter', 'open', 'quiet'];
  return Array.from(
    { length: tokens },
    (_, index) => words[(index * 7 + seed * 3 + ((index * seed) % 5)) % words.length],
  ).join(' ');
}

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A double that bills exactly what a provider would: the tokens of every message, and the framing of each. */
function billingDouble(guard: Guard, replyOf: (turn: number) => string) {
  const bills: number[] = [];
  const client = guard.instrument({
    chat: {
      completions: {
        create: async ({ messages }: { messages: Message[] }) => {
          const input = messages.reduce((sum, { content }) => sum + countTokens(content) + 4, 3);
          const content = replyOf(bills.length);
          const output = countTokens(content);
          bills.push(input);
          const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
          return { model: 'gpt-4o', choices: [{ message: { role: 'assistant', content } }], usage };
        },
      },
    },
  });
  return { bills, create: client.chat.completions.create };
}

describe('a long conversation', () => {
  test('of 60 turns and 100 000 tokens is held near its size on every turn but the first, and never below its bill', async () => {
    const guard = createGuard();
    const { bills, create } = billingDouble(guard, (turn) => prose(700, turn));
    const messages: Message[] = [{ role: 'system', content: prose(900, 1) }];
    const holds: number[] = [];
    await guard.budget({ tokens: 100_000_000 }).run(async (scope) => {
      for (let turn = 0; turn < 60; turn += 1) {
        messages.push({ role: 'user', content: prose(950, turn + 100) });
        const before = scope.spent.tokens;
        let held = 0;
        const call = create({ model: 'gpt-4o', max_tokens: 1000, messages } as never);
        held = scope.held.tokens - 1000;
        const reply = (await call) as { choices: { message: Message }[] };
        holds.push(held);
        messages.push(reply.choices[0]?.message as Message);
        expect(scope.spent.tokens).toBeGreaterThan(before);
      }
    });
    const total = bills.at(-1) as number;
    expect(total).toBeGreaterThan(95_000);
    holds.forEach((hold, turn) => {
      expect(hold, `turn ${turn}`).toBeGreaterThanOrEqual(bills[turn] as number);
    });
    // What is new in a turn is bounded by its bytes, some six for a token; what is old by what it was billed.
    holds.slice(5).forEach((hold, index) => {
      expect(hold / (bills[index + 5] as number), `turn ${index + 5}`).toBeLessThan(2);
    });
    expect((holds.at(-1) as number) / total).toBeLessThan(1.1);
  });

  test("is bounded by its bytes alone under inputBound: 'bytes'", async () => {
    const guard = createGuard();
    const { create } = billingDouble(guard, () => 'Yes.');
    const messages: Message[] = [{ role: 'user', content: prose(4000, 1) }];
    await guard.budget({ tokens: 10_000_000, inputBound: 'bytes' }).run(async (scope) => {
      await create({ model: 'gpt-4o', max_tokens: 10, messages } as never);
      const second = create({ model: 'gpt-4o', max_tokens: 10, messages } as never);
      expect(scope.held.tokens).toBeGreaterThan(messages[0]?.content.length as number);
      await second;
    });
  });

  test('that was edited, or went to another model, learns nothing from before the edit', async () => {
    const guard = createGuard();
    const { create } = billingDouble(guard, () => 'Yes.');
    const long = prose(4000, 1);
    await guard.budget({ tokens: 10_000_000 }).run(async (scope) => {
      const heldFor = async (model: string, content: string) => {
        const call = create({ model, max_tokens: 10, messages: [{ role: 'user', content }] } as never);
        const held = scope.held.tokens;
        await call;
        return held;
      };
      const first = await heldFor('gpt-4o', long);
      expect(await heldFor('gpt-4o', long)).toBeLessThan(first / 2);
      expect(await heldFor('gpt-4o', `!${long}`)).toBeGreaterThanOrEqual(first);
      expect(await heldFor('gpt-4o-mini', long)).toBeGreaterThanOrEqual(first);
    });
  });
});
