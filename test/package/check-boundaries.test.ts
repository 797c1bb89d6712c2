import { describe, expect, test } from 'vitest';
import { runCheck } from './run-script.js';

/** Modules that the planted files below import; none of them breaks a rule. */
const SURROUNDINGS = {
  'money.ts': "import { ConfigError } from './errors.js';\nexport const parse = () => new ConfigError();\n",
  'errors.ts': "import type { Unit } from './ledger/ledger.js';\nexport class ConfigError { unit?: Unit }\n",
  'ledger/ledger.ts': "export type Unit = 'usd';\nexport const reserve = () => {};\n",
  'ledger/memory.ts': "import { reserve } from './ledger.js';\nexport const memoryLedger = reserve;\n",
  'wire/wire.ts': 'export interface Wire { name: string }\n',
  'wire/sse.ts': 'export const split = () => {};\n',
  'pricing/cost.ts': 'export const costOf = () => 0;\n',
  'testing/fake-clock.ts': 'export const clock = {};\n',
  'cli/main.ts': 'export const main = () => {};\n',
};

describe('the boundary check accepts', () => {
  const harmless = [
    ['an adapter that runs its own family', 'ledger/redis.ts', "import { reserve } from './ledger.js';"],
    ['an adapter that runs the foundation', 'sink/otel.ts', "import { parse } from '../money.js';"],
    ['a type of another family’s interface', 'client/a.ts', "import type { Wire } from '../wire/wire.js';"],
    ['the orchestrator running a wire format', 'guard.ts', "import { split } from './wire/sse.js';"],
    ['a step of a call running what it is about', 'call/answer.ts', "import { split } from '../wire/sse.js';"],
    ['a tokenizer loaded by its one file', 'quote/tokenizer.ts', "const a = () => import('gpt-tokenizer/encoding/x');"],
    [
      'a store loaded by its one file',
      'sqlite-driver.ts',
      "import { createRequire } from 'node:module'; const load = createRequire(import.meta.url); load('libsql');",
    ],
    ['an import that stands in a comment', 'wire/b.ts', "// import { reserve } from '../ledger/ledger.js';"],
    ['a circle of types', 'wire/c.ts', "import type { C } from './c.js'; export type { C };"],
  ] as const;
  const files = Object.fromEntries(harmless.map(([, path, text]) => [path, text]));
  const result = runCheck('check-boundaries.mjs', { ...SURROUNDINGS, ...files });

  test.each(harmless)('%s', (_name, path) => {
    expect(result.output).not.toContain(path);
    expect(result.code).toBe(0);
  });
});

describe('the boundary check refuses, with file and line,', () => {
  const planted = [
    [
      'a family that runs another',
      'wire/a.ts',
      "import { reserve } from '../ledger/ledger.js';",
      'may not import ledger/ledger.ts',
    ],
    [
      'a type of another family’s adapter',
      'wire/b.ts',
      "import type { M } from '../ledger/memory.js';",
      'may not import ledger/memory.ts',
    ],
    [
      'an inline type import, which still loads',
      'wire/c.ts',
      "import { type Unit } from '../ledger/ledger.js';",
      'may not import ledger/ledger.ts',
    ],
    ['a re-export from another family', 'sink/a.ts', "export * from '../wire/sse.js';", 'may not import wire/sse.ts'],
    [
      'an import() of another family',
      'client/a.ts',
      "const load = () => import('../wire/sse.js');",
      'may not import wire/sse.ts',
    ],
    [
      'a type named by import()',
      'policy/a.ts',
      "type M = import('../ledger/memory.js').M;",
      'may not import ledger/memory.ts',
    ],
    [
      'the foundation looking upwards',
      'clock.ts',
      "import { costOf } from './pricing/cost.js';",
      'may not import pricing/cost.ts',
    ],
    [
      'a step of a call running another step’s family',
      'call/answer.ts',
      "import { reserve } from '../ledger/ledger.js';",
      'may not import ledger/ledger.ts',
    ],
    [
      'the test kit used by the product',
      'guard.ts',
      "import { clock } from './testing/fake-clock.js';",
      'may not import testing/fake-clock.ts',
    ],
    [
      'the command used by the product',
      'index.ts',
      "export { main } from './cli/main.js';",
      'may not import cli/main.ts',
    ],
    ['a static import of an SDK', 'client/b.ts', "import OpenAI from 'openai';", "may not import the package 'openai'"],
    ['the types of an SDK', 'client/c.ts', "import type OpenAI from 'openai';", "may not import the package 'openai'"],
    [
      'a tokenizer loaded from elsewhere',
      'call/attempt.ts',
      "const load = () => import('gpt-tokenizer');",
      "may not load 'gpt-tokenizer'",
    ],
    [
      'a tokenizer loaded at once',
      'quote/tokenizer.ts',
      "import { encode } from 'gpt-tokenizer';",
      "must load 'gpt-tokenizer' lazily",
    ],
    [
      'a store loaded at once',
      'sqlite-driver.ts',
      "import { DatabaseSync } from 'node:sqlite';",
      "must load 'node:sqlite' lazily",
    ],
    [
      'a require made elsewhere',
      'cli/a.ts',
      "import { createRequire } from 'node:module';",
      'may not make a require of its own',
    ],
    [
      'a module loaded by a computed name',
      'cli/b.ts',
      'const load = (name: string) => import(name);',
      'loads a module by a computed name',
    ],
    [
      'an import of a file that is not there',
      'cli/c.ts',
      "import { x } from './nowhere.js';",
      "imports './nowhere.js'",
    ],
  ] as const;
  const files = {
    ...Object.fromEntries(planted.map(([, path, text]) => [path, `\n${text}\n`])),
    'helpers/misc.ts': 'export const misc = 1;',
    'quote/a.ts': "import { b } from './b.js'; export const a = () => b;",
    'quote/b.ts': "import { a } from './a.js'; export const b = () => a;",
  };
  const result = runCheck('check-boundaries.mjs', { ...SURROUNDINGS, ...files });

  test.each(planted)('%s', (_name, path, _text, message) => {
    expect(result.output).toContain(`${path}:2 ${message}`);
    expect(result.code).toBe(1);
  });

  test('a room without a row', () => {
    expect(result.output).toContain('helpers/misc.ts:1 has no row');
  });

  test('a circle of imports that run code', () => {
    expect(result.output).toContain('circle: quote/a.ts → quote/b.ts → quote/a.ts');
  });
});
