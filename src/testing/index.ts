export { type CostBaseline, type CostBaselineOptions, costBaseline } from './baseline.js';
export {
  FAKE_PRICES,
  type FakeBilled,
  type FakePrice,
  type FakeRates,
  type FakeUsage,
} from './fake-bill.js';
export { createFakeClock, type FakeClock } from './fake-clock.js';
export { type FakeProvider, startFakeProvider } from './fake-provider.js';
export type { FakeFault, FakeReply, FakeResponder, FakeScript, FakeToolCall } from './fake-reply.js';
export type { FakeRequest, FakeWire } from './fake-request.js';
export type { FakeProviderOptions } from './fake-service.js';
export { costMatchers, type MatcherVerdict } from './matchers.js';
export type { Measured } from './measured-cost.js';
