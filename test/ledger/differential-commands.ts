import fc from 'fast-check';
import type { Admit, Ask } from '../../src/ledger/ledger.js';

/** A claim of a command: an account by its index, and whether it is reached through its second limit object. */
export interface ClaimPlan extends Ask {
  readonly account: number;
  readonly isAlias: boolean;
}

export type Command =
  | {
      readonly kind: 'reserve';
      readonly attempt: number;
      readonly claims: readonly ClaimPlan[];
      readonly fallbacks: readonly (readonly Ask[])[];
    }
  | { readonly kind: 'repeat' | 'release'; readonly attempt: number }
  | { readonly kind: 'settle'; readonly attempt: number; readonly actual: unknown }
  | { readonly kind: 'adjust'; readonly account: number; readonly change: number }
  | { readonly kind: 'mark'; readonly account: number; readonly mark: string }
  | { readonly kind: 'advance' | 'expire' };

/** The caps of each account, as seen by its first limit object and by its second. */
export interface Plan {
  readonly caps: readonly (readonly [number, number])[];
  readonly commands: readonly Command[];
}

/** Total in dollars, total in tokens, cut windows, a rolling window. */
export const ACCOUNTS = 4;

const MAX_CLAIMS = 4;
const UNKNOWN_BILLS: readonly unknown[] = [undefined, null, { usd: Number.NaN, tokens: 1, calls: 1 }];

const attempt = fc.nat(6);
const account = fc.nat(ACCOUNTS - 1);
const cap = fc.nat(25);
const ask: fc.Arbitrary<Ask> = fc.record({
  amount: fc.nat(8),
  admit: fc.constantFrom<Admit>('fit', 'fit', 'fit', 'below-cap', 'always'),
});
const claim: fc.Arbitrary<ClaimPlan> = fc
  .tuple(ask, account, fc.boolean())
  .map(([asked, index, isAlias]) => ({ ...asked, account: index, isAlias }));

const reserve: fc.Arbitrary<Command> = fc
  .tuple(
    attempt,
    fc.array(claim, { minLength: 1, maxLength: MAX_CLAIMS }),
    fc.array(fc.array(ask, { minLength: MAX_CLAIMS, maxLength: MAX_CLAIMS }), { maxLength: 2 }),
  )
  .map(([id, claims, asks]) => ({
    kind: 'reserve',
    attempt: id,
    claims,
    fallbacks: asks.map((each) => each.slice(0, claims.length)),
  }));

const actual = fc.oneof(
  { weight: 4, arbitrary: fc.record({ usd: fc.nat(10), tokens: fc.nat(10), calls: fc.constant(1) }) },
  { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN_BILLS) },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: reserve },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), attempt }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle' as const), attempt, actual }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), attempt }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('adjust' as const), account, change: fc.integer({ min: -9, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mark' as const), account, mark: fc.constantFrom('half', 'full') }),
  },
  { weight: 3, arbitrary: fc.constant<Command>({ kind: 'advance' }) },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'expire' }) },
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  caps: fc.array(fc.tuple(cap, cap), { minLength: ACCOUNTS, maxLength: ACCOUNTS }),
  commands: fc.array(command, { maxLength: 40, size: 'max' }),
});
