import { type Decidable, type Decision, decide, type Refusal } from '../budget/decide.js';
import { type BudgetRun, runName } from '../budget/run.js';
import type { Engine } from '../engine.js';
import type { Claim, MaybePromise, ReserveResult } from '../ledger/ledger.js';
import type { Call } from './call.js';

// Often enough for calls that take seconds, and no load for a store.
const SHARED_POLL_MS = 100;

/** Decides; a call whose money is merely held waits for it, behind those that came before, where its budgets let it. */
export function decideOrWait(
  engine: Engine,
  call: Call,
  toTry: Decidable,
  signal: AbortSignal | undefined,
): MaybePromise<Decision> {
  const waitable = call.runs.filter((run) => run.spec.waitMs > 0 && !run.spec.isShadow);
  return waitable.length === 0 ? decide(toTry) : decideInOrder(engine, call, toTry, waitable, signal);
}

async function decideInOrder(
  engine: Engine,
  call: Call,
  toTry: Decidable,
  waitable: readonly BudgetRun[],
  signal: AbortSignal | undefined,
): Promise<Decision> {
  const { waited, decided } = await engine.waiting.inOrder(async () => {
    const isBehind = engine.waiting.isBehind(waitable);
    const decision = await decide(isBehind ? behindOthers(engine, toTry) : toTry);
    if (decision.granted || !mayWait(decision)) return { decided: decision };
    return { waited: waitForMoney(engine, call, toTry, decision, signal) };
  });
  return waited ?? (decided as Decision);
}

function waitForMoney(
  engine: Engine,
  { runs, tags }: Call,
  toTry: Decidable,
  refusal: Refusal,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  const waitMs = Math.min(...refusal.refusing.map((run) => run.spec.waitMs));
  engine.events.emit('waiting', { budget: runName(refusal.run), model: refusal.model, waitMs, tags });
  const tryAgain = async () => {
    const next = await decide(toTry);
    if (next.granted || !mayWait(next)) return { isFinal: true, outcome: next } as const;
    return { isFinal: false, outcome: next, blockedBy: next.refusing } as const;
  };
  const first = { isFinal: false, outcome: refusal, blockedBy: refusal.refusing } as const;
  const isShared = refusal.refusing.some((run) => run.limits.usd.key !== undefined);
  const pollMs = isShared ? SHARED_POLL_MS : undefined;
  return engine.waiting.wait<Decision>({ runs, waitMs, pollMs, signal, tryAgain }, first);
}

/** The same call, whose money counts as held: what those before it wait for is not free for it, whatever the balance says. */
function behindOthers(engine: Engine, call: Decidable): Decidable {
  return {
    runs: call.runs,
    request: call.request,
    canRewrite: call.canRewrite,
    reserve: (claims) => asIfHeld(engine, claims),
    priceOf: (model) => call.priceOf(model),
    findPrice: (model) => call.findPrice(model),
    errorOf: (refusal) => call.errorOf(refusal),
    headroomOf: (model) => call.headroomOf(model),
    boundInput: (model, price) => call.boundInput(model, price),
    countInput: (model, price) => call.countInput(model, price),
  };
}

function asIfHeld(engine: Engine, claims: readonly Claim[]): ReserveResult {
  const denied = claims.flatMap((claim, index) => (claim.admit === 'always' ? [] : [index]));
  if (denied.length === 0) return { granted: false, reason: 'finished' };
  return {
    granted: false,
    reason: 'exceeded',
    denied,
    balances: claims.map(({ limit }) => engine.booking.balanceNow(limit)),
  };
}

function mayWait(refusal: Refusal): boolean {
  return refusal.canFitLater && refusal.refusing.every((run) => run.spec.waitMs > 0);
}
