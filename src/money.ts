import { ConfigError } from './errors.js';

/** An amount of US dollars as an integer number of nano-dollars (1e-9 USD). */
export type NanoUsd = number;

/** The largest ledger amount: above it, neighbouring integers are no longer distinct numbers. */
export const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;

const NANO_PER_USD = 1_000_000_000;
const PICO_PER_NANO = 1000;
const DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/**
 * Reads a dollar amount that a user wrote, as integer nano-dollars.
 *
 * A number is taken to the nearest nano-dollar, because `0.1 + 0.2` means thirty cents. A decimal string is exact;
 * digits below one nano-dollar are cut off, so that a cap never grows by being read.
 *
 * @throws ConfigError naming `option` when the amount is not finite, is negative, or is above 9 007 199 USD.
 */
export function parseUsd(value: number | string, option: string): NanoUsd {
  const nano = typeof value === 'string' ? decimalToScaled(value, 9) : numberToScaled(value, NANO_PER_USD);
  if (nano === undefined || nano > MAX_AMOUNT) {
    throw new ConfigError({
      option,
      value,
      remedy: 'give a finite amount of US dollars, 0 or more and below 9007199, as a number or a decimal string',
    });
  }
  return nano;
}

/**
 * Reads a correction of a dollar amount, as integer nano-dollars; it may be negative.
 *
 * @throws ConfigError as `parseUsd` does.
 */
export function parseUsdChange(value: number, option: string): NanoUsd {
  return value < 0 ? -parseUsd(-value, option) : parseUsd(value, option);
}

/**
 * Reads a rate in US dollars per million tokens as integer pico-dollars per token, rounded up where it has more digits.
 * One dollar per million tokens is a million pico-dollars per token.
 *
 * @throws ConfigError naming `option` when the rate is missing, negative or not a number.
 */
export function parseRate(value: number | string, option: string): number {
  const pico = typeof value === 'string' ? decimalToScaled(value, 6, 'up') : numberToScaled(value, 1_000_000, 'up');
  if (pico === undefined || pico > MAX_AMOUNT) {
    throw new ConfigError({
      option,
      value,
      remedy: 'give US dollars per million tokens, 0 or more, as a number or a decimal string',
    });
  }
  return pico;
}

function numberToScaled(value: unknown, scale: number, rounding: 'nearest' | 'up' = 'nearest'): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined;
  const scaled = value * scale;
  const nearest = Math.round(scaled);
  // A product that misses an integer only by floating-point noise is that integer; anything else rounds as asked.
  if (rounding === 'nearest' || Math.abs(scaled - nearest) <= Math.abs(scaled) * 2 ** -50) return nearest;
  return Math.ceil(scaled);
}

function decimalToScaled(text: string, digits: number, rounding: 'down' | 'up' = 'down'): number | undefined {
  const match = DECIMAL.exec(text.trim());
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  const kept = BigInt(`${match[1]}${fraction.slice(0, digits).padEnd(digits, '0')}`);
  const hasRest = /[1-9]/.test(fraction.slice(digits));
  const scaled = rounding === 'up' && hasRest ? kept + 1n : kept;
  return scaled > BigInt(MAX_AMOUNT) ? Number.POSITIVE_INFINITY : Number(scaled);
}

/** The exact product of a count and a pico-dollar rate; a BigInt only where a number could not hold it. */
export function multiplyPico(count: number, ratePico: number): number | bigint {
  const product = count * ratePico;
  return product <= MAX_AMOUNT ? product : BigInt(count) * BigInt(ratePico);
}

/** The exact sum of two pico-dollar amounts. */
export function addPico(left: number | bigint, right: number | bigint): number | bigint {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (sum <= MAX_AMOUNT) return sum;
  }
  return BigInt(left) + BigInt(right);
}

/** Pico-dollars as nano-dollars, rounded up; capped at the largest ledger amount. */
export function picoToNano(pico: number | bigint): NanoUsd {
  if (typeof pico === 'number') return Math.ceil(pico / PICO_PER_NANO);
  const nano = (pico + 999n) / 1000n;
  return nano > BigInt(MAX_AMOUNT) ? MAX_AMOUNT : Number(nano);
}

/** Nano-dollars as an exact decimal of US dollars, without trailing zeros: `7500000` is `'0.0075'`. */
export function formatUsd(nano: NanoUsd | bigint): string {
  return formatScaled(BigInt(nano), 9);
}

/** Pico-dollars as an exact decimal of US dollars, without trailing zeros. */
export function formatPicoUsd(pico: number | bigint): string {
  return formatScaled(BigInt(pico), 12);
}

function formatScaled(amount: bigint, digits: number): string {
  const sign = amount < 0n ? '-' : '';
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return `${sign}${text.slice(0, -digits)}${fraction && `.${fraction}`}`;
}

/** Nano-dollars as a number of US dollars, for showing; not for adding up. */
export function nanoToUsd(nano: NanoUsd | bigint): number {
  return Number(nano) / NANO_PER_USD;
}

/** Whether `value` can be a ledger amount: an integer from 0 to the largest exact one. */
export function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
