import type { Clock } from '../clock.js';
import { LedgerUnavailableError } from '../errors.js';
import { createIdSource } from '../random.js';
import { withDeadline } from './deadline.js';
import type { RunScript } from './redis-client.js';
import { type RedisReply, readRedisReply } from './redis-reply.js';
import type { RedisScript } from './redis-scripts.js';

/** One question to the store. `body` is made anew for each attempt, for the moment that the store then has. */
export interface Question {
  readonly script: RedisScript;
  /** The keys after the one of the generation. */
  readonly keys: readonly string[] | ((nowMs: number) => readonly string[]);
  readonly args?: readonly string[];
  body(nowMs: number, leftMs: number): object;
  readonly deadlineMs: number;
}

export interface RedisStoreOptions {
  readonly run: RunScript;
  readonly generationKey: string;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly storeOffsetMs: () => number;
  /** The store lost data: tell it what this process knows, by `ask`. */
  readonly heal: (ask: (question: Question) => Promise<RedisReply>) => Promise<void>;
}

const MAX_ATTEMPTS = 4;
/** How often a store is asked for its run: what a failover lost is noticed by then. */
const VERIFY_EVERY_MS = 1000;
/** A generation that no store has, so that the next answer is another one. */
const UNHEALED = '?';

/** Talks to the store: knows its time and its generation, and puts right what has changed of them. */
export class RedisStore {
  readonly #options: RedisStoreOptions;
  readonly #freshGeneration = createIdSource();
  /** What the clock of the store is ahead by. */
  offsetMs = 0;
  #generation = '';
  #run = '';
  #verifiedMs = Number.NEGATIVE_INFINITY;
  #healing: Promise<void> | undefined;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  /**
   * Asks until the answer is for the window and the generation that the store has.
   *
   * @throws LedgerUnavailableError where there is no answer within `deadlineMs`.
   */
  async ask(question: Question): Promise<RedisReply> {
    return this.#askWithin(question, false);
  }

  async #askWithin(question: Question, isHealing: boolean): Promise<RedisReply> {
    const progress = { isAbandoned: false };
    try {
      return await withDeadline(this.#attempt(question, isHealing, progress), question.deadlineMs, this.#options.clock);
    } catch (error) {
      // What answers no more may be another server when it answers again.
      this.#verifiedMs = Number.NEGATIVE_INFINITY;
      throw error;
    } finally {
      progress.isAbandoned = true;
    }
  }

  async #attempt(
    question: Question,
    isHealing: boolean,
    progress: { readonly isAbandoned: boolean },
  ): Promise<RedisReply> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    let nowMs: number | undefined;
    for (let attempt = 1; ; attempt += 1) {
      if (!isHealing && this.#healing !== undefined) await this.#healing;
      // Nobody waits any more: what would be held now, nobody would give back.
      if (progress.isAbandoned) throw new LedgerUnavailableError('its store did not answer in time');
      const leftMs = Math.max(0, question.deadlineMs - (clock.monotonicMs() - startMs));
      const reply = await this.#send(question, nowMs, leftMs);
      if (reply.status === 'generation') {
        if (isHealing || attempt === MAX_ATTEMPTS) throw new LedgerUnavailableError('its store lost data again');
        await this.#healOnce(reply);
      } else if (reply.status === 'stale' || reply.status === 'too-late') {
        if (attempt === MAX_ATTEMPTS) {
          if (reply.status === 'too-late') return reply;
          throw new LedgerUnavailableError('the window and the clock of its store do not meet');
        }
        nowMs = reply.timeMs;
      } else {
        this.#adopt(reply);
        return reply;
      }
    }
  }

  async #send(question: Question, knownNowMs: number | undefined, leftMs: number): Promise<RedisReply> {
    const { clock, run, generationKey, leaseMs, storeOffsetMs } = this.#options;
    const sentMs = clock.nowMs();
    const nowMs = knownNowMs ?? sentMs + this.offsetMs;
    const sentMonotonicMs = clock.monotonicMs();
    const verify = sentMonotonicMs - this.#verifiedMs >= VERIFY_EVERY_MS;
    const keys = typeof question.keys === 'function' ? question.keys(nowMs) : question.keys;
    const body = {
      generation: this.#generation,
      run: this.#run,
      fresh: this.#freshGeneration(),
      verify,
      offset: storeOffsetMs(),
      lease: leaseMs,
      ...question.body(nowMs, leftMs),
    };
    const args = [JSON.stringify(body), ...(question.args ?? [])];
    const reply = readRedisReply(await run(question.script, [generationKey, ...keys], args));
    if (verify) this.#verifiedMs = sentMonotonicMs;
    // The store looked at its clock somewhere between the two moments.
    this.offsetMs = Math.round(reply.timeMs - (sentMs + clock.nowMs()) / 2);
    return reply;
  }

  #adopt(reply: RedisReply): void {
    if (this.#generation === '') this.#generation = reply.generation;
    if (this.#run === '') this.#run = reply.run;
  }

  /** Everybody who notices waits for the same repair. */
  #healOnce(reply: RedisReply): Promise<void> {
    const isDone = reply.generation === this.#generation && (reply.run === '' || reply.run === this.#run);
    if (isDone) return Promise.resolve();
    this.#healing ??= this.#heal(reply).finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async #heal(reply: RedisReply): Promise<void> {
    this.#generation = reply.generation;
    if (reply.run !== '') this.#run = reply.run;
    try {
      await this.#options.heal((question) => this.#askWithin(question, true));
    } catch (error) {
      this.#generation = UNHEALED;
      throw error;
    }
  }
}
