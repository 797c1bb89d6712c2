import { ConfigError } from '../errors.js';
import { isAmount } from '../money.js';
import type { Amounts, Ask, Claim } from './ledger.js';

const MAX_CLAIMS = 4096;
const MAX_FALLBACKS = 15;

export function areValidClaims(claims: readonly Claim[]): boolean {
  return Array.isArray(claims) && claims.length <= MAX_CLAIMS && claims.every(isValidClaim);
}

/** Whether each fallback asks every claim's limit for something; also of those that will not be needed. */
export function areValidFallbacks(fallbacks: readonly (readonly Ask[])[], claimCount: number): boolean {
  if (!Array.isArray(fallbacks) || fallbacks.length > MAX_FALLBACKS) return false;
  return fallbacks.every((asks) => Array.isArray(asks) && asks.length === claimCount && asks.every(isValidAsk));
}

function isValidClaim(claim: Claim): boolean {
  const limit = claim?.limit;
  if (typeof limit !== 'object' || limit === null) return false;
  const { key, unit, cap } = limit;
  return (
    isValidAsk(claim) &&
    isAmount(cap) &&
    (unit === 'usd' || unit === 'tokens' || unit === 'calls') &&
    (key === undefined || typeof key === 'string')
  );
}

function isValidAsk(ask: Ask): boolean {
  return isAmount(ask?.amount) && (ask.admit === 'fit' || ask.admit === 'below-cap' || ask.admit === 'always');
}

export function isValidActual(actual: Amounts | undefined): actual is Amounts {
  return actual != null && isAmount(actual.usd) && isAmount(actual.tokens) && isAmount(actual.calls);
}

/** @throws ConfigError for anything but a whole number above 0. */
export function requireCount(option: string, value: number): void {
  if (isAmount(value) && value > 0) return;
  throw new ConfigError({ option, value, remedy: 'give a whole number above 0' });
}
