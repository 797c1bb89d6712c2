import { block } from './block.js';
import { clamp } from './clamp.js';
import { downgrade } from './downgrade.js';
import type { Policy, PolicyName } from './policy.js';
import { raise } from './raise.js';
import { truncate } from './truncate.js';

/** Every policy by the name a user gives to `onExceed`. */
export const POLICIES: Readonly<Record<PolicyName, Policy>> = Object.freeze({
  block,
  raise,
  truncate,
  downgrade,
  clamp,
});
