import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, LedgerUnavailableError } from '../../src/errors.js';
import type { Ledger, Limit } from '../../src/ledger/ledger.js';
import { type SqliteLedgerOptions, sqliteLedger } from '../../src/ledger/sqlite.js';
import { sqliteSink } from '../../src/sink/sqlite.js';
import { openSqlite, type SqlRow } from '../../src/sqlite-driver.js';

const WORKER = join(import.meta.dirname, 'sqlite-worker.ts');
const DAY_MS = 86_400_000;
const limit: Limit = { key: 'a', unit: 'usd', cap: 100 };
const PATIENT = { deadlineMs: 10_000 };

const folders: string[] = [];
const ledgers: Ledger[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const ledger of ledgers.splice(0)) await ledger.close?.();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokenguard-ledger-'));
  folders.push(folder);
  return join(folder, 'ledger.db');
}

function open(path: string, options: SqliteLedgerOptions = PATIENT): Ledger {
  const ledger = sqliteLedger(path, options);
  ledgers.push(ledger);
  return ledger;
}

function hold(ledger: Ledger, id: string, amount = 10) {
  return ledger.reserve(id, [{ limit, amount, admit: 'fit' }]);
}

function rows(path: string, sql: string): readonly SqlRow[] {
  const connection = openSqlite(path);
  try {
    return connection.prepare(sql).all([]);
  } finally {
    connection.close();
  }
}

/** Starts a process on the file; its lines as they come. */
function start(path: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', WORKER, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, ended, lines: () => text.split('\n').filter((line) => line !== '') };
}

describe('several processes', () => {
  it('are granted exactly the cap together', async () => {
    const path = freshPath();
    const workers = ['p1', 'p2', 'p3', 'p4'].map((name) => start(path, name, '250', '600'));
    await Promise.all(workers.map(({ ended }) => ended));

    const granted = workers.map(({ lines }) => Number(lines()[0]));

    expect(granted.reduce((sum, each) => sum + each, 0)).toBe(600);
    const shared: Limit = { key: 'shared', unit: 'usd', cap: 600 };
    expect(await open(path).balances([shared])).toMatchObject([{ held: 600, spent: 0, remaining: 0 }]);
  }, 60_000);

  it('lose nothing that was granted where one of them is killed', async () => {
    const path = freshPath();
    const { child, ended, lines } = start(path, 'p1', '0', '1000000', 'forever');
    while (lines().length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGKILL');
    await ended;

    const known = Number(lines().at(-1));
    const [balance] = await open(path).balances([{ key: 'shared', unit: 'usd', cap: 1_000_000 }]);
    expect(balance?.held).toBeGreaterThanOrEqual(known);
    const [row] = rows(path, "SELECT COUNT(*) AS count FROM ledger_holds WHERE state = 'held'");
    expect(balance?.held).toBe(row?.count);
  }, 60_000);

  it('see what another one holds, and can end it', async () => {
    const path = freshPath();
    const [left, right] = [open(path), open(path)];
    await hold(left, 'x', 60);

    expect(await hold(right, 'y', 50)).toMatchObject({ granted: false, reason: 'exceeded' });
    expect(await right.settle('x', { usd: 20, tokens: 0, calls: 1 })).toEqual({
      outcome: 'settled',
      overrun: { usd: 0, tokens: 0, calls: 0 },
    });
    expect(await left.settle('x', { usd: 20, tokens: 0, calls: 1 })).toMatchObject({ outcome: 'duplicate' });
    expect(await left.balances([limit])).toMatchObject([{ spent: 20, held: 0 }]);
  });

  it('tell each other’s caps where they differ', async () => {
    const path = freshPath();
    await hold(open(path), 'x');

    const result = await open(path).reserve('y', [{ limit: { ...limit, cap: 70 }, amount: 1, admit: 'fit' }]);

    expect(result).toMatchObject({ granted: true, balances: [{ cap: 70, otherCap: 100 }] });
  });
});

describe('a file that another process writes to', () => {
  it('makes operations wait without blocking, and fail at the deadline', async () => {
    const path = freshPath();
    const ledger = open(path, { deadlineMs: 120 });
    await hold(ledger, 'x');
    const other = openSqlite(path);
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    await expect(hold(ledger, 'late')).rejects.toThrow(LedgerUnavailableError);
    expect(turns).toBeGreaterThan(3);
    clearInterval(ticking);
    const settled = ledger.settle('x', { usd: 5, tokens: 0, calls: 1 });
    await new Promise((resolve) => setTimeout(resolve, 150));
    other.exec('COMMIT');
    other.close();

    expect(await settled).toMatchObject({ outcome: 'settled' });
    expect(await ledger.balances([limit])).toMatchObject([{ spent: 5, held: 0 }]);
  });
});

describe('a transaction', () => {
  it('takes all that come at once', async () => {
    const path = freshPath();
    const ledger = open(path);
    await hold(ledger, 'first', 0);
    const before = statSync(`${path}-wal`).size;

    await Promise.all(Array.from({ length: 100 }, (_, index) => hold(ledger, `n${index}`, 1)));

    // Each transaction would append the page of the account anew.
    expect((statSync(`${path}-wal`).size - before) / 4096).toBeLessThan(60);
  });

  it('of refusals writes nothing', async () => {
    const path = freshPath();
    const ledger = open(path);
    await hold(ledger, 'first', 100);
    const before = statSync(`${path}-wal`).size;

    await Promise.all(Array.from({ length: 20 }, (_, index) => hold(ledger, `n${index}`, 1)));

    expect(statSync(`${path}-wal`).size).toBe(before);
  });

  it('that SQLite does not take fails the one operation that is to blame', async () => {
    const path = freshPath();
    const ledger = open(path);
    await Promise.all([hold(ledger, 'x'), hold(ledger, 'broken')]);
    const other = openSqlite(path);
    other.exec("UPDATE ledger_holds SET items = 'secret' WHERE id = 'broken'");
    other.close();

    const bill = { usd: 5, tokens: 0, calls: 1 };
    const [x, broken, y] = await Promise.allSettled([
      ledger.settle('x', bill),
      ledger.settle('broken', bill),
      hold(ledger, 'y'),
    ]);

    expect([x, y]).toMatchObject([{ value: { outcome: 'settled' } }, { value: { granted: true } }]);
    expect(broken).toMatchObject({ status: 'rejected' });
    const { reason } = broken as PromiseRejectedResult;
    expect(LedgerUnavailableError.isInstance(reason)).toBe(true);
    expect(String(reason)).not.toContain('secret');
  });
});

describe('the time of the store', () => {
  it('never goes back, not even for another process', async () => {
    const path = freshPath();
    let offsetMs = 0;
    const options = { ...PATIENT, leaseMs: 1000, storeOffsetMs: () => offsetMs };
    const ledger = open(path, options);
    await hold(ledger, 'x');
    offsetMs = 5000;
    await hold(ledger, 'y');
    offsetMs = -DAY_MS;

    await hold(ledger, 'z');
    const [row] = rows(path, "SELECT lease_ends_ms FROM ledger_holds WHERE id = 'z'");
    const [earlier] = rows(path, "SELECT lease_ends_ms FROM ledger_holds WHERE id = 'y'");
    expect(Number(row?.lease_ends_ms)).toBeGreaterThanOrEqual(Number(earlier?.lease_ends_ms));
    expect(await open(path, options).balances([limit])).toMatchObject([{ spent: 10, presumed: 10 }]);
    expect(await ledger.check?.()).toContainEqual(expect.objectContaining({ level: 'error', topic: 'clock' }));
  });
});

describe('what is over', () => {
  it('is forgotten: holds, windows, marks and accounts', async () => {
    const path = freshPath();
    let offsetMs = 0;
    const ledger = open(path, { ...PATIENT, storeOffsetMs: () => offsetMs });
    const window = {
      signature: 'minutes',
      at(nowMs: number) {
        const startMs = nowMs - (nowMs % 60_000);
        const endMs = startMs + 60_000;
        return { id: `m${startMs}`, startMs, endMs, earlierIds: [], countsUntilMs: endMs, resetsAtMs: endMs };
      },
    };
    const bounded = { ...limit, key: 'bounded', window };
    await ledger.reserve('x', [{ limit: bounded, amount: 10, admit: 'fit' }]);
    await ledger.settle('x', { usd: 5, tokens: 0, calls: 1 });
    await ledger.mark(bounded, 'half');
    await hold(ledger, 'open');
    offsetMs = 2 * DAY_MS;

    await hold(ledger, 'y');

    const count = (table: string) => rows(path, `SELECT COUNT(*) AS count FROM ledger_${table}`)[0]?.count;
    expect([count('windows'), count('marks'), count('accounts')]).toEqual([1, 0, 1]);
    expect(rows(path, 'SELECT id FROM ledger_holds').map(({ id }) => id)).toEqual(['open', 'y']);
  });
});

describe('corrections', () => {
  it('are journaled as they were asked for', async () => {
    const path = freshPath();
    const ledger = open(path);
    await ledger.adjust(limit, 7, "a bill'; DROP TABLE ledger_holds; --");
    await ledger.adjust(limit, -3, 'a\0refund \ud800');

    expect(rows(path, 'SELECT unit, key, change, reason FROM ledger_adjustments ORDER BY id')).toMatchObject([
      { unit: 'usd', key: 'a', change: 7, reason: "a bill'; DROP TABLE ledger_holds; --" },
      { unit: 'usd', key: 'a', change: -3 },
    ]);
    expect(await ledger.balances([limit])).toMatchObject([{ spent: 4 }]);
  });
});

describe('the file', () => {
  it('and its logs can be read by their owner only', async () => {
    const path = freshPath();
    await hold(open(path), 'x');

    const modes = readdirSync(folders[0] as string).map((name) => statSync(join(folders[0] as string, name)).mode);
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  });

  it('is well set up by default', async () => {
    const findings = await open(freshPath()).check?.();

    expect(findings?.map(({ level, topic }) => [level, topic])).toEqual([
      ['ok', 'journal-mode'],
      ['ok', 'file'],
      ['ok', 'integrity'],
      ['ok', 'clock'],
    ]);
  });

  it('that is less safe, or open to others, or replaced, is found', async () => {
    const path = freshPath();
    const ledger = open(path, { ...PATIENT, durability: 'normal' });
    await hold(ledger, 'x');
    chmodSync(path, 0o644);
    expect(await ledger.check?.()).toMatchObject([
      { level: 'warning', topic: 'journal-mode' },
      { level: 'warning', topic: 'file', message: expect.stringContaining('644') },
      { level: 'ok' },
      { level: 'ok' },
    ]);
    rmSync(path);
    expect((await ledger.check?.())?.[1]).toMatchObject({ level: 'error', topic: 'file' });
  });

  it.each([
    ['the sink', async (path: string) => sqliteSink({ file: path }).open()],
    ['a newer version', async (path: string) => openSqlite(path).exec('PRAGMA user_version = 99')],
  ])('of %s is refused, and left as it is', async (_, make) => {
    const path = freshPath();
    await make(path);

    await expect(hold(open(path), 'x')).rejects.toThrow(ConfigError);
    expect(rows(path, "SELECT name FROM sqlite_master WHERE name LIKE 'ledger_%'")).toEqual([]);
  });

  it('that cannot be opened makes the ledger unavailable, without a word of where it is', async () => {
    const path = freshPath();
    writeFileSync(path, 'this is no database, and long enough to be taken for a broken one'.repeat(100));
    for (const bad of [path, join(path, 'no', 'folder.db')]) {
      const error = await Promise.resolve(hold(open(bad), 'x')).catch((thrown: unknown) => thrown);
      expect(LedgerUnavailableError.isInstance(error)).toBe(true);
      expect(String(error)).not.toContain(folders[0]);
    }
  });

  it('is closed for good', async () => {
    const ledger = open(freshPath());
    const last = hold(ledger, 'x');
    await ledger.close?.();

    expect(await last).toMatchObject({ granted: true });
    await expect(hold(ledger, 'y')).rejects.toThrow(LedgerUnavailableError);
  });
});

describe('options', () => {
  it.each([
    ['', {}],
    [':memory:', {}],
    [7, {}],
    ['x.db', { leaseMs: 0 }],
    ['x.db', { deadlineMs: Number.NaN }],
    ['x.db', { durability: 'off' }],
    ['x.db', { clock: {} }],
    ['x.db', { storeOffsetMs: 7 }],
  ])('that cannot be used are refused at once: %j %j', (path, options) => {
    expect(() => sqliteLedger(path as string, options as SqliteLedgerOptions)).toThrow(ConfigError);
  });

  it('need a key in each limit', async () => {
    const ledger = open(freshPath());

    await expect(ledger.balances([{ unit: 'usd', cap: 1 }])).rejects.toThrow(ConfigError);
    expect(await ledger.reserve('x', [{ limit: { unit: 'usd', cap: 1 }, amount: 1, admit: 'fit' }])).toEqual({
      granted: false,
      reason: 'invalid',
    });
  });
});
