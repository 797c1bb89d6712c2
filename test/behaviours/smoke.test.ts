import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { createGuard } from '../../src/index.js';
import { startFakeProvider } from '../../src/testing/index.js';

test('smoke', async () => {
  const provider = await startFakeProvider();
  const guard = createGuard();
  const openai = guard.instrument(new OpenAI({ apiKey: 'x', baseURL: provider.openaiBaseURL }));
  guard.prices.register('m', { input: 0, output: 10, maxOutputTokens: 10000 });
  provider.respondWith({ outputTokens: 10000, text: 'x' });
  const results = await guard
    .budget({ usd: 5 })
    .run(() =>
      Promise.allSettled(
        Array.from({ length: 1000 }, () =>
          openai.chat.completions.create({ model: 'm', max_tokens: 10000, messages: [{ role: 'user', content: 'hi' }] }),
        ),
      ),
    );
  const bad = results.find((r) => r.status === 'rejected');
  console.log(bad, provider.billed, provider.calls, guard.report().total());
  const stream = await openai.chat.completions.create({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'hi' }] });
  let n = 0;
  for await (const _ of stream) n += 1;
  console.log(n, guard.report({ groupBy: ['$model'] }).toTable());
  expect(results.filter((r) => r.status === 'fulfilled').length).toBe(50);
  await provider.close();
});
