import { ConfigError } from '../errors.js';
import type { Limit, Unit, Window, WindowSpan } from './ledger.js';
import { FOR_EVER, isStoreKey } from './request.js';

const PREFIX = /^[A-Za-z0-9_.:-]{1,60}$/;
const UNITS: readonly unknown[] = ['usd', 'tokens', 'calls'];

/** The names of all that a ledger stores. They share a hash tag, so that a cluster keeps them on one node. */
export interface RedisKeys {
  readonly generation: string;
  readonly leases: string;
  readonly journal: string;
  hold(id: string): string;
  account(name: string): string;
  marks(name: string, windowId: string): string;
  once(id: string): string;
}

/** @throws ConfigError for a prefix that could break out of the hash tag. */
export function redisKeys(prefix: string): RedisKeys {
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw new ConfigError({
      option: 'prefix',
      value: prefix,
      remedy: 'give 1 to 60 letters, digits or any of _ . : -',
    });
  }
  const tag = `{${prefix}}`;
  return {
    generation: `${tag}:generation`,
    leases: `${tag}:leases`,
    journal: `${tag}:journal`,
    hold: (id) => `${tag}:hold:${id}`,
    account: (name) => `${tag}:account:${name}`,
    marks: (name, windowId) => `${tag}:marks:${name}|${windowId.toWellFormed()}`,
    once: (id) => `${tag}:once:${id}`,
  };
}

/** The name of an account inside its ledger. */
export function accountName(unit: Unit, key: string): string {
  return `${unit}:${key}`;
}

/** @throws ConfigError for a limit that no store takes. */
export function requireLimit(limit: Limit): { readonly key: string; readonly name: string } {
  const key = limit?.key;
  if (!isStoreKey(key)) {
    const remedy = 'a limit in a shared ledger needs a key of letters, digits or any of _ . ~ % = / : @ + -';
    throw new ConfigError({ option: 'limit.key', value: key, remedy });
  }
  if (!UNITS.includes(limit.unit)) {
    throw new ConfigError({ option: 'limit.unit', value: limit.unit, remedy: "give 'usd', 'tokens' or 'calls'" });
  }
  return { key, name: accountName(limit.unit, key) };
}

export function spanOf(window: Window | undefined, nowMs: number): WindowSpan {
  return window === undefined ? FOR_EVER : window.at(nowMs);
}

/** A span as the scripts read it. */
export function spanBody({ id, startMs, endMs, earlierIds, countsUntilMs }: WindowSpan): object {
  const until = Math.min(Math.ceil(countsUntilMs), Number.MAX_SAFE_INTEGER);
  return {
    id: id.toWellFormed(),
    starts: startMs,
    ends: Math.min(endMs, Number.MAX_SAFE_INTEGER),
    earlier: earlierIds.map((each) => each.toWellFormed()),
    counts: until,
  };
}
