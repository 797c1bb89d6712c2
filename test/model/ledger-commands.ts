import fc from 'fast-check';
import type { Admit } from '../../src/ledger/ledger.js';

/** A claim of a command: an account by its index, and whether it is reached through its second limit object. */
export interface ClaimPlan {
  readonly account: number;
  readonly isAlias: boolean;
  readonly amount: number;
  readonly admit: Admit;
}

/** One step of a run. Attempts are named by a small number, so that steps meet the same attempt again and again. */
export type Command =
  | { readonly kind: 'reserve' | 'crash'; readonly attempt: number; readonly claims: readonly ClaimPlan[] }
  | { readonly kind: 'repeat' | 'release'; readonly attempt: number }
  | { readonly kind: 'settle'; readonly attempt: number; readonly actual: readonly [number, number, number] }
  | { readonly kind: 'settle-invalid'; readonly attempt: number; readonly actual: unknown }
  | { readonly kind: 'advance'; readonly leases: number }
  | { readonly kind: 'expire' };

/** The caps of the three accounts, each as seen by its first limit object and by its second. */
export interface Scenario {
  readonly caps: readonly (readonly [number, number])[];
  readonly commands: readonly Command[];
}

const ADMITS: readonly Admit[] = ['fit', 'below-cap', 'always'];
const INVALID: readonly unknown[] = [
  undefined,
  null,
  {},
  { usd: Number.NaN, tokens: 1, calls: 1 },
  { usd: 1, tokens: -1, calls: 1 },
  { usd: 1, tokens: 1, calls: 0.5 },
  { usd: 2 ** 53, tokens: 1, calls: 1 },
  { usd: '1', tokens: 1, calls: 1 },
];

const attempt = fc.nat(7);
const amount = fc.nat(8);
const actualAmount = fc.nat(10);
const cap = fc.nat(20);
const caps = fc.tuple(cap, cap);

// One number is drawn for a claim and taken apart: many runs are worth more than a finely made generator.
const claim = fc.nat(3 * 2 * 9 * 4 - 1).map((drawn): ClaimPlan => {
  const admit = Math.floor(drawn / 54);
  return {
    account: drawn % 3,
    isAlias: Math.floor(drawn / 3) % 2 === 1,
    amount: Math.floor(drawn / 6) % 9,
    // Half of the claims must fit.
    admit: ADMITS[Math.max(0, admit - 1)] as Admit,
  };
});
const claims = fc.array(claim, { minLength: 1, maxLength: 4 });

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('reserve' as const), attempt, claims }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), attempt, claims }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), attempt }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      attempt,
      actual: fc.tuple(actualAmount, actualAmount, amount),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('settle-invalid' as const),
      attempt,
      actual: fc.constantFrom(...INVALID),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), attempt }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), leases: fc.constantFrom(0.4, 1) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'expire' as const }) },
);

/** Random caps and up to 40 commands. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  caps: fc.tuple(caps, caps, caps),
  commands: fc.array(command, { maxLength: 40, size: 'max' }),
});
