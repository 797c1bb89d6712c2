import { memoryLedger } from '../dist/ledger/memory.js';
import { boundInputByBytes } from '../dist/quote/input-bound.js';
import { parseJson } from '../dist/wire/json.js';
import { openaiChat } from '../dist/wire/openai-chat.js';
import { formatMicroseconds, measureTogether } from './measure.js';

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
