import { block } from './block.js';
import { breakStream } from './break.js';
import { createCallbackPolicy, type ExceedHandler } from './callback.js';
import { clamp } from './clamp.js';
import { downgrade } from './downgrade.js';
import type { Policy, PolicyName } from './policy.js';
import { raise } from './raise.js';
import { truncate } from './truncate.js';

const POLICIES: Readonly<Record<PolicyName, Policy>> = Object.freeze({
  block,
  raise,
  truncate,
  downgrade,
  clamp,
  break: breakStream,
});

/** Every name a user may give to `onExceed`. */
export const POLICY_NAMES = Object.freeze(Object.keys(POLICIES)) as readonly PolicyName[];

/** The policy of one step of `onExceed`; `undefined` for what is none. */
export function policyFor(step: unknown): Policy | undefined {
  if (typeof step === 'function') return createCallbackPolicy(step as ExceedHandler);
  return typeof step === 'string' && Object.hasOwn(POLICIES, step) ? POLICIES[step as PolicyName] : undefined;
}
