import { PASS, type Policy } from './policy.js';

/**
 * Admits calls below the cap, and cuts a stream before the chunk that would cross it; what was delivered stays
 * delivered. A call that does not stream behaves as under `raise`.
 */
export const breakStream: Policy = Object.freeze<Policy>({
  name: 'break',
  admit: 'below-cap',
  enforces: false,
  whenExhausted: 'refuse',
  throwsOnCrossing: true,
  cutsStreams: true,
  decide: () => PASS,
});
