import { describe, expect, it, vi } from 'vitest';
import { EVENT_NAMES } from '../../src/events.js';
import { BudgetExceededError, createGuard, type Encoder, type GuardOptions, type Sink } from '../../src/index.js';
import { controlledDouble, settled } from '../behaviours/controlled-double.js';
import { errorOf } from '../behaviours/sdk-calls.js';

/** Things that code which is called back may throw; some of them cannot even be printed. */
const THROWN: readonly (readonly [string, unknown])[] = [
  ['an error', new Error('mine')],
  ['nothing', undefined],
  ['a symbol', Symbol('mine')],
  ['an object that cannot be printed', Object.create(null)],
];

/** A test double that answers at once, under a guard with `options`. */
function open(options: GuardOptions = {}) {
  const guard = createGuard({ onStalePrices: 'ignore', ...options });
  let sent = 0;
  const client = guard.instrument({
    chat: {
      completions: {
        create: async (body: { readonly model: string }) => {
          sent += 1;
          return { model: body.model, usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 } };
        },
      },
    },
  });
  const call = (rest: object = {}) =>
    client.chat.completions.create({ model: 'gpt-4o', max_tokens: 100, messages: [], ...rest } as never);
  return { guard, call, sent: () => sent };
}

/** Calls that are answered, refused, clamped, made cheaper, that cross a cap and that have no price, one after the other. */
async function callInEveryWay({ guard, call }: ReturnType<typeof open>): Promise<string[]> {
  const outcomes: string[] = [];
  const ways = [
    () => call(),
    () => guard.budget({ usd: 1, alertAt: [0.00001] }).run(() => call()),
    () => guard.budget({ usd: 0 }).run(() => call()),
    () => guard.budget({ usd: 0.001, onExceed: 'clamp' }).run(() => call({ max_tokens: 4000 })),
    () =>
      guard.budget({ usd: 0.0005, onExceed: 'downgrade', downgrade: { 'gpt-4o': 'gpt-4o-mini' } }).run(() => call()),
    () => guard.budget({ usd: 0.00001, onExceed: 'raise' }).run(() => call()),
    () => guard.budget({ usd: 1, onUnpriced: 'warn' }).run(() => call({ model: 'nobody-knows' })),
  ];
  for (const way of ways) {
    outcomes.push(
      await way().then(
        () => 'answered',
        (error: Error) => error.name,
      ),
    );
  }
  return outcomes;
}

const AS_USUAL = [
  ...['answered', 'answered', 'BudgetExceededError', 'answered', 'answered', 'BudgetExceededError', 'answered'],
];

describe.each(THROWN)('code that is called back and throws %s', (_, thrown) => {
  const fail = (): never => {
    throw thrown;
  };

  it('as a listener of every event changes nothing', async () => {
    const opened = open({ onWarning: () => {} });
    for (const name of EVENT_NAMES) opened.guard.on(name, fail);
    expect(await callInEveryWay(opened)).toEqual(AS_USUAL);
    expect(opened.guard.report().total().calls).toBe(opened.sent());
  });

  it('as a listener that rejects changes nothing', async () => {
    const opened = open({ onWarning: () => {} });
    for (const name of EVENT_NAMES) opened.guard.on(name, () => Promise.reject(thrown));
    expect(await callInEveryWay(opened)).toEqual(AS_USUAL);
    await settled();
    expect(opened.guard.report().total().calls).toBe(opened.sent());
  });

  it('as a listener and as onWarning, which hears of it, changes nothing', async () => {
    const opened = open({ onWarning: fail });
    for (const name of EVENT_NAMES) opened.guard.on(name, fail);
    for (const name of EVENT_NAMES) opened.guard.on(name, () => Promise.reject(thrown));
    expect(await callInEveryWay(opened)).toEqual(AS_USUAL);
    await settled();
    expect(opened.guard.report().total().calls).toBe(opened.sent());
  });

  it('as a listener whose trouble becomes a warning of the process changes nothing', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const opened = open();
    for (const name of EVENT_NAMES) opened.guard.on(name, fail);
    expect(await callInEveryWay(opened)).toEqual(AS_USUAL);
    emitWarning.mockRestore();
  });

  it('as every hook of a sink changes nothing', async () => {
    const sink: Sink = { name: 'hostile', attach: fail, write: fail, onEvent: fail, flush: fail, shutdown: fail };
    const opened = open({ sinks: [sink] });
    expect(await callInEveryWay(opened)).toEqual(AS_USUAL);
    await opened.guard.flush();
    await opened.guard.shutdown();
    expect(opened.guard.report().total().calls).toBe(opened.sent());
  });

  it('as onExceed refuses the call', async () => {
    const { guard, call, sent } = open();
    const error = await errorOf(guard.budget({ usd: 0, onExceed: fail }).run(() => call()));
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as BudgetExceededError).cause).toBe(thrown);
    expect(sent()).toBe(0);
  });

  it.each<[string, () => Promise<Encoder | undefined>]>([
    ['the source of encoders', fail],
    ['the source of encoders, later', () => Promise.reject(thrown)],
    ['an encoder', async () => fail],
  ])('as %s sends no call that was not shown to fit, and leaves nothing held', async (_name, encoders) => {
    const { guard, call, sent } = open({ encoders });
    const scope = await guard.budget({ usd: 0.0001 }).run(async (live) => {
      await call().then(
        () => undefined,
        () => undefined,
      );
      return live;
    });
    expect(sent()).toBe(0);
    expect(scope.held).toEqual({ usd: 0, tokens: 0, calls: 0 });
  });
});

describe('a tokenizer that fails once a call is held', () => {
  it('leaves the call with the bound it is held at', async () => {
    const { guard, call } = open({ encoders: () => Promise.reject(new Error('mine')) });
    const scope = await guard.budget({ usd: 1, onExceed: 'break' }).run(async (live) => {
      await call({ stream: true });
      return live;
    });
    expect([scope.held.calls, scope.spent.calls]).toEqual([0, 1]);
  });
});

describe('a scope that ends while its calls are in flight', () => {
  it('leaves their holds in force until they settle', async () => {
    const guard = createGuard();
    const double = controlledDouble(guard);
    let flying: Promise<unknown> | undefined;
    const scope = guard.budget({ usd: 1 }).run((live) => {
      flying = double.send();
      return live;
    });
    await settled();
    expect(scope.held.usd).toBe(0.01);
    await double.answer(500);
    await flying;
    expect([scope.held.usd, scope.spent.usd]).toEqual([0, 0.005]);
  });
});
