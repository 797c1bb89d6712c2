import { PASS, type Situation, type Verdict } from './policy.js';

/**
 * What `block` and `truncate` do: a call that has no ceiling of its own gets one that fits what is not spent; any other
 * call is refused. A ceiling is tightened because money is spent, never because it is merely held.
 */
export function boundThenRefuse(situation: Situation): Verdict {
  if (situation.callerCeilingTokens !== undefined) return PASS;
  const tokens = situation.injectedCeiling();
  return tokens === undefined ? PASS : { kind: 'ceiling', tokens, injected: true };
}
