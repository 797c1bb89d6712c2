import type { Budget } from './budget/budget.js';
import type { BudgetRun } from './budget/run.js';
import { refuseUnknownKeys } from './budget/spec.js';
import type { Binding, Gate } from './client/client.js';
import { createGuardedFetch, type Fetch } from './client/fetch.js';
import { createInstrumentation } from './client/instrument.js';
import { refuseByBody, refuseByThrowing } from './client/refuse.js';
import { headerOf } from './client/request-body.js';
import { ConfigError } from './errors.js';
import type { LiveScope } from './live-scope.js';
import { readTags } from './scope.js';
import type { Tags } from './sink/sink.js';

/** What can be bound to one client besides the ambient budgets and tags. */
export interface InstrumentOptions {
  /** Budgets of this client alone: one account each for as long as the client lives. */
  readonly budgets?: readonly Budget<boolean, LiveScope>[];
  /** Tags of every call of this client; those of `track` win. */
  readonly tags?: Tags;
  /** The provider behind a proxy, for prices. */
  readonly provider?: string;
}

/** How clients come under a guard. `openBound` opens the account of a budget that is bound to one client. */
export function createClients(gate: Gate, openBound: (budget: object) => BudgetRun | undefined, onGuarded: () => void) {
  const clients = createInstrumentation(gate);

  function bindingOf(options: InstrumentOptions): Binding {
    refuseUnknownKeys('instrument option', options, ['budgets', 'tags', 'provider']);
    const runs = (options.budgets ?? []).map((budget) => {
      const run = openBound(budget);
      if (run) return run;
      throw new ConfigError({ option: 'budgets', value: budget, remedy: 'give budgets that the same guard made' });
    });
    const { provider } = options;
    if (provider !== undefined && typeof provider !== 'string') {
      throw new ConfigError({ option: 'provider', value: provider, remedy: "give a name such as 'openai'" });
    }
    const tags = readTags(options.tags ?? {});
    return provider === undefined ? { runs, tags } : { runs, tags, provider };
  }

  function guardFetch(send: Fetch = (input, init) => fetch(input, init), options: InstrumentOptions = {}): Fetch {
    if (typeof send !== 'function') {
      throw new ConfigError({ option: 'guardFetch', value: send, remedy: 'give a fetch function, or nothing' });
    }
    const binding = bindingOf(options);
    onGuarded();
    const throwing = createGuardedFetch(gate, send, binding, refuseByThrowing);
    const failingBody = createGuardedFetch(gate, send, binding, refuseByBody);
    // SDKs of this family retry a rejected fetch, and hide its error; they take a failing body as it is.
    return (input, init) =>
      (headerOf(input, init, 'x-stainless-lang') === undefined ? throwing : failingBody)(input, init);
  }

  return {
    guardFetch,
    instrument: <Client extends object>(client: Client, options: InstrumentOptions = {}): Client =>
      clients.instrument(client, () => {
        const binding = bindingOf(options);
        onGuarded();
        return binding;
      }),
    restore: <Client extends object>(client: Client): Client => clients.restore(client),
  };
}
