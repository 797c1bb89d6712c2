import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ConfigError, createGuard, exportContext, type TokenguardWarning } from '../../src/index.js';
import { controlledDouble, settled } from './controlled-double.js';

function setUp() {
  const warnings: TokenguardWarning[] = [];
  const guard = createGuard({ onWarning: (warning) => warnings.push(warning), onStalePrices: 'ignore' });
  return { guard, double: controlledDouble(guard), warnings };
}

/** What a worker thread receives when it is sent `message`. */
async function throughWorker(message: unknown): Promise<unknown> {
  const echo =
    "const { parentPort } = require('node:worker_threads'); parentPort.once('message', (m) => parentPort.postMessage(m));";
  const worker = new Worker(echo, { eval: true });
  const received = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  worker.postMessage(message);
  const answer = await received;
  await worker.terminate();
  return answer;
}

describe('an exported context', () => {
  test('carries tags through a worker thread and through JSON, any key included', async () => {
    const { guard, double } = setUp();
    const tags = JSON.parse('{"feature":"search","userId":7,"__proto__":"odd","paid":true}');
    const context = guard.track(tags, () => exportContext());
    for (const carried of [await throughWorker(context), JSON.parse(JSON.stringify(context))]) {
      const call = guard.runWithContext(carried, () => double.send());
      await settled();
      await double.answer(1);
      await call;
    }
    expect(guard.report({ where: { feature: 'search', userId: 7, paid: true } }).total().calls).toBe(2);
  });

  test('says once that budgets without a window stay where they were opened', () => {
    const { guard, warnings } = setUp();
    const context = guard.budget({ name: 'here', usd: 1 }).run(() => exportContext());
    expect(context.budgets).toMatchObject([{ name: 'here' }]);
    guard.runWithContext(context, () => undefined);
    guard.runWithContext(context, () => undefined);
    expect(warnings.map((warning) => warning.code)).toEqual(['TOKENGUARD_UNGUARDED']);
  });

  test('says nothing where they are still in force, and keeps sync functions sync', () => {
    const { guard, warnings } = setUp();
    const value = guard.budget({ usd: 1 }).run(() => guard.runWithContext(exportContext(), () => 42));
    expect(value).toBe(42);
    expect(warnings).toEqual([]);
  });

  test.each([undefined, null, 'x', {}, { version: 2, tags: {}, budgets: [] }, { version: 1, tags: {} }])(
    'is refused where it is none: %j',
    (context) => {
      const { guard } = setUp();
      expect(() => guard.runWithContext(context as never, () => 1)).toThrow(ConfigError);
    },
  );
});
