import { Session } from 'node:inspector/promises';

/** Counts what code of this package does: how often each function and each branch and loop of it runs. */
export interface WorkCounter {
  /** What ran since the last call: a number that does not depend on the machine. */
  take(): Promise<number>;
  stop(): Promise<void>;
}

const SOURCE = new URL('../../src/', import.meta.url).pathname;

/** Starts to count. The engine itself counts, so nothing of the code is changed. */
export async function countWork(): Promise<WorkCounter> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      return result
        .filter(({ url }) => url.includes(SOURCE))
        .flatMap(({ functions }) => functions)
        .flatMap(({ ranges }) => ranges)
        .reduce((sum, { count }) => sum + count, 0);
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
