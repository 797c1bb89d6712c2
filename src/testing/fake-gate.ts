import type { FakeConnection } from './fake-connection.js';

/** A barrier in front of the answers, so that a test can have many calls in flight without sleeping. */
export class FakeGate {
  readonly #waiting = new Set<() => void>();
  #isHeld = false;

  /** Answers to requests that arrive from now on wait. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets every waiting answer and held stream go on, and later ones pass. */
  releaseAll(): void {
    this.#isHeld = false;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits while the gate is held. */
  async pass(connection: FakeConnection): Promise<void> {
    if (this.#isHeld) await this.park(connection);
  }

  /** Waits for the next `releaseAll`, held or not. */
  park(connection: FakeConnection): Promise<void> {
    return connection.wait((wake) => {
      this.#waiting.add(wake);
      return () => this.#waiting.delete(wake);
    });
  }
}
