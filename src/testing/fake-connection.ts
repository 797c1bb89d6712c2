import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { OpenFakeRequest } from './fake-request.js';

/** One answer on its way: writes it, waits within it, and knows when the client has gone. */
export class FakeConnection {
  readonly request: OpenFakeRequest;
  /** Resolves when the answer is complete or the connection is gone. Never rejects. */
  readonly ended: Promise<void>;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #wakers = new Set<() => void>();
  #isClosed = false;
  #isDropped = false;
  #pendingWrites = 0;

  constructor(response: ServerResponse, request: OpenFakeRequest, clock: Clock) {
    this.#response = response;
    this.request = request;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      const close = () => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        if (!response.writableFinished && !this.#isDropped) request.aborted = true;
        for (const wake of this.#wakers) wake();
        resolve();
      };
      response.on('error', close);
      response.once('close', close);
      if (response.destroyed || response.closed) close();
    });
  }

  /** Nothing more can be sent: the client closed the connection, or a fault did. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get hasHead(): boolean {
    return this.#response.headersSent;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.#isClosed) return;
    this.request.status = status;
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  /** Writes body text, in pieces of `splitBytes` bytes if given. Resolves when there is room for more. */
  async send(text: string, splitBytes?: number): Promise<void> {
    const bytes = Buffer.from(text);
    const step = splitBytes !== undefined && splitBytes > 0 ? splitBytes : Math.max(bytes.length, 1);
    for (let start = 0; start < bytes.length && !this.#isClosed; start += step) {
      const piece = bytes.subarray(start, start + step);
      this.request.bytesSent += piece.length;
      this.#pendingWrites += 1;
      const hasRoom = this.#response.write(piece, () => {
        this.#pendingWrites -= 1;
        if (this.#pendingWrites === 0) this.#response.emit('flushed');
      });
      if (!hasRoom) await this.wait((wake) => this.#listen('drain', wake));
    }
  }

  /** Ends the answer as HTTP wants it. */
  end(): void {
    if (!this.#isClosed) this.#response.end();
  }

  /** Breaks the connection once what was written has left: with a reset, or by closing it in the middle of the body. */
  async breakOff(manner: 'reset' | 'close'): Promise<void> {
    while (this.#pendingWrites > 0 && !this.#isClosed) await this.wait((wake) => this.#listen('flushed', wake));
    this.#isDropped = true;
    if (manner === 'reset') this.#response.socket?.resetAndDestroy();
    else this.#response.destroy();
  }

  /** Waits so many milliseconds of the clock, or until the connection is closed. */
  async sleep(delayMs: number | undefined): Promise<void> {
    if (delayMs !== undefined && delayMs > 0) await this.wait((wake) => this.#clock.schedule(wake, delayMs));
  }

  /** Waits until `start`'s callback is called or the connection is closed; then calls what `start` returned. */
  wait(start: (wake: () => void) => () => void): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      let stop: (() => void) | undefined;
      const wake = () => {
        this.#wakers.delete(wake);
        stop?.();
        resolve();
      };
      this.#wakers.add(wake);
      stop = start(wake);
    });
  }

  #listen(event: string, wake: () => void): () => void {
    this.#response.once(event, wake);
    return () => this.#response.removeListener(event, wake);
  }
}
