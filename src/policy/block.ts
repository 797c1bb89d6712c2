import { boundThenRefuse } from './bound-then-refuse.js';
import type { Policy } from './policy.js';

/** Sends a call only if its worst case fits; else refuses it before it is sent. */
export const block: Policy = Object.freeze<Policy>({
  name: 'block',
  admit: 'fit',
  enforces: true,
  whenExhausted: 'refuse',
  decide: boundThenRefuse,
});
