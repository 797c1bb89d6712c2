import { PASS, type Policy } from './policy.js';

/** Admits calls below the cap; the one that crosses it is paid, then throws. Later calls are refused unsent. */
export const raise: Policy = Object.freeze<Policy>({
  name: 'raise',
  admit: 'below-cap',
  enforces: false,
  whenExhausted: 'refuse',
  throwsOnCrossing: true,
  decide: () => PASS,
});
