/**
 * What tokenguard does, in under twenty seconds: `npm run demo`.
 *
 * It talks to a fake provider on this machine. With `npm run demo -- --live` and OPENAI_API_KEY set, the loop, the
 * downgrade and the stream go to the real service, under a cap of $0.05.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import {
  addSink,
  BudgetExceededError,
  budget,
  configure,
  flush,
  instrument,
  prices,
  report,
  shutdown,
  track,
} from 'tokenguard';
import { sqliteSink } from 'tokenguard/sinks/sqlite';
import { type FakeProvider, startFakeProvider } from 'tokenguard/testing';

const isLive = process.argv.includes('--live');
if (isLive && !process.env.OPENAI_API_KEY) {
  console.error('--live needs OPENAI_API_KEY');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'tokenguard-demo-'));
const file = join(folder, 'spend.db');
// The demo model's input is free, so that each call of the burst costs exactly what was held for it.
const provider = isLive
  ? undefined
  : await startFakeProvider({ keepBodies: false, prices: { 'demo-model': { input: 0, output: 10 } } });
const openai = instrument(provider ? new OpenAI({ apiKey: 'demo', baseURL: provider.openaiBaseURL }) : new OpenAI());

function step(title: string): void {
  console.log(`\n▸ ${title}`);
}

/** An agent that never thinks it is done: each turn sends the whole conversation again. */
async function runawayAgent(): Promise<void> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Plan a trip, step by step.' }];
  for (let turn = 1; turn <= 1000; turn += 1) {
    const reply = await openai.chat.completions.create({ model: 'gpt-4o', messages, max_tokens: isLive ? 60 : 500 });
    messages.push({ role: 'assistant', content: reply.choices[0]?.message.content ?? '' });
    messages.push({ role: 'user', content: 'Go on.' });
    process.stdout.write('.');
  }
}

async function stopTheLoop(cap: number): Promise<void> {
  step(`A runaway agent loop, under budget({ usd: ${cap} })`);
  try {
    await track({ feature: 'agent', userId: 'alice' }, budget({ name: 'agent', usd: cap }, runawayAgent));
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    const calls = report({ where: { feature: 'agent' } }).total().calls;
    console.log(`\n  stopped after ${calls} calls: ${error.message}`);
  }
}

async function burst(fake: FakeProvider): Promise<void> {
  step('1000 calls at once, $0.10 each, under budget({ usd: 5 })');
  prices.register('demo-model', { input: 0, output: 10, maxOutputTokens: 10_000 });
  fake.reset();
  fake.respondWith({ outputTokens: 10_000, text: 'done' });
  const send = () =>
    openai.chat.completions.create({
      model: 'demo-model',
      max_tokens: 10_000,
      messages: [{ role: 'user', content: 'One of very many.' }],
    });
  const results = await track({ feature: 'fan-out', userId: 'bob' }, () =>
    budget({ name: 'fan-out', usd: '5.00' }).run(() => Promise.allSettled(Array.from({ length: 1000 }, send))),
  );
  const paid = results.filter((result) => result.status === 'fulfilled').length;
  console.log(`  sent ${paid} of 1000; the provider counted ${fake.calls} calls and billed $${fake.billed.usd}`);
}

async function downgrade(cap: number): Promise<void> {
  step(`Too dear for gpt-4o, so it goes out as gpt-4o-mini: onExceed: ['downgrade', 'block'], usd: ${cap}`);
  const ask = budget({
    name: 'support',
    usd: cap,
    onExceed: ['downgrade', 'block'],
    downgrade: { 'gpt-4o': 'gpt-4o-mini' },
  })((question: string) =>
    openai.chat.completions.create({
      model: 'gpt-4o',
      max_tokens: 400,
      messages: [{ role: 'user', content: question }],
    }),
  );
  const reply = await track({ feature: 'support_bot', userId: 'carol' }, () => ask('Where is my parcel?'));
  console.log(`  answered by ${reply.model}`);
}

async function stream(): Promise<void> {
  step('A streamed call: held when it is sent, settled at its last event');
  await track({ feature: 'chat', userId: 'dave' }, () =>
    budget({ name: 'chat', usd: 0.02 }).run(async (scope) => {
      const chunks = await openai.chat.completions.create({
        model: 'gpt-4o-mini',
        stream: true,
        max_tokens: 60,
        messages: [{ role: 'user', content: 'Say hello in ten languages.' }],
      });
      console.log(`  while it runs: $${scope.held.usd} held, $${scope.spent.usd} spent`);
      for await (const chunk of chunks) process.stdout.write(chunk.choices[0]?.delta.content ? '.' : '');
      console.log(`\n  afterwards:    $${scope.held.usd} held, $${scope.spent.usd} spent`);
    }),
  );
}

async function main(): Promise<void> {
  // The fake provider bills by prices of its own, so the age of the bundled ones does not matter here.
  if (provider) configure({ onStalePrices: 'ignore' });
  addSink(sqliteSink({ file }));
  provider?.respondWith({ inputTokens: 300, outputTokens: 200 });
  await stopTheLoop(isLive ? 0.01 : 0.05);
  if (provider) await burst(provider);
  provider?.respondWith({ inputTokens: 20, outputTokens: 60 });
  await downgrade(0.002);
  await stream();
  await flush();
  step('Who spent it: tokenguard report spend.db --by feature,userId');
  const command = fileURLToPath(new URL('cli/main.js', import.meta.resolve('tokenguard')));
  process.stdout.write(execFileSync(process.execPath, [command, 'report', file, '--by', 'feature,userId']));
}

try {
  await (isLive ? budget({ name: 'live demo', usd: 0.05 }).run(main) : main());
} finally {
  await shutdown();
  await provider?.close();
  rmSync(folder, { recursive: true, force: true });
}
