import type { Clock } from '../clock.js';
import { ConfigError, LedgerUnavailableError } from '../errors.js';
import { isBusy } from '../sqlite-driver.js';
import { withDeadline } from './deadline.js';
import type { LedgerFile } from './sqlite-file.js';
import { rollBack } from './sqlite-schema.js';
import { SqliteTransaction } from './sqlite-steps.js';

/** What one operation does in the transaction: it decides before it changes anything. */
export type Step<Value> = (transaction: SqliteTransaction) => Value;

export interface BatchOptions {
  readonly open: () => LedgerFile;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly storeOffsetMs: () => number;
  readonly onCharged: (ids: readonly string[]) => void;
}

interface Waiting {
  readonly step: Step<unknown>;
  readonly isReading: boolean;
  isAbandoned: boolean;
  readonly answer: (outcome: () => unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** How many operations one transaction does at most: it runs on the event loop's own thread. */
const MAX_STEPS = 256;
const RETRY_MS = 4;

/**
 * Runs operations in transactions, as many in one as have been asked by then: writing to the disk takes longer than all
 * else, and is done once for all of them. After each transaction the event loop has a turn, so that what arrives
 * meanwhile comes into the next one together.
 */
export class SqliteBatch {
  readonly #options: BatchOptions;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #file: LedgerFile | undefined;
  #isClosed = false;
  #lastNowMs = 0;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /**
   * Does a step in one of the next transactions, or not at all.
   *
   * @throws LedgerUnavailableError where it is not done within `deadlineMs`; ConfigError for a file that is no ledger.
   */
  async ask<Value>(step: Step<Value>, deadlineMs: number, isReading = false): Promise<Value> {
    if (this.#isClosed) throw new LedgerUnavailableError('it is closed');
    let waiting: Waiting | undefined;
    const outcome = new Promise<() => unknown>((answer, fail) => {
      waiting = { step, isReading, isAbandoned: false, answer, fail };
      this.#waiting.push(waiting);
    });
    this.#wake();
    try {
      return (await withDeadline(outcome, deadlineMs, this.#options.clock))() as Value;
    } finally {
      if (waiting !== undefined) waiting.isAbandoned = true;
    }
  }

  /** The file, for a look at how it is set up. Throws what SQLite says. */
  file(): LedgerFile {
    this.#file ??= this.#options.open();
    return this.#file;
  }

  /** Does what has been asked, and closes the file. */
  close(): void {
    this.#isClosed = true;
    let isBlocked = false;
    while (this.#waiting.length > 0 && !isBlocked) isBlocked = !this.#run();
    for (const { fail } of this.#waiting.splice(0)) fail(new LedgerUnavailableError('it is closed'));
    this.#drop();
  }

  #wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#turn());
  }

  #turn(): void {
    if (this.#isClosed) return;
    const isBlocked = !this.#run();
    const next = () => {
      this.#isScheduled = this.#waiting.length > 0;
      if (this.#isScheduled) this.#turn();
    };
    this.#options.clock.schedule(next, isBlocked ? RETRY_MS : 0);
  }

  /** One transaction; `false` where another process is writing, and what was to be done waits as before. */
  #run(): boolean {
    const steps = this.#waiting.splice(0, MAX_STEPS).filter(({ isAbandoned }) => !isAbandoned);
    if (steps.length === 0) return true;
    try {
      this.#transact(steps);
    } catch (error) {
      if (isBusy(error)) {
        this.#waiting.unshift(...steps);
        return false;
      }
      if (steps.length === 1) this.#fail(steps[0] as Waiting, error);
      else return this.#runEach(steps, error);
    }
    return true;
  }

  /** One step that SQLite does not take must not fail the others. */
  #runEach(steps: readonly Waiting[], error: unknown): boolean {
    this.#drop();
    if (this.#cannotOpen()) {
      for (const step of steps) this.#fail(step, error);
      return true;
    }
    for (const [index, step] of steps.entries()) {
      try {
        this.#transact([step]);
      } catch (one) {
        if (isBusy(one)) {
          this.#waiting.unshift(...steps.slice(index));
          return false;
        }
        this.#fail(step, one);
      }
    }
    return true;
  }

  #cannotOpen(): boolean {
    try {
      this.file();
      return false;
    } catch (error) {
      return !isBusy(error);
    }
  }

  #fail({ answer, fail }: Waiting, error: unknown): void {
    this.#drop();
    if (!ConfigError.isInstance(error)) fail(error);
    else {
      answer(() => {
        throw error;
      });
    }
  }

  #transact(steps: readonly Waiting[]): void {
    const { leaseMs, storeOffsetMs, onCharged } = this.#options;
    const file = this.file();
    const { connection } = file;
    connection.exec(steps.every(({ isReading }) => isReading) ? 'BEGIN' : 'BEGIN IMMEDIATE');
    let transaction: SqliteTransaction;
    let values: readonly unknown[];
    try {
      const current = new SqliteTransaction(file, leaseMs, storeOffsetMs(), this.#lastNowMs);
      transaction = current;
      values = steps.map(({ step }) => step(current));
      transaction.finish(steps.length);
      connection.exec('COMMIT');
    } catch (error) {
      rollBack(connection);
      throw error;
    }
    this.#lastNowMs = transaction.nowMs;
    onCharged(transaction.charged);
    for (const [index, { answer }] of steps.entries()) answer(() => values[index]);
  }

  /** The next transaction opens the file anew: what went wrong may be gone by then. */
  #drop(): void {
    try {
      this.#file?.close();
    } catch {
      // A connection that cannot be closed is given up all the same.
    }
    this.#file = undefined;
  }
}
