import { ConfigError } from '../errors.js';
import { parseRate } from '../money.js';
import type { Price, PriceInput, PriceMatch, PriceTarget } from './price.js';

// PROVISIONAL until the catalogue lands: a handful of rows so that others can run.
const ROWS: readonly (readonly [string, string, number, number, number, boolean])[] = [
  ['openai', 'gpt-4o', 2.5, 10, 16384, false],
  ['openai', 'gpt-4o-mini', 0.15, 0.6, 16384, false],
  ['openai', 'gpt-4.1', 2, 8, 32768, false],
  ['openai', 'gpt-5', 1.25, 10, 128000, true],
  ['openai', 'o3', 2, 8, 100000, true],
  ['anthropic', 'claude-sonnet-4-6', 3, 15, 64000, true],
  ['anthropic', 'claude-haiku-4-5', 1, 5, 64000, true],
];

export class Prices {
  readonly asOf: string = '2026-09-23';
  #registered = new Map<string, Price>();

  match(model: string, _provider?: string, _baseURL?: string): PriceMatch | undefined {
    const registered = this.#registered.get(model);
    if (registered) return { price: registered, reason: 'registered', via: 'registered' };
    const row = ROWS.find(([, name]) => name === model || model.startsWith(`${name}-20`));
    if (!row) return undefined;
    const [provider, name, input, output, maxOutputTokens, hidesReasoning] = row;
    const price: Price = {
      model: name,
      provider,
      input: input * 1e6,
      output: output * 1e6,
      cacheRead: Math.round(input * 0.5e6),
      contextTokens: 200_000,
      maxOutputTokens,
      hidesReasoning,
      source: 'provisional',
      asOf: this.asOf,
    };
    return { price, reason: 'exact', via: 'exact' };
  }

  isRegistered(model: string, _provider?: string, _baseURL?: string): boolean {
    return this.#registered.has(model);
  }

  lookup(model: string, provider?: string) {
    return this.match(model, provider)?.price;
  }

  register(target: string | PriceTarget, input: PriceInput): void {
    const model = typeof target === 'string' ? target : target.model;
    const like = input.like ? this.match(input.like)?.price : undefined;
    if (!like && (input.input === undefined || input.output === undefined)) {
      throw new ConfigError({ option: 'prices.register', value: model, remedy: 'give input and output' });
    }
    this.#registered.set(model, {
      ...like,
      model,
      provider: 'registered',
      input: input.input === undefined ? (like as Price).input : parseRate(input.input, 'input'),
      output: input.output === undefined ? (like as Price).output : parseRate(input.output, 'output'),
      ...(input.maxOutputTokens !== undefined && { maxOutputTokens: input.maxOutputTokens }),
      ...(input.contextTokens !== undefined && { contextTokens: input.contextTokens }),
      ...(input.hidesReasoning !== undefined && { hidesReasoning: input.hidesReasoning }),
      source: 'registered',
      asOf: this.asOf,
    });
  }

  alias(deployment: string, { like }: { like: string }): void {
    this.register(deployment, { like });
  }

  explain(model: string) {
    return this.match(model)?.reason;
  }

  reset(): void {
    this.#registered.clear();
  }
}
