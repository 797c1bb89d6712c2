import type { Engine } from './engine.js';
import { RefusalError } from './errors.js';
import { EVENT_NAMES, type EventMap, type EventName } from './events.js';
import { checkSink } from './settings.js';
import { createSinkRunner, type SinkRunner } from './sink/batch.js';
import type { Sink, SinkEvent, SinkHost, TagValue } from './sink/sink.js';

/** Adds a sink behind a bounded queue; one of the same name is replaced. Returns what flushes and removes it. */
export function addSink(engine: Engine, sink: Sink): () => Promise<void> {
  checkSink(sink);
  const host: SinkHost = {
    failed: (error) => engine.events.emit('sink_error', { sink: sink.name, error }),
    dropped: (dropped) => engine.events.emit('sink_error', { sink: sink.name, dropped }),
  };
  const replaced = engine.sinks.get(sink.name);
  let stopEvents = () => {};
  const runner = createSinkRunner(sink, {
    clock: engine.clock,
    onError: host.failed,
    onDrop: host.dropped,
    onClose: () => stopEvents(),
  });
  stopEvents = forwardEvents(engine, runner);
  attach(sink, host);
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

function attach(sink: Sink, host: SinkHost): void {
  try {
    sink.attach?.(host);
  } catch (error) {
    host.failed(error);
  }
}

/** Queues events for a sink that takes them. Returns what stops it; a sink that takes none costs no listener. */
function forwardEvents(engine: Engine, runner: SinkRunner): () => void {
  if (typeof runner.sink.onEvent !== 'function') return () => {};
  const names = EVENT_NAMES.filter((name) => !NOT_FORWARDED.has(name));
  const removals = names.map((name) =>
    engine.events.on(name, (event) => runner.pushEvent(toSinkEvent(name, event, engine.clock.nowMs()))),
  );
  return () => {
    for (const remove of removals) remove();
  };
}

/** Events that are about no call; and a sink told of its own failures would fail at them again, for ever. */
const NOT_FORWARDED: ReadonlySet<EventName> = new Set(['sink_error', 'stale_prices', 'unguarded']);

interface EventFacts {
  readonly budget?: unknown;
  readonly model?: unknown;
  readonly from?: unknown;
  readonly tags?: unknown;
}

/** A copy of what an event says, so that a sink holds neither an error that a caller will catch nor its paid answer. */
function toSinkEvent(name: EventName, event: EventMap[EventName], timeMs: number): SinkEvent {
  const error = 'error' in event ? event.error : undefined;
  const facts = (RefusalError.isInstance(error) ? error : event) as EventFacts;
  const model = facts.model ?? facts.from;
  return Object.freeze({
    name,
    timeMs,
    ...(typeof facts.budget === 'string' && { budget: facts.budget }),
    ...(typeof model === 'string' && { model }),
    tags: copyTags(facts.tags ?? {}),
  });
}

function copyTags(tags: object): Readonly<Record<string, TagValue>> {
  return Object.freeze(Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== undefined)));
}
