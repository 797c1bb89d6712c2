import type { JsonObject } from '../wire/wire.js';
import type { Gate } from './client.js';

// Enumerable on the options of a request, so that it survives the copies an SDK makes of them on its way.
const PASSAGE = Symbol.for('tokenguard.passage');

/**
 * What goes with one attempt from guard to guard, where several are around it: a guard that finds itself in it sends the
 * attempt on, so that it is held once by each; and a guard further out is told what one nearer to the provider did.
 */
export class Passage {
  /** The guards that hold the attempt. */
  readonly gates: readonly Gate[];
  readonly #outer: Passage | undefined;
  #arrivals = 0;
  #stops = 0;
  /** The answer that was paid and kept from the caller, because it crossed a cap that raises. */
  paid: JsonObject | undefined;

  private constructor(gates: readonly Gate[], outer: Passage | undefined) {
    this.gates = gates;
    this.#outer = outer;
  }

  /** The way of an attempt through `gate`; `undefined` where that guard holds it already. */
  static enter(init: RequestInit | undefined, gate: Gate): Passage | undefined {
    const outer = (init as { readonly [PASSAGE]?: Passage } | undefined)?.[PASSAGE];
    if (outer?.gates.includes(gate)) return undefined;
    if (outer) outer.#arrivals += 1;
    return new Passage([...(outer?.gates ?? []), gate], outer);
  }

  /** The options of the request, with this on them. */
  mark(init: RequestInit | undefined): RequestInit {
    return { ...init, [PASSAGE]: this } as RequestInit;
  }

  /** The attempt went no further than here. */
  stop(): void {
    if (this.#outer) this.#outer.#stops += 1;
  }

  /** The caller gets a refusal in the place of this answer. */
  keep(paid: JsonObject): void {
    if (this.#outer) this.#outer.paid = paid;
  }

  /** Whether a guard nearer to the provider refused it, as often as it came there. */
  get isStopped(): boolean {
    return this.#arrivals > 0 && this.#arrivals === this.#stops;
  }
}
