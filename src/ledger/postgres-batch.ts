import type { Clock } from '../clock.js';
import { LedgerUnavailableError } from '../errors.js';
import { withDeadline } from './deadline.js';
import { codeOf, type Pending, type Query } from './postgres-client.js';
import { applyQuery, MISSING_CODES, migration, SCHEMA_VERSION, versionQuery } from './postgres-schema.js';
import type { WireAnswer, WireBatch, WireOperation } from './postgres-wire.js';

/** An operation, said for the moment it is in the store when it is sent, and for the time it still has. */
export type Saying = (nowMs: number, leftMs: number) => WireOperation;

interface Waiting {
  readonly say: Saying;
  readonly deadlineMs: number;
  readonly untilMs: number;
  readonly resolve: (answer: WireAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions {
  readonly query: Query;
  readonly schema: string;
  readonly clock: Clock;
  /** Added to the store's clock; for tests only. */
  readonly storeOffsetMs: () => number;
}

const MAX_BATCH = 256;
const MAX_TRIES = 6;
const MAX_REAPED = 64;
const MAX_EXPIRED_NOTICES = 10_000;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_LIMIT = 500;
/** Everything was rolled back, and may go better the next time: a deadlock, a race for an id, a lock not given. */
const RETRYABLE = ['40001', '40P01', '55P03'];
/** Something in the batch is what the store cannot take: the other operations need not suffer for it. */
const REFUSED = /^(22|23|P0)/;

/**
 * Has operations done in batches: those asked in one tick, or while a batch is under way, go together, so that they share
 * one transaction and one write to the disk. Their order is kept.
 */
export class PostgresBatches {
  readonly #options: BatchOptions;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #isSetUp = false;
  #offsetMs: number | undefined;
  #prunedMs: number;
  #expired: string[] = [];

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#prunedMs = options.clock.monotonicMs();
  }

  /** The moment it is in the store, as far as this process knows. */
  get nowMs(): number {
    return this.#options.clock.nowMs() + (this.#offsetMs ?? 0);
  }

  /** How far the store's clock is ahead of this machine's; `undefined` before it was ever asked. */
  get offsetMs(): number | undefined {
    return this.#offsetMs;
  }

  /** Takes the ids of the holds that were charged since the last time. */
  takeExpired(): string[] {
    const expired = this.#expired;
    this.#expired = [];
    return expired;
  }

  /**
   * The answer of the store.
   *
   * @throws LedgerUnavailableError at the deadline, or where the store fails.
   */
  ask(say: Saying, deadlineMs: number): Promise<WireAnswer> {
    const answer = new Promise<WireAnswer>((resolve, reject) => {
      const untilMs = this.#options.clock.monotonicMs() + deadlineMs;
      this.#waiting.push({ say, deadlineMs, untilMs, resolve, reject });
    });
    if (!this.#isRunning) {
      this.#isRunning = true;
      queueMicrotask(() => void this.#run());
    }
    return withDeadline(answer, deadlineMs, this.#options.clock);
  }

  /** Sets the store up where nobody did, and reads its clock. */
  async setUp(deadlineMs: number): Promise<void> {
    if (this.#isSetUp && this.#offsetMs !== undefined) return;
    const { query, schema } = this.#options;
    let version = 0;
    try {
      version = Number(await this.#within(query(versionQuery(schema)), deadlineMs));
    } catch (error) {
      if (!MISSING_CODES.includes(codeOf(error) ?? '')) throw error;
    }
    if (!(version >= SCHEMA_VERSION)) await this.#within(query(migration(schema)), deadlineMs);
    this.#isSetUp = true;
    await this.#send([], deadlineMs);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const nowMs = this.#options.clock.monotonicMs();
      const batch = this.#waiting.splice(0, MAX_BATCH).filter(({ untilMs }) => untilMs > nowMs);
      if (batch.length > 0) await this.#settle(batch);
    }
    this.#isRunning = false;
  }

  /** Answers every operation of a batch, one way or the other. */
  async #settle(batch: readonly Waiting[]): Promise<void> {
    const deadlineMs = Math.max(...batch.map((each) => each.deadlineMs));
    try {
      await this.setUp(deadlineMs);
      const said = batch.flatMap((each) => this.#say(each));
      const operations = said.map(({ operation }) => operation);
      const answers = await this.#tryToSend(operations, deadlineMs);
      for (const [index, { resolve }] of said.entries()) resolve(answers[index] as WireAnswer);
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (batch.length > 1 && REFUSED.test(code)) {
        for (const each of batch) await this.#settle([each]);
        return;
      }
      if (MISSING_CODES.includes(code)) this.#isSetUp = false;
      for (const { reject } of batch) reject(error);
    }
  }

  /** Nothing where a window, which is the user's code, fails: that concerns only its own operation. */
  #say({ say, untilMs, resolve, reject }: Waiting): { operation: WireOperation; resolve: Waiting['resolve'] }[] {
    try {
      return [{ operation: say(this.nowMs, untilMs - this.#options.clock.monotonicMs()), resolve }];
    } catch (error) {
      reject(error);
      return [];
    }
  }

  async #tryToSend(operations: readonly WireOperation[], deadlineMs: number): Promise<readonly WireAnswer[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#send(operations, deadlineMs);
      } catch (error) {
        if (tries >= MAX_TRIES || !RETRYABLE.includes(codeOf(error) ?? '')) throw error;
      }
    }
  }

  async #send(operations: readonly WireOperation[], deadlineMs: number): Promise<readonly WireAnswer[]> {
    const { query, schema, clock, storeOffsetMs } = this.#options;
    const reap = operations.some(({ t }) => t === 'reserve' || t === 'expire') ? MAX_REAPED : 0;
    const ops = this.#isTimeToPrune() ? [...operations, { t: 'prune', limit: PRUNE_LIMIT }] : operations;
    const sentMs = clock.nowMs();
    const text = JSON.stringify({ shift: storeOffsetMs(), reap, ops });
    const batch = JSON.parse(await this.#within(query(applyQuery(schema), text), deadlineMs)) as WireBatch;
    this.#learnTime(batch.now, sentMs, clock.nowMs());
    this.#note(batch.expired);
    for (const { expired } of batch.answers) if (expired !== undefined) this.#note([expired]);
    return batch.answers;
  }

  #isTimeToPrune(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#prunedMs + PRUNE_EVERY_MS) return false;
    this.#prunedMs = nowMs;
    return true;
  }

  /** The answer was written between these two moments: what is known of the offset changes only as far as it must. */
  #learnTime(storeMs: number, sentMs: number, receivedMs: number): void {
    const least = storeMs - Math.max(sentMs, receivedMs);
    const most = storeMs - Math.min(sentMs, receivedMs);
    this.#offsetMs = Math.max(least, Math.min(most, this.#offsetMs ?? most));
  }

  #note(expired: readonly string[]): void {
    for (const id of expired) if (this.#expired.length < MAX_EXPIRED_NOTICES) this.#expired.push(id);
  }

  /** The driver's answer or error, or an error at the deadline; then its connection is not waited for any longer. */
  #within(pending: Pending, deadlineMs: number): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const cancel = this.#options.clock.schedule(() => {
        pending.abandon();
        reject(new LedgerUnavailableError(`its store did not answer within ${deadlineMs} ms`));
      }, deadlineMs);
      pending.answer.then(resolve, reject).finally(cancel);
    });
  }
}
