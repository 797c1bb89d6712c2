import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { createGuard } from '../../src/index.js';

const LOADER = ['--import', 'tsx'];
const folder = mkdtempSync(join(tmpdir(), 'tokenguard-threads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program finds that makes a call with the package, where nobody opened a scope or carried one over. */
interface Found {
  readonly current: boolean;
  readonly context: { readonly tags: object; readonly budgets: readonly unknown[] };
  readonly spentUsd: number;
  readonly calls: number;
  readonly capped: string;
  readonly carried: { readonly calls: number; readonly warnings: readonly string[] };
}

const PROGRAM = `
  import { parentPort } from 'node:worker_threads';
  import cluster from 'node:cluster';
  import { createGuard, exportContext } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};

  async function look() {
    const warnings = [];
    const guard = createGuard({ onStalePrices: 'ignore', onWarning: ({ code }) => warnings.push(code) });
    const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
    const client = guard.instrument({ chat: { completions: { create: async () => ({ usage }) } } });
    const call = () => client.chat.completions.create({ model: 'gpt-4o', max_tokens: 50, messages: [] });
    const current = guard.current() !== undefined;
    const context = exportContext();
    await call();
    const { calls, usd } = guard.report().total();
    const capped = await guard.budget({ usd: 0 }).run(() => call().then(() => 'sent', (error) => error.name));
    const left = { version: 1, tags: { feature: 'outer' }, budgets: [{ id: 'elsewhere', name: 'outer' }] };
    await guard.runWithContext(left, call);
    const carried = { calls: guard.report({ where: { feature: 'outer' } }).total().calls, warnings };
    return { current, context: { ...context }, calls, spentUsd: usd, capped, carried };
  }

  if (process.env.AS_CLUSTER === '1' && cluster.isPrimary) {
    cluster.fork().on('message', (found) => process.send(found));
  } else {
    const found = await look();
    if (parentPort) parentPort.postMessage(found);
    else process.send(found, () => process.disconnect());
  }
`;
const file = join(folder, 'program.mts');
writeFileSync(file, PROGRAM);

function inWorker(): Promise<Found> {
  const worker = new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(file)}); });`,
    { eval: true },
  );
  return new Promise<Found>((resolve, reject) => worker.once('message', resolve).once('error', reject)).finally(() =>
    worker.terminate(),
  );
}

function inProcess(env: Record<string, string> = {}): Promise<Found> {
  const child = fork(file, { execArgv: LOADER, cwd: process.cwd(), env: { ...process.env, ...env } });
  return new Promise<Found>((resolve, reject) => {
    child.once('message', (found) => resolve(found as Found));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The program ended with ${code} and found nothing`)));
  });
}

describe.each<[string, () => Promise<Found>]>([
  ['a worker thread', inWorker],
  ['a child process', () => inProcess()],
  ['a worker of a cluster', () => inProcess({ AS_CLUSTER: '1' })],
])('%s that is started inside of a budget', (_, start) => {
  it('is in no scope, books its calls all the same, keeps its own caps, and is told what was left behind', async () => {
    const guard = createGuard();
    const { found, scope } = await guard.track({ feature: 'outer' }, () =>
      guard.budget({ name: 'outer', usd: 1 }).run(async (live) => ({ found: await start(), scope: live })),
    );

    expect(found.current).toBe(false);
    expect(found.context).toEqual({ version: 1, tags: {}, budgets: [] });
    expect(found.calls).toBe(1);
    expect(found.spentUsd).toBeGreaterThan(0);
    expect(found.capped).toBe('BudgetExceededError');
    expect(found.carried).toEqual({ calls: 1, warnings: ['TOKENGUARD_UNGUARDED'] });
    // The account of the thread that started it knows nothing of it: no money was taken, and none was spent behind it.
    expect([scope.spent.calls, scope.held.calls]).toEqual([0, 0]);
  });
});
