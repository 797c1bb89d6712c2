import type { Finding } from './ledger.js';
import type { RedisReply } from './redis-reply.js';

const MAX_OFFSET_MS = 1000;

/** Reads from what a store says of itself whether it keeps a cap: no right to read its configuration is needed. */
export function findingsOf(reply: RedisReply, offsetMs: number): readonly Finding[] {
  const info = readInfo(reply.info);
  const clock = clockFinding(offsetMs);
  if (info.size === 0) {
    const message = 'The store does not say how it is set up';
    return [{ level: 'warning', topic: 'info', message, remedy: 'allow INFO to this user' }, clock];
  }
  return [version(info), eviction(info), persistence(info), replicas(info), clock];
}

function readInfo(text: string): ReadonlyMap<string, string> {
  const info = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) info.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return info;
}

function version(info: ReadonlyMap<string, string>): Finding {
  const text = info.get('valkey_version') ?? info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = text.split('.').map(Number);
  const topic = 'version';
  if (major > 6 || (major === 6 && minor >= 2)) return { level: 'ok', topic, message: `Version ${text}` };
  const message = `Version ${text || 'unknown'}; 6.2 is the oldest that is tested`;
  return { level: 'error', topic, message, remedy: 'upgrade to Redis 6.2 or later, or to Valkey' };
}

function eviction(info: ReadonlyMap<string, string>): Finding {
  const policy = info.get('maxmemory_policy');
  const topic = 'maxmemory-policy';
  if (policy === 'noeviction') return { level: 'ok', topic, message: 'Nothing is evicted' };
  const remedy = 'set maxmemory-policy noeviction, or use a store of its own';
  if (policy === undefined) {
    return { level: 'warning', topic, message: 'The store does not say what it evicts', remedy };
  }
  // Accounts of windows expire, so the policies that evict only what expires forget them as well.
  return { level: 'error', topic, message: `The policy ${policy} may evict an account: its cap starts anew`, remedy };
}

function persistence(info: ReadonlyMap<string, string>): Finding {
  const topic = 'persistence';
  if (info.get('aof_enabled') === '1') {
    if (info.get('aof_last_write_status') === 'err') {
      return { level: 'error', topic, message: 'The append-only file cannot be written', remedy: 'look at its disk' };
    }
    return { level: 'ok', topic, message: 'The append-only file is on' };
  }
  const message = 'The append-only file is off: a restart forgets what was spent since the last snapshot, or all of it';
  return { level: 'warning', topic, message, remedy: 'set appendonly yes' };
}

function replicas(info: ReadonlyMap<string, string>): Finding {
  const topic = 'replicas';
  const count = Number(info.get('connected_slaves') ?? 0);
  if (count === 0) return { level: 'ok', topic, message: 'No replica, so no failover that loses writes' };
  return {
    level: 'warning',
    topic,
    message: `${count} replicas: a failover may lose the last writes; each process puts its own holds back`,
    remedy: 'set min-replicas-to-write 1, so that a primary that was cut off takes no writes',
  };
}

function clockFinding(offsetMs: number): Finding {
  const topic = 'clock';
  const message = `The clock of the store is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead'}`;
  if (Math.abs(offsetMs) <= MAX_OFFSET_MS) return { level: 'ok', topic, message };
  return { level: 'warning', topic, message, remedy: 'synchronise the clocks; windows follow the clock of the store' };
}
