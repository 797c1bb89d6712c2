import type { Resolved } from './redis-resolver.js';

const MAX_NOTICES = 10_000;

/** Charges holds whose lease is over, each by one task at a time. */
export class RedisReaper {
  readonly #charge: (id: string) => Promise<Resolved>;
  readonly #underWay = new Map<string, Promise<boolean>>();
  #charged: string[] = [];

  constructor(charge: (id: string) => Promise<Resolved>) {
    this.#charge = charge;
  }

  /** Charges what is due, but nobody has to wait for it: what fails is due again. */
  start(ids: readonly string[]): void {
    for (const id of ids) this.#reapOne(id).catch(() => undefined);
  }

  /** Whether anything of it was charged; what fails is due again. */
  async reap(ids: readonly string[]): Promise<boolean> {
    const results = await Promise.allSettled(ids.map((id) => this.#reapOne(id)));
    return results.some((result) => result.status === 'fulfilled' && result.value);
  }

  /** Charges all of it, then throws the first failure. */
  async reapAll(ids: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(ids.map((id) => this.#reapOne(id)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  /** The ids charged since the last time. */
  takeCharged(): readonly string[] {
    const charged = this.#charged;
    this.#charged = [];
    return charged;
  }

  #reapOne(id: string): Promise<boolean> {
    const known = this.#underWay.get(id);
    if (known !== undefined) return known;
    const task = this.#reapNow(id).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, task);
    return task;
  }

  async #reapNow(id: string): Promise<boolean> {
    const { reply } = await this.#charge(id);
    if (reply.status !== 'expired') return false;
    // Where nobody ever calls expire(), the list of its answers must not grow for ever.
    if (this.#charged.length < MAX_NOTICES) this.#charged.push(id);
    return true;
  }
}
