import type { Admit, Amounts, Unit, WindowSpan } from './ledger.js';
import type { SqliteAccounts, StoredItem } from './sqlite-accounts.js';
import type { LedgerFile } from './sqlite-file.js';

export type HoldState = 'held' | 'settled' | 'presumed' | 'released' | 'void';

/** All that the file has of one attempt. A void one was given back before it was ever held. */
export interface StoredHold {
  readonly id: string;
  readonly state: HoldState;
  readonly leaseEndsMs: number;
  readonly items: readonly ItemRecord[];
  /** What was settled. */
  readonly actual: Amounts | undefined;
}

/** An item as it is written. */
export interface ItemRecord {
  readonly unit: Unit;
  readonly key: string;
  readonly window: string;
  readonly countsUntilMs: number;
  readonly amount: number;
  readonly admit: Admit;
  readonly above: number;
  readonly covered: number;
  readonly charged: number;
}

const NOT_SETTLED: Partial<Amounts> = Object.freeze({});
const KEPT_MS = 600_000;
const CORRECTABLE_MS = 86_400_000;

const COLUMNS = 'id, state, lease_ends_ms, items, usd, tokens, calls';
const READ = `SELECT ${COLUMNS} FROM ledger_holds WHERE id = ?`;
const READ_DUE = `SELECT ${COLUMNS} FROM ledger_holds WHERE state = 'held' AND lease_ends_ms <= ?
  ORDER BY lease_ends_ms LIMIT ?`;
const INSERT = `INSERT INTO ledger_holds (id, state, lease_ends_ms, forget_ms, items) VALUES (?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE ledger_holds SET state = ?, forget_ms = ?, items = ?, usd = ?, tokens = ?, calls = ?
  WHERE id = ?`;

/** The holds as one transaction reads and writes them. */
export class SqliteHolds {
  readonly #file: LedgerFile;
  readonly #nowMs: number;
  readonly #leaseMs: number;
  hasChanged = false;

  constructor(file: LedgerFile, nowMs: number, leaseMs: number) {
    this.#file = file;
    this.#nowMs = nowMs;
    this.#leaseMs = leaseMs;
  }

  get(id: string): StoredHold | undefined {
    const row = this.#file.all(READ, [id])[0];
    return row === undefined ? undefined : readHold(row);
  }

  /** Open holds whose lease is over, the longest first. */
  due(limit: number): readonly StoredHold[] {
    return this.#file.all(READ_DUE, [this.#nowMs, limit]).map(readHold);
  }

  open(id: string, items: readonly StoredItem[]): void {
    this.hasChanged = true;
    const leaseEndsMs = this.#nowMs + this.#leaseMs;
    this.#file.run(INSERT, [id, 'held', leaseEndsMs, null, JSON.stringify(items.map(toRecord))]);
  }

  /** Bars an id that was given back before it was held. */
  bar(id: string): void {
    this.hasChanged = true;
    this.#file.run(INSERT, [id, 'void', 0, this.#forgetMs('void'), '[]']);
  }

  end(id: string, state: HoldState, items: readonly StoredItem[], actual: Partial<Amounts> = NOT_SETTLED): void {
    this.hasChanged = true;
    const { usd = null, tokens = null, calls = null } = actual;
    const records = JSON.stringify(items.map(toRecord));
    this.#file.run(UPDATE, [state, this.#forgetMs(state), records, usd, tokens, calls, id]);
  }

  /** What may still be corrected is kept for longer. */
  #forgetMs(state: HoldState): number {
    const keptMs = state === 'presumed' || state === 'released' ? CORRECTABLE_MS : KEPT_MS;
    return this.#nowMs + Math.max(keptMs, this.#leaseMs);
  }
}

/** The items of a hold on their accounts, each seen in its `spans`, or else in the window that it is booked in. */
export function itemsOf(
  { items }: StoredHold,
  accounts: SqliteAccounts,
  spans: readonly WindowSpan[] = [],
): StoredItem[] {
  return items.map((record, index) => {
    const { unit, key, window, countsUntilMs, ...rest } = record;
    const account = accounts.in(unit, key, spans[index] ?? spanOfWindow(window, countsUntilMs));
    return { ...rest, account, sums: accounts.window(account, window, countsUntilMs), countsUntilMs, cap: 0 };
  });
}

function spanOfWindow(id: string, countsUntilMs: number): WindowSpan {
  return { id, startMs: 0, endMs: countsUntilMs, earlierIds: [], countsUntilMs, resetsAtMs: undefined };
}

function toRecord({ account, sums, countsUntilMs, amount, admit, above, covered, charged }: StoredItem): ItemRecord {
  const key = account.name.slice(account.unit.length + 1);
  return { unit: account.unit, key, window: sums.id, countsUntilMs, amount, admit, above, covered, charged };
}

function readHold(row: Readonly<Record<string, unknown>>): StoredHold {
  const { usd, tokens, calls } = row;
  return {
    id: String(row.id),
    state: row.state as HoldState,
    leaseEndsMs: Number(row.lease_ends_ms),
    items: JSON.parse(String(row.items)) as readonly ItemRecord[],
    actual: usd == null ? undefined : { usd: Number(usd), tokens: Number(tokens), calls: Number(calls) },
  };
}
