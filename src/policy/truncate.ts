import { boundThenRefuse } from './bound-then-refuse.js';
import type { Policy } from './policy.js';

/** As `block`, but quietly: the budget's own function resolves to `undefined` instead of throwing. */
export const truncate: Policy = Object.freeze<Policy>({
  name: 'truncate',
  admit: 'fit',
  enforces: true,
  whenExhausted: 'refuse',
  endsScope: true,
  decide: boundThenRefuse,
});
