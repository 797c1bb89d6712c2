/** One thing to time: runs once a call. */
export type Task = () => unknown;

/** Microseconds a call, over all rounds. */
export interface Timing {
  readonly medianMicroseconds: number;
  readonly bestMicroseconds: number;
}

/**
 * Times tasks side by side: each round runs all of them, in turn, so that a machine that slows down slows all alike.
 * The first rounds warm up and do not count.
 */
export async function measureTogether(
  tasks: Readonly<Record<string, Task>>,
  { rounds = 15, warmupRounds = 5, callsPerRound = 400 } = {},
): Promise<Readonly<Record<string, Timing>>> {
  const samples = new Map<string, number[]>(Object.keys(tasks).map((name) => [name, []]));
  for (let round = -warmupRounds; round < rounds; round += 1) {
    for (const [name, task] of Object.entries(tasks)) {
      const startedMs = performance.now();
      for (let call = 0; call < callsPerRound; call += 1) await task();
      const microseconds = ((performance.now() - startedMs) * 1000) / callsPerRound;
      if (round >= 0) samples.get(name)?.push(microseconds);
    }
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, timingOf(values)]));
}

function timingOf(values: readonly number[]): Timing {
  const sorted = [...values].sort((left, right) => left - right);
  return {
    medianMicroseconds: sorted[Math.floor(sorted.length / 2)] ?? 0,
    bestMicroseconds: sorted[0] ?? 0,
  };
}

/** A duration in the unit that reads best. */
export function formatMicroseconds(microseconds: number): string {
  return microseconds >= 1000 ? `${(microseconds / 1000).toFixed(2)} ms` : `${microseconds.toFixed(2)} µs`;
}
