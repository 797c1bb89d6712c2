import { ConfigError } from '../errors.js';
import { MAX_AMOUNT } from '../money.js';

const PICO_PER_USD = 1_000_000_000_000;
const PICO_DIGITS = 12;
const DECIMAL = /^(\d{1,7})(?:\.(\d+))?$/;

/**
 * Reads what one piece costs in US dollars as integer pico-dollars, rounded up where it has more digits.
 *
 * @throws ConfigError naming `option` when the price is missing, negative or not a number.
 */
export function parseApiece(value: unknown, option: string): number {
  const pico = typeof value === 'string' ? decimalToPico(value.trim()) : numberToPico(value);
  if (pico === undefined || pico > MAX_AMOUNT) {
    const remedy = 'give US dollars apiece, 0 or more, as a number or a decimal string';
    throw new ConfigError({ option, value, remedy });
  }
  return pico;
}

function numberToPico(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined;
  // Fifteen digits are what a decimal keeps in a float: the noise behind them is no part of the price.
  return Math.ceil(Number((value * PICO_PER_USD).toPrecision(15)));
}

function decimalToPico(text: string): number | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  const kept = BigInt(`${match[1]}${fraction.slice(0, PICO_DIGITS).padEnd(PICO_DIGITS, '0')}`);
  return Number(/[1-9]/.test(fraction.slice(PICO_DIGITS)) ? kept + 1n : kept);
}
