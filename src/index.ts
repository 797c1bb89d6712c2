export type { Budget, Budgeted, MaybeCut, Scope, ScopeAmounts } from './budget/budget.js';
export type { BudgetOptions, Ladder, OnUnknown, OnUnpriced, StandingBudgetOptions } from './budget/options.js';
export type { WindowOption } from './budget/window.js';
export type { Measured } from './budgets.js';
export type { Fetch } from './client/fetch.js';
export type { InstrumentOptions } from './clients.js';
export type { Clock } from './clock.js';
export {
  addSink,
  adjust,
  balance,
  budget,
  clamps,
  configure,
  current,
  downgrades,
  dropped,
  estimate,
  flush,
  guardFetch,
  instrument,
  measure,
  on,
  prices,
  report,
  reset,
  restore,
  runWithContext,
  shutdown,
  unguardedCalls,
  unpricedCalls,
} from './default-guard.js';
export {
  BudgetExceededError,
  ConfigError,
  CostAssertionError,
  type ErrorCode,
  findBudgetError,
  LedgerUnavailableError,
  RefusalError,
  TokenguardError,
  UnboundedCallError,
  UnpricedModelError,
} from './errors.js';
export type { Estimate, EstimateRequest } from './estimate.js';
export type { ClampEvent, DowngradeEvent, EventMap, EventName, Listener, ThresholdEvent } from './events.js';
export { type ExportedContext, exportContext } from './exported-context.js';
export { createGuard, type Guard, track } from './guard.js';
export type {
  Admit,
  Amounts,
  Balance,
  Claim,
  Ledger,
  Limit,
  ReserveResult,
  SettleOutcome,
  SettleResult,
  Unit,
} from './ledger/ledger.js';
export type { LiveScope } from './live-scope.js';
export type { ExceedAnswer, ExceedHandler } from './policy/callback.js';
export type { PolicyName } from './policy/policy.js';
export type { PriceExplanation, PriceView } from './pricing/explain.js';
export type { CostItem, PriceInput, PriceTarget } from './pricing/price.js';
export type { RefreshOptions, RefreshOutcome } from './pricing/refresh.js';
export type { Encoder, EncoderSource } from './quote/tokenizer.js';
export type { CostCaps } from './report/assert-under.js';
export { type CostExplanation, type ExplainedItem, explain } from './report/explain.js';
export type { Where } from './report/filter.js';
export type { Report, ReportOptions } from './report/report.js';
export { reportFrom } from './report/report-from.js';
export { bind } from './scope.js';
export type { ConfigureOptions, GuardOptions } from './settings.js';
export { type BatchedSink, type BatchSinkOptions, batchSink } from './sink/batch-sink.js';
export type { CostBasis, Outcome, Sink, SinkEvent, SinkHost, SpendRecord, Tags, TagValue } from './sink/sink.js';
export type { RecordSource } from './sink/source.js';
export type { AccountAmounts, AccountBalance, AccountChange } from './standing-budgets.js';
export type { Usage } from './usage/usage.js';
export { StalePriceTableWarning, TokenguardWarning, UnguardedWarning, UnpricedModelWarning } from './warnings.js';
