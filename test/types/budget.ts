import OpenAI from 'openai';
import { type BudgetOptions, bind, budget, guardFetch, instrument, on, track } from '../../src/index.js';

/** Compiles only where both types are the same. */
type Same<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;

function assertType<_ extends true>(): void {}

const map = { 'gpt-4o': 'gpt-4o-mini' };

/** What a budget takes. Nothing here runs: the type check is the test. */
export function optionsThatCompile(): readonly unknown[] {
  return [
    budget({ usd: 1 }),
    budget({ usd: '0.50', tokens: 100, calls: 3, name: 'all', description: 'three caps' }),
    budget({ calls: 1, onExceed: 'raise' }),
    budget({ tokens: 1, onExceed: 'clamp' }),
    budget({ calls: 1, onExceed: ['truncate'] }),
    budget({ calls: 1, onExceed: 'downgrade', downgrade: map }),
    budget({ usd: 1, onExceed: ['downgrade', 'clamp', 'block'], downgrade: map }),
    budget({ usd: 1, onExceed: ['clamp', 'block'] }),
    budget({ usd: 1, onUnpriced: { assume: 'gpt-4o' }, onUnknown: 'charge', bound: 'ceiling', inputBound: 'bytes' }),
  ];
}

export function optionsThatDoNotCompile(): readonly unknown[] {
  return [
    // @ts-expect-error a budget needs options
    budget(),
    // @ts-expect-error at least one cap
    budget({}),
    // @ts-expect-error a name is no cap
    budget({ name: 'nothing' }),
    // @ts-expect-error a typo in an option
    budget({ usd: 1, onExeed: 'block' }),
    // @ts-expect-error a typo in a mode
    budget({ usd: 1, onExceed: 'blok' }),
    // @ts-expect-error a typo in a ladder
    budget({ usd: 1, onExceed: ['clamp', 'blok'] }),
    // @ts-expect-error an empty ladder
    budget({ usd: 1, onExceed: [] }),
    // @ts-expect-error clamp without a cap it can work from
    budget({ calls: 5, onExceed: 'clamp' }),
    // @ts-expect-error clamp in a ladder without a cap it can work from
    budget({ calls: 5, onExceed: ['clamp', 'block'] }),
    // @ts-expect-error clamp without any cap
    budget({ onExceed: 'clamp' }),
    // @ts-expect-error downgrade without its map
    budget({ usd: 1, onExceed: 'downgrade' }),
    // @ts-expect-error downgrade in a ladder without its map
    budget({ usd: 1, onExceed: ['downgrade', 'block'] }),
    // @ts-expect-error a map without downgrade
    budget({ usd: 1, onExceed: 'block', downgrade: map }),
    // @ts-expect-error a map without any mode
    budget({ usd: 1, downgrade: map }),
    // @ts-expect-error tokens are counted in numbers
    budget({ tokens: '100' }),
    // @ts-expect-error a cap is a number
    budget({ usd: true }),
    // @ts-expect-error an unknown bound
    budget({ usd: 1, bound: 'none' }),
    // @ts-expect-error nothing but a function can be put under a budget
    budget({ usd: 1 }, 'text'),
    // @ts-expect-error nothing but a function can be run
    budget({ usd: 1 }).run(5),
  ];
}

async function ask(question: string, times?: number): Promise<string> {
  return question.repeat(times ?? 1);
}

function shout(this: { readonly volume: number }, word: string): string {
  return word.repeat(this.volume);
}

function pick<Item>(items: readonly Item[]): Item | undefined {
  return items[0];
}

export function resultsKeepTheirTypes(): void {
  const wrapped = budget({ usd: 1 })(ask);
  assertType<Same<typeof wrapped, typeof ask>>();
  const wrappedAtOnce = budget({ usd: 1, onExceed: ['downgrade', 'block'], downgrade: map }, ask);
  assertType<Same<typeof wrappedAtOnce, typeof ask>>();
  const method = budget({ usd: 1, onExceed: 'raise' })(shout);
  assertType<Same<typeof method, typeof shout>>();
  const generic = budget({ usd: 1, onExceed: 'clamp' })(pick);
  assertType<Same<typeof generic, typeof pick>>();
  // @ts-expect-error the parameters are those of the function
  void wrapped(5);
  // @ts-expect-error the receiver is that of the function
  method('word');
  const ran = budget({ usd: 1 }).run(() => 5 as number);
  assertType<Same<typeof ran, number>>();
  const awaited = budget({ usd: 1 }).run(async (scope) => scope.spent.usd);
  assertType<Same<typeof awaited, Promise<number>>>();
}

export function truncateMayGiveUndefined(): void {
  const cut = budget({ usd: 1, onExceed: 'truncate' })(ask);
  assertType<Same<ReturnType<typeof cut>, Promise<string | undefined>>>();
  assertType<Same<Parameters<typeof cut>, Parameters<typeof ask>>>();
  const ladder = budget({ usd: 1, onExceed: ['clamp', 'truncate'] }, ask);
  assertType<Same<ReturnType<typeof ladder>, Promise<string | undefined>>>();
  const ran = budget({ usd: 1, onExceed: 'truncate' }).run(async () => 5 as number);
  assertType<Same<typeof ran, Promise<number | undefined>>>();
  const now = budget({ usd: 1, onExceed: 'truncate' }).run(() => 5 as number);
  assertType<Same<typeof now, number | undefined>>();
  // Where only the value decides, either may come.
  const unknownMode = budget({ usd: 1 } as BudgetOptions)(ask);
  assertType<Same<ReturnType<typeof unknownMode>, Promise<string | undefined>>>();
  const perhaps = budget({ usd: 1 } as { usd: number; onExceed?: 'truncate' })(ask);
  assertType<Same<ReturnType<typeof perhaps>, Promise<string | undefined>>>();
  // @ts-expect-error a receiver stays needed
  budget({ usd: 1, onExceed: 'truncate' })(shout)('word');
}

export class Decorated {
  @budget({ usd: 1 })
  async answer(question: string): Promise<string> {
    return question;
  }

  @budget({ usd: 1, onExceed: 'truncate' })
  async mayBeCut(question: string): Promise<string | undefined> {
    return question;
  }

  // @ts-expect-error under truncate the type of the method has to allow undefined
  @budget({ usd: 1, onExceed: 'truncate' })
  async mayNotBeCut(question: string): Promise<string> {
    return question;
  }
}

export function theOthersKeepTheirTypes(): void {
  const client = instrument(new OpenAI({ apiKey: 'none' }));
  assertType<Same<typeof client, OpenAI>>();
  const fetched: typeof fetch = guardFetch();
  void fetched;
  const tracked = track({ feature: 'search', attempt: 1, isNew: true, none: undefined }, () => 'now');
  assertType<Same<typeof tracked, string>>();
  // @ts-expect-error a tag is a string, a number or a boolean
  track({ user: { id: 1 } }, () => 1);
  const bound = bind(ask);
  assertType<Same<ReturnType<typeof bound>, Promise<string>>>();
  on('downgraded', ({ from, to, tags }) => [from, to, tags]);
  // @ts-expect-error an event that does not exist
  on('exploded', () => undefined);
  // @ts-expect-error what an event does not tell
  on('downgraded', ({ cost }) => cost);
}
