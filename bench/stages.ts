import type * as MemoryLedger from '../src/ledger/memory.js';
import type * as InputBound from '../src/quote/input-bound.js';
import type * as Json from '../src/wire/json.js';
import type * as OpenaiChat from '../src/wire/openai-chat.js';
import { formatMicroseconds, measureTogether } from './measure.js';

/** A room of the built package: what users run, and not what this benchmark's runner makes of the source. */
function built<Module>(path: string): Promise<Module> {
  return import(new URL(`../dist/${path}`, import.meta.url).href);
}

const { memoryLedger } = await built<typeof MemoryLedger>('ledger/memory.js');
const { boundInputByBytes } = await built<typeof InputBound>('quote/input-bound.js');
const { parseJson } = await built<typeof Json>('wire/json.js');
const { openaiChat } = await built<typeof OpenaiChat>('wire/openai-chat.js');

/** Prints what the added time of a guarded call goes to, stage by stage. */
export async function printStages(input: { short: string; long: string; answerText: string }): Promise<void> {
  console.log('\nWhat the time goes to          short prompt   20 000 tokens');
  const [short, long] = [await stagesOf(input.short, input.answerText), await stagesOf(input.long, input.answerText)];
  for (const name of Object.keys(short)) {
    const [left, right] = [short, long].map((stages) =>
      formatMicroseconds(stages[name]?.medianMicroseconds ?? 0).padStart(14),
    );
    console.log(`${name.padEnd(28)} ${left} ${right}`);
  }
}

function stagesOf(content: string, answerText: string) {
  const body = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content }] };
  const bodyText = JSON.stringify(body);
  const answer = JSON.parse(answerText);
  const ledger = memoryLedger();
  const limits = [1, 2, 3].map(() => ({ unit: 'usd', cap: 1_000_000_000_000 }) as const);
  let attempt = 0;
  return measureTogether(
    {
      'parse the request': () => parseJson(bodyText),
      'read it': () => openaiChat.readRequest(body, '/v1/chat/completions'),
      'bound its input by bytes': () =>
        boundInputByBytes(Buffer.byteLength(bodyText), openaiChat.readInput(body), {
          model: 'gpt-4o',
          provider: 'openai',
        }),
      'hold and settle, 3 limits': () => {
        attempt += 1;
        const id = `attempt-${attempt}`;
        ledger.reserve(
          id,
          limits.map((limit) => ({ limit, amount: 1000, admit: 'fit' as const })),
        );
        ledger.settle(id, { usd: 500, tokens: 10, calls: 1 });
      },
      'parse the answer': () => parseJson(answerText),
      'read its usage': () => openaiChat.readResponse(answer),
    },
    { callsPerRound: 300 },
  );
}
