import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuard, findBudgetError } from '../../src/index.js';
import { errorOf } from './sdk-calls.js';

type Fixture = typeof import('./fixtures/decorated-agent.mjs');

const COMPILER = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const SOURCE = fileURLToPath(new URL('./fixtures/decorated-agent.mts', import.meta.url));
const COMMON = ['--ignoreConfig', '--noCheck', '--noResolve', '--target', 'es2022', '--module', 'nodenext'];

/** A guard and a call through it that needs no server. */
function open() {
  const guard = createGuard();
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  const double = guard.instrument({ chat: { completions: { create: async (_: object) => ({ choices: [], usage }) } } });
  return { guard, call: () => double.chat.completions.create({ model: 'gpt-4o', max_tokens: 5, messages: [] }) };
}

describe.each([
  ['standard', []],
  ['legacy', ['--experimentalDecorators']],
])('a budget as a %s decorator, compiled by tsc,', (name, flags) => {
  let folder = '';
  let fixture: Fixture;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `tokenguard-${name}-`));
    await promisify(execFile)(process.execPath, [COMPILER, SOURCE, ...COMMON, ...flags, '--outDir', folder]);
    fixture = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'decorated-agent.mjs')).href);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives each call of the method an account of its own, and keeps its receiver, name and length', async () => {
    const { guard, call } = open();
    const agent = new (fixture.makeAgent(guard, call))();

    expect(await agent.answer('Why')).toBe('Why!');
    expect(await agent.answer('How', 2)).toBe('How!');
    expect(findBudgetError(await errorOf(agent.answer('When', 3)))).toMatchObject({ budget: 'answer', unit: 'calls' });

    expect(agent.names).toEqual(['answer', 'answer']);
    expect(agent.answer.name).toBe('answer');
    expect(agent.answer.length).toBe(1);
    expect(guard.report().total().calls).toBe(5);
  });

  it('ends the method quietly under truncate, and works on static methods', async () => {
    const { guard, call } = open();
    const Agent = fixture.makeAgent(guard, call);

    expect(await new Agent().mayBeCut(1)).toBe('whole');
    expect(await new Agent().mayBeCut(2)).toBeUndefined();
    expect(await Agent.ofTheClass()).toBe('class');
  });
});

describe('a budget as a decorator by hand', () => {
  it('takes a method and its context, and returns the method to put in its place', async () => {
    const { guard, call } = open();
    const context = { kind: 'method', name: 'answer', static: false, private: false } as ClassMethodDecoratorContext;

    const answer = guard.budget({ calls: 1, name: 'mine' })(async function answer() {
      await call();
      return guard.current()?.name;
    }, context);

    expect(await answer()).toBe('mine');
    expect(answer.name).toBe('answer');
  });

  it('takes a target, a key and a descriptor, and returns a descriptor that differs in its value alone', async () => {
    const { guard } = open();
    const descriptor = { value: () => guard.current()?.name, writable: true, enumerable: false, configurable: true };

    const decorated = guard.budget({ calls: 1, name: 'mine' })({}, 'answer', descriptor);

    expect(decorated).toEqual({ ...descriptor, value: expect.any(Function) });
    expect(decorated.value()).toBe('mine');
    expect(descriptor.value()).toBeUndefined();
  });
});
