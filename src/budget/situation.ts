import type { ReserveResult, Unit } from '../ledger/ledger.js';
import type { Situation, UnitSituation } from '../policy/policy.js';
import { ceilingThatFits, injectedCeiling, type Room } from '../quote/output-bound.js';
import { type Quote, quoteCall } from '../quote/quote.js';
import { amountOf, type Draft } from './draft.js';
import { type BudgetRun, UNITS } from './run.js';

/** A refused round: the quote that was asked for and what the ledger answered. */
export interface RefusedRound {
  readonly draft: Draft;
  readonly quote: Quote;
  readonly result: Extract<ReserveResult, { reason: 'exceeded' }>;
}

/** What each capped unit of `run` has, and whether it refused. */
export function unitsOf(round: RefusedRound, run: BudgetRun): UnitSituation[] {
  const { draft, result } = round;
  const quote = draft.quoteFor(run, round.quote);
  const first = draft.call.runs.indexOf(run) * UNITS.length;
  return UNITS.flatMap((unit, offset) => {
    const balance = result.balances[first + offset];
    if (run.spec.caps[unit] === undefined || balance === undefined) return [];
    return [{ unit, balance, amount: amountOf(quote, unit), denied: result.denied.includes(first + offset) }];
  });
}

/** Whether `run` refused in this round. */
export function isDenied({ draft, result }: RefusedRound, run: BudgetRun): boolean {
  const first = draft.call.runs.indexOf(run) * UNITS.length;
  return result.denied.some((claim) => claim >= first && claim < first + UNITS.length);
}

/** What the policy of `run` sees of the refusal. `refusal` makes the error the caller would get. */
export function situationOf(round: RefusedRound, run: BudgetRun, refusal: Situation['refusal']): Situation {
  const { draft } = round;
  const { request } = draft.call;
  const units = unitsOf(round, run);
  return {
    model: draft.model,
    request,
    refusal,
    units,
    callerCeilingTokens: draft.callerCeiling,
    outputReserve: run.spec.outputReserve,
    minOutputTokens: request.minOutputTokens,
    maxOutputTokens: draft.price?.maxOutputTokens,
    cheaperModel: () => cheaperModel(draft, run),
    ceilingThatFits: () =>
      ceilingThatFits(
        draft.quoteInput(),
        units.map(({ unit, balance }) => ({ unit, amount: balance.remaining })),
      ),
    injectedCeiling: () => ceilingToInject(round, run),
  };
}

/** What `run` has not spent, in each capped unit: what is merely held comes back. */
function unspentRooms(round: RefusedRound, run: BudgetRun): Room[] {
  return unitsOf(round, run).map(({ unit, balance }) => ({ unit, amount: Math.max(0, balance.cap - balance.spent) }));
}

/** Whether `run` could admit the call once the holds in its way settle. */
export function fitsOnceSettled(
  round: RefusedRound,
  run: BudgetRun,
  policy: { admit: string; alwaysSendsCeiling?: boolean },
): boolean {
  const { draft } = round;
  const rooms = unspentRooms(round, run);
  if (policy.admit === 'below-cap') return rooms.every((room) => room.amount > 0);
  const sendsOwnCeiling = run.spec.bound === 'ceiling' && draft.callerCeiling === undefined;
  if (policy.alwaysSendsCeiling || sendsOwnCeiling) {
    const least = Math.max(policy.alwaysSendsCeiling ? 1 : run.spec.outputReserve, draft.call.request.minOutputTokens);
    const hasCall = rooms.every((room) => room.unit !== 'calls' || room.amount >= 1);
    return hasCall && ceilingThatFits(draft.quoteInput({ withCeiling: false }), rooms) >= least;
  }
  const quote = draft.quoteFor(run, round.quote);
  return rooms.every((room) => amountOf(quote, room.unit) <= room.amount);
}

/** Whether counting the input could make the call fit, now or once holds settle, where its bound by bytes does not. */
export function countCouldHelp(
  round: RefusedRound,
  policyOf: (run: BudgetRun) => { admit: string; alwaysSendsCeiling?: boolean },
): boolean {
  const { draft, result } = round;
  const least = quoteCall({ ...draft.quoteInput(), inputTokens: 0 });
  let fitsNow = true;
  let isRefusedForEver = false;
  for (const index of result.denied) {
    const run = draft.call.runs[Math.floor(index / UNITS.length)] as BudgetRun;
    const unit = UNITS[index % UNITS.length] as Unit;
    const policy = policyOf(run);
    const balance = result.balances[index];
    // What is admitted below the cap, and a number of calls, do not depend on how large the call is.
    if (unit === 'calls' || policy.admit === 'below-cap' || balance === undefined) return false;
    // Where the output can still be rewritten, the room for it depends on how much the input really takes.
    if (draft.callerCeiling === undefined || policy.alwaysSendsCeiling || run.spec.ladder.length > 1) continue;
    const unspent = balance.cap - balance.spent;
    const leastAmount = amountOf(least, unit);
    if (leastAmount > unspent) return false;
    fitsNow &&= leastAmount <= balance.remaining;
    isRefusedForEver ||= amountOf(round.quote, unit) > unspent;
  }
  return fitsNow || isRefusedForEver;
}

function ceilingToInject(round: RefusedRound, run: BudgetRun): number | undefined {
  const { draft } = round;
  if (run.spec.bound === 'reserve') return undefined;
  const rooms = unspentRooms(round, run);
  const isBounded = round.quote.outputSource !== 'unknown';
  // A ceiling is tightened because money is spent, never because it is held.
  if (isBounded && rooms.every((room) => amountOf(round.quote, room.unit) <= room.amount)) return undefined;
  return injectedCeiling(draft.quoteInput({ withCeiling: false }), rooms, run.spec);
}

function cheaperModel(draft: Draft, run: BudgetRun): string | undefined {
  const { model, price, call } = draft;
  const target = run.spec.downgrade.get(model) ?? run.spec.downgrade.get(price?.model ?? model);
  if (target === undefined || target === model) return undefined;
  const targetPrice = call.findPrice(target) ?? call.priceOf(target);
  if (targetPrice === undefined || price === undefined) return target;
  // The same output on both, or a smaller model's smaller maximum would pass for a lower price.
  const input = draft.quoteInput();
  const { outputTokens } = quoteCall(input);
  const like = { ...input, request: { ...input.request, choices: 1 }, ceilingTokens: outputTokens };
  return quoteCall({ ...like, price: targetPrice }).costNanoUsd < quoteCall({ ...like, price }).costNanoUsd
    ? target
    : undefined;
}
