import type { Decidable, Refusal } from '../budget/decide.js';
import { type Engine, findPrice } from '../engine.js';
import type { BudgetExceededError } from '../errors.js';
import type { Claim, MaybePromise, ReserveResult } from '../ledger/ledger.js';
import type { Price } from '../pricing/price.js';
import type { InputBound } from '../quote/input-bound.js';
import { errorOf } from './announce.js';
import type { Call } from './call.js';
import { priceOrRefuse } from './call-prices.js';

const GRANTED: ReserveResult = Object.freeze({ granted: true, choice: 0 });

/** A call as deciding sees it: what it asks of the engine, in one object, because one is made for every call. */
export class DecidableCall implements Decidable {
  readonly runs: Call['runs'];
  readonly request: Call['request'];
  readonly canRewrite: boolean;
  readonly #engine: Engine;
  readonly #call: Call;
  readonly #id: string;

  constructor(engine: Engine, call: Call, id: string) {
    this.runs = call.runs;
    this.request = call.request;
    this.canRewrite = call.canRewrite;
    this.#engine = engine;
    this.#call = call;
    this.#id = id;
  }

  reserve(claims: readonly Claim[]): MaybePromise<ReserveResult> {
    return claims.length === 0 ? GRANTED : this.#engine.booking.reserve(this.#id, claims);
  }

  priceOf(model: string): Price | undefined {
    return priceOrRefuse(this.#engine, model, this.#call);
  }

  findPrice(model: string): Price | undefined {
    return findPrice(this.#engine, model, this.#call);
  }

  errorOf(refusal: Refusal): BudgetExceededError {
    return errorOf(this.#engine, this.#call, refusal);
  }

  headroomOf(model: string): number {
    return this.#engine.headroom.of(this.#call.provider, model);
  }

  boundInput(model: string, price: Price | undefined): InputBound {
    return this.#call.input.bound(model, price);
  }

  countInput(model: string, price: Price | undefined): Promise<InputBound> {
    return this.#call.input.count(model, price);
  }
}
