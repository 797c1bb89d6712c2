import { ConfigError } from '../errors.js';
import type { Binding, Gate } from './client.js';
import { guardStainless, isStainlessClient } from './stainless.js';
import { guardTestDouble, isTestDouble } from './test-double.js';

/** Guards clients in place and remembers how to undo it. */
export interface Instrumentation {
  instrument<Client extends object>(client: Client, makeBinding: () => Binding): Client;
  restore<Client extends object>(client: Client): Client;
}

const KNOWN =
  'a client of openai or @anthropic-ai/sdk, or a test double with chat.completions.create, responses.create or messages.create; for other SDKs pass guardFetch() as their fetch option';

export function createInstrumentation(gate: Gate): Instrumentation {
  const guarded = new WeakMap<object, () => void>();

  function guard(client: object, binding: Binding): void {
    if (guarded.has(client)) return;
    if (isStainlessClient(client)) {
      guarded.set(
        client,
        guardStainless(client, gate, binding, (clone) => guard(clone, binding)),
      );
    } else if (isTestDouble(client)) {
      guarded.set(client, guardTestDouble(client, gate, binding));
    } else {
      throw new ConfigError({ option: 'instrument client', value: client, remedy: `give ${KNOWN}` });
    }
  }

  return {
    instrument(client, makeBinding) {
      if (typeof client !== 'object' || client === null) {
        // A text may be a key that was passed in the place of its client.
        throw new ConfigError({ option: 'instrument client', value: typeof client, remedy: `give ${KNOWN}` });
      }
      if (!guarded.has(client)) guard(client, makeBinding());
      return client;
    },
    restore(client) {
      guarded.get(client)?.();
      guarded.delete(client);
      return client;
    },
  };
}
