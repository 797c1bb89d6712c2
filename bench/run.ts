/**
 * What a guarded call costs beside the bare one, in the same run: `npm run bench`.
 *
 * The provider answers in this process, without a network, so that what is left is the work of the SDK and ours.
 */
import { cpus } from 'node:os';
import OpenAI from 'openai';
import { type BudgetOptions, createGuard, type Guard } from 'tokenguard';
import { formatMicroseconds, measureTogether, type Task } from './measure.js';
import { printStages } from './stages.js';

type Messages = { role: 'user'; content: string }[];

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Fine.' }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 },
};
const ANSWER_TEXT = JSON.stringify(ANSWER);
const SHORT = 'What is the capital of France, and why is it there?';
// About 4.5 characters a token in English, so this is some 20 000 tokens.
const LONG = 'The quick brown fox jumps over the lazy dog and does not look back. '.repeat(1340);

function double() {
  return { chat: { completions: { create: async (_: object) => ANSWER } } };
}

function client(): OpenAI {
  const fetch = async () => new Response(ANSWER_TEXT, { headers: { 'content-type': 'application/json' } });
  return new OpenAI({ apiKey: 'bench', fetch });
}

function caller(target: { chat: { completions: { create(body: never): unknown } } }, content: string): Task {
  const messages: Messages = [{ role: 'user', content }];
  return () => target.chat.completions.create({ model: 'gpt-4o', max_tokens: 100, messages } as never);
}

async function compare(title: string, make: () => object, content: string, callsPerRound: number): Promise<void> {
  const guard: Guard = createGuard({ maxRecords: 1000 });
  const options: BudgetOptions = { usd: 1_000_000 };
  await guard.budget(options).run(async () => {
    const bare = caller(make() as never, content);
    const guarded = caller(guard.instrument(make()) as never, content);
    const timings = await measureTogether({ bare, guarded }, { callsPerRound });
    const bareMicroseconds = timings.bare?.medianMicroseconds ?? 0;
    const guardedMicroseconds = timings.guarded?.medianMicroseconds ?? 0;
    const added = formatMicroseconds(guardedMicroseconds - bareMicroseconds).padStart(10);
    const [left, right] = [bareMicroseconds, guardedMicroseconds].map((value) =>
      formatMicroseconds(value).padStart(10),
    );
    console.log(
      `${title.padEnd(36)} ${left} ${right} ${added}   ×${(guardedMicroseconds / bareMicroseconds).toFixed(2)}`,
    );
  });
}

async function countHostileInput(): Promise<void> {
  const guard = createGuard();
  const create = guard.instrument(double()).chat.completions.create;
  const send = (letter: string, characters: number) =>
    guard
      // The bytes do not fit and the tokens do, so that the input is counted.
      .budget({ usd: 1, onExceed: 'block' })
      .run(() =>
        create({ model: 'gpt-4o', max_tokens: 1, messages: [{ role: 'user', content: letter.repeat(characters) }] }),
      );
  await send('a', 500_000);
  const startedMs = performance.now();
  await send('a', 1_000_000);
  console.log(
    `\nA prompt of 1 MB of one letter, counted exactly: ${formatMicroseconds((performance.now() - startedMs) * 1000)}`,
  );
}

console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}\n`,
);
console.log(
  `${'median of 15 rounds'.padEnd(36)} ${'bare'.padStart(10)} ${'guarded'.padStart(10)} ${'added'.padStart(10)}   ratio`,
);
await compare('test double, short prompt', double, SHORT, 2000);
await compare('test double, 20 000-token prompt', double, LONG, 200);
await compare('openai client, short prompt', client, SHORT, 200);
await compare('openai client, 20 000-token prompt', client, LONG, 100);
await countHostileInput();
await printStages({ short: SHORT, long: LONG, answerText: ANSWER_TEXT });
