import { asArray, asName, asObject, asString, isPresent } from './json.js';
import type { JsonObject } from './wire.js';

/**
 * The containers a Responses request or response has for code, in sessions of 1 GB; `undefined` for none. A container is
 * opened whether or not anything runs in it, and one that is used again is not told apart from a new one: each counts as
 * a whole session, which is the most it can be.
 */
export function countCodeSessions(holder: JsonObject): number | undefined {
  const sizes = asArray(holder.tools).flatMap((tool) => containerSize(asObject(tool)) ?? []);
  const used = new Set(asArray(holder.output).flatMap((item) => containerId(asObject(item)) ?? []));
  const untold = Math.max(0, used.size - sizes.length);
  const sum = sizes.reduce((total, size) => total + size, untold * Math.max(1, ...sizes));
  return sum === 0 ? undefined : sum;
}

/** The memory of the container a tool runs in, in GB; `undefined` for a tool without one. */
function containerSize(tool: JsonObject | undefined): number | undefined {
  const environment = tool?.type === 'shell' ? asObject(tool.environment) : undefined;
  const container = tool?.type === 'code_interpreter' ? tool.container : environment;
  if (!isPresent(container) || environment?.type === 'local') return undefined;
  // A container that was made elsewhere does not show its size.
  const limit = /^(\d{1,3})g$/.exec(asString(asObject(container)?.memory_limit) ?? '');
  return Math.max(1, Number(limit?.[1] ?? 1));
}

function containerId(item: JsonObject | undefined): string | undefined {
  if (item?.type === 'code_interpreter_call') return asName(item.container_id);
  return item?.type === 'shell_call' ? asName(asObject(item.environment)?.container_id) : undefined;
}
