import { PASS, type Policy } from './policy.js';

/** Sends every call with an output ceiling that fits what is left; refuses where none does. */
export const clamp: Policy = Object.freeze<Policy>({
  name: 'clamp',
  admit: 'fit',
  enforces: true,
  whenExhausted: 'refuse',
  alwaysSendsCeiling: true,
  decide(situation) {
    const most = Math.min(
      situation.ceilingThatFits(),
      situation.maxOutputTokens ?? Number.MAX_SAFE_INTEGER,
      situation.callerCeilingTokens ?? Number.MAX_SAFE_INTEGER,
    );
    if (most < Math.max(situation.minOutputTokens, 1)) return PASS;
    return { kind: 'ceiling', tokens: most, injected: situation.request.maxOutputTokens === undefined };
  },
});
