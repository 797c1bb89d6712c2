import type { Engine } from './engine.js';
import { checkSink } from './settings.js';
import { createSinkRunner } from './sink/batch.js';
import type { Sink } from './sink/sink.js';

/** Adds a sink behind a bounded queue; one of the same name is replaced. Returns what flushes and removes it. */
export function addSink(engine: Engine, sink: Sink): () => Promise<void> {
  checkSink(sink);
  const replaced = engine.sinks.get(sink.name);
  const runner = createSinkRunner(sink, {
    clock: engine.clock,
    onError: (error) => engine.events.emit('sink_error', { sink: sink.name, error }),
    onDrop: (dropped) => engine.events.emit('sink_error', { sink: sink.name, dropped }),
  });
  engine.sinks.set(sink.name, runner);
  void replaced?.shutdown();
  return async () => {
    if (engine.sinks.get(sink.name) === runner) engine.sinks.delete(sink.name);
    await runner.shutdown();
  };
}

/** Removes every sink; each is drained and closed on its own. */
export function removeSinks(engine: Engine): Promise<unknown> {
  const runners = [...engine.sinks.values()];
  engine.sinks.clear();
  return Promise.all(runners.map((runner) => runner.shutdown()));
}
