import { enterWith } from './budget/shapes.js';
import type { Engine } from './engine.js';
import { ConfigError } from './errors.js';
import { currentContext, readTags, runInContext, withTags } from './scope.js';
import type { TagValue } from './sink/sink.js';
import { UnguardedWarning } from './warnings.js';

/** The budgets and tags in force, as a plain object for a worker thread, a job or another process. */
export interface ExportedContext {
  readonly version: 1;
  readonly tags: Readonly<Record<string, TagValue>>;
  /** The budgets in force where it was exported, outermost first. */
  readonly budgets: readonly { readonly id: string; readonly name?: string }[];
}

/** Takes the current tags and budgets along as data that survives `postMessage` and JSON. */
export function exportContext(): ExportedContext {
  const { runs, tags } = currentContext();
  const budgets = runs.map(({ id, spec }) => (spec.name === undefined ? { id } : { id, name: spec.name }));
  return { version: 1, tags: Object.fromEntries(Object.entries(tags)), budgets };
}

/**
 * Runs `fn` with the tags of an exported context. Its budgets keep their money in the process that opened them: they
 * are in force only where they still are around this very call, and a warning says so once where they are not.
 *
 * @throws ConfigError for what `exportContext` did not make.
 */
export function runWithContext<Result>(engine: Engine, exported: ExportedContext, fn: () => Result): Result {
  const { version, budgets } = (
    typeof exported === 'object' && exported !== null ? exported : {}
  ) as Partial<ExportedContext>;
  if (version !== 1 || !Array.isArray(budgets)) {
    throw new ConfigError({ option: 'context', value: exported, remedy: 'give what exportContext() returned' });
  }
  if (typeof fn !== 'function') {
    throw new ConfigError({ option: 'runWithContext', value: fn, remedy: 'give the function to run' });
  }
  const here = new Set(currentContext().runs.map((run) => run.id));
  if (budgets.some((budget) => !here.has(budget.id))) warnLeftBehind(engine);
  const context = withTags(readTags(exported.tags));
  return enterWith((body) => runInContext(context, body), fn);
}

function warnLeftBehind(engine: Engine): void {
  engine.warnOnce('left behind', () => {
    engine.events.emit('unguarded', { reason: 'budgets without a window stay in the process that opened them' });
    return new UnguardedWarning(
      'A context was carried to where its budgets are not in force: their money is kept in the process that opened them. Open a budget where the calls are made',
    );
  });
}
