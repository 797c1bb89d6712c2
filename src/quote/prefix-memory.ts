import { createHash } from 'node:crypto';
import { isAmount } from '../money.js';
import type { JsonObject } from '../wire/wire.js';

/** A conversation as a chain: the digest of everything before the turns, then one for each turn and all before it. */
export interface Conversation {
  readonly turns: readonly unknown[];
  /** One for each turn: equal digests mean that all up to and with that turn was sent alike. */
  readonly digests: readonly string[];
}

/** What an earlier request taught: how many turns it had, and how many tokens it took in, all before the turns included. */
export interface KnownPrefix {
  readonly turnCount: number;
  readonly inputTokens: number;
}

/** Remembers what settled requests took in, so that the next turn of a conversation is bounded by what is new in it. */
export interface PrefixMemory {
  /** The longest prefix of `conversation` whose size is known. */
  find(conversation: Conversation): KnownPrefix | undefined;
  /** Keeps what the whole of `conversation` took in. */
  learn(conversation: Conversation, inputTokens: number): void;
  clear(): void;
}

// What does not change how the input is read: it may differ between the turns of one conversation.
const NOT_INPUT: ReadonlySet<string> = new Set([
  ...['stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'temperature', 'top_p'],
  ...['user', 'metadata', 'seed', 'n', 'stop', 'stop_sequences', 'service_tier', 'store', 'safety_identifier'],
]);

/**
 * Reads the turns of a request; `undefined` where it has none. `scope` is whatever else decides how text becomes tokens:
 * the provider and the model.
 */
export function readConversation(body: JsonObject, turnsField: string, scope: string): Conversation | undefined {
  const turns = body[turnsField];
  if (!Array.isArray(turns) || turns.length === 0) return undefined;
  const head = Object.keys(body).filter((key) => key !== turnsField && key !== 'model' && !NOT_INPUT.has(key));
  let digest = digestOf(
    scope,
    head.sort().flatMap((key) => [key, body[key]]),
  );
  const digests = turns.map((turn) => {
    digest = digestOf(digest, turn);
    return digest;
  });
  return { turns, digests };
}

/** A memory of `maxPrefixes` conversations; the one that was of use longest ago gives way. */
export function createPrefixMemory(maxPrefixes = 2000): PrefixMemory {
  const known = new Map<string, number>();
  return {
    find({ digests }) {
      if (known.size === 0) return undefined;
      for (let index = digests.length - 1; index >= 0; index -= 1) {
        const digest = digests[index] as string;
        const inputTokens = known.get(digest);
        if (inputTokens === undefined) continue;
        known.delete(digest);
        known.set(digest, inputTokens);
        return { turnCount: index + 1, inputTokens };
      }
      return undefined;
    },
    learn({ digests }, inputTokens) {
      const digest = digests.at(-1);
      if (digest === undefined || !isAmount(inputTokens)) return;
      // The larger figure stays the bound where two answers differ about the same text.
      const larger = Math.max(inputTokens, known.get(digest) ?? 0);
      known.delete(digest);
      known.set(digest, larger);
      if (known.size <= maxPrefixes) return;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        return;
      }
    },
    clear: () => known.clear(),
  };
}

/**
 * A digest of a JSON value after `before`. Every text is preceded by its kind and length, so no two values read alike; texts are
 * hashed where they lie, because writing a long prompt as JSON would cost more than all the rest.
 */
function digestOf(before: string, root: unknown): string {
  const hash = createHash('sha256').update(before);
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') hash.update(`s${value.length}:`).update(value);
    else if (Array.isArray(value)) {
      hash.update(`a${value.length}:`);
      for (const item of value) pending.push(item);
    } else if (typeof value === 'object' && value !== null) {
      const keys = Object.keys(value);
      hash.update(`o${keys.length}:`);
      for (const key of keys) pending.push((value as JsonObject)[key], key);
    } else hash.update(`v${String(value)};`);
  }
  return hash.digest('base64');
}
