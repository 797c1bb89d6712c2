import type { BudgetRun } from '../budget/run.js';
import type { OutgoingCall } from '../client/client.js';
import type { Engine } from '../engine.js';
import type { MaybePromise } from '../ledger/ledger.js';
import { bytesOfStrings } from '../quote/input-bound.js';
import { currentContext, mergeTags } from '../scope.js';
import type { SpendRecord } from '../sink/sink.js';
import { UnguardedWarning } from '../warnings.js';
import { providerOfHost } from '../wire/hosts.js';
import { parseJson } from '../wire/json.js';
import type { CallRequest, JsonObject, Wire } from '../wire/wire.js';
import { after } from './after.js';
import { type CallInput, createCallInput } from './call-input.js';

/** A call without its input's bounds. */
export type ReadCall = Omit<Call, 'input'>;

/** One call as it was read: what is sent, to whom, and what is in force where it was made. */
export interface Call {
  readonly input: CallInput;
  readonly wire: Wire;
  readonly path: string;
  readonly body: JsonObject;
  readonly bodyBytes: number;
  readonly request: CallRequest;
  /** Whether budgets may change it before it is sent. */
  readonly canRewrite: boolean;
  readonly provider: string;
  /** The provider as the client's options or the host name it; `undefined` behind a host nobody knows. */
  readonly namedProvider: string | undefined;
  readonly baseURL: string | undefined;
  readonly runs: readonly BudgetRun[];
  readonly tags: SpendRecord['tags'];
}

/** Reads the call; `undefined` for a body that no provider would take. */
export function readCall(engine: Engine, outgoing: OutgoingCall): Call | undefined {
  const url = outgoing.kind === 'http' ? new URL(outgoing.url) : undefined;
  const path = url?.pathname ?? (outgoing as { path: string }).path;
  const body = outgoing.kind === 'http' ? parseJson(outgoing.bodyText) : outgoing.body;
  const { binding } = outgoing;
  const namedProvider = binding.provider ?? (url && providerOfHost(url.hostname));
  const wire = engine.findWire(path, namedProvider);
  if (wire === undefined || body === undefined || typeof body !== 'object') return undefined;
  if (outgoing.kind === 'http' && outgoing.isForm && !wire.readsForms) return undefined;
  const request = wire.readRequest(body, path);
  if (wire.sharesPath && request.model === '' && namedProvider === undefined) return undefined;
  const context = currentContext();
  const ambient = context.runs.filter((run) => run.owner === engine.owner);
  if (context.runs.length > 0 && ambient.length === 0 && binding.runs.length === 0) warnOtherGuard(engine);
  const call = {
    wire,
    body,
    bodyBytes: outgoing.kind === 'http' ? Buffer.byteLength(outgoing.bodyText) : bytesOfStrings(body),
    path,
    request,
    canRewrite: outgoing.kind === 'method' || !outgoing.isSigned,
    provider: namedProvider ?? wire.provider,
    namedProvider,
    baseURL: url?.href,
    runs: binding.runs.length > 0 ? [...binding.runs, ...ambient] : ambient,
    tags: Object.keys(binding.tags).length === 0 ? context.tags : mergeTags(binding.tags, context.tags),
  };
  return { ...call, input: createCallInput(engine, call) };
}

/**
 * The call with the accounts of standing budgets in the place its tags give it: those of every call outermost, those of
 * a function around what is inside of it.
 *
 * @throws ConfigError for a call without a tag that a budget has an account for each value of.
 */
export function withStanding(engine: Engine, call: Call): MaybePromise<Call> {
  if (engine.standing.length === 0 && !call.runs.some((run) => run.standing !== undefined)) return call;
  const found: MaybePromise<BudgetRun | undefined>[] = engine.standing.map((budget) => budget.accountFor(call.tags));
  for (const run of call.runs) {
    found.push(run);
    const account = run.standing?.accountFor(call.tags);
    if (account !== undefined) found.push(after(account, (own) => own && { ...own, scope: run }));
  }
  const join = (runs: readonly (BudgetRun | undefined)[]): Call => ({
    ...call,
    runs: runs.filter((run) => run !== undefined),
  });
  return found.some((run) => run instanceof Promise) ? Promise.all(found).then(join) : join(found as BudgetRun[]);
}

function warnOtherGuard(engine: Engine): void {
  engine.warnOnce('other guard', () => {
    engine.events.emit('unguarded', { reason: 'only budgets of another guard are in force' });
    return new UnguardedWarning(
      'A call passed only budgets of another guard, which do not bind it: guard the client with the guard that made them',
    );
  });
}
