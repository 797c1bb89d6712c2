import type { Finding } from './ledger.js';
import type { LedgerFile } from './sqlite-file.js';
import { lastNow, machineNow } from './sqlite-steps.js';

const MAX_BEHIND_MS = 60_000;

/** Looks at how the file of a ledger is set up, and whether it is whole. */
export function inspectFile(file: LedgerFile, offsetMs: number): readonly Finding[] {
  return [journalFinding(file), modeFinding(file), integrityFinding(file), clockFinding(file, offsetMs)];
}

function journalFinding(file: LedgerFile): Finding {
  const topic = 'journal-mode';
  const mode = String(file.all('PRAGMA journal_mode')[0]?.journal_mode);
  const isFull = Number(file.all('PRAGMA synchronous')[0]?.synchronous) >= 2;
  if (mode !== 'wal') {
    const remedy = 'put the file on a local disk: a write-ahead log needs memory shared between processes';
    return { level: 'error', topic, message: `The journal mode is ${mode}, not wal`, remedy };
  }
  if (isFull) return { level: 'ok', topic, message: 'The write-ahead log is on, and synced for each transaction' };
  const message = 'The write-ahead log is on, but not synced for each transaction: a loss of power may forget the last';
  return { level: 'warning', topic, message, remedy: "set durability 'full'" };
}

function modeFinding(file: LedgerFile): Finding {
  const topic = 'file';
  const mode = file.mode();
  if (mode === undefined) {
    const message = 'The file was removed or replaced while it was open: other processes count in another one';
    return { level: 'error', topic, message, remedy: 'restart all processes that use this ledger' };
  }
  if ((mode & 0o077) === 0) return { level: 'ok', topic, message: 'Nobody but its owner can read or write the file' };
  const message = `Others may read or write the file: its mode is ${mode.toString(8)}`;
  return {
    level: 'warning',
    topic,
    message,
    remedy: 'chmod 600 the file, and those beside it that end in -wal and -shm',
  };
}

function integrityFinding(file: LedgerFile): Finding {
  const topic = 'integrity';
  const answer = String(file.all('PRAGMA quick_check(1)')[0]?.quick_check);
  if (answer === 'ok') return { level: 'ok', topic, message: 'The file is whole' };
  const remedy = 'stop all processes that use it, and restore the file from a copy';
  return { level: 'error', topic, message: 'The file is damaged', remedy };
}

/** The time of a ledger never goes back, so where the clock of the machine did, it stands still. */
function clockFinding(file: LedgerFile, offsetMs: number): Finding {
  const topic = 'clock';
  const behindMs = lastNow(file) - machineNow(file) - offsetMs;
  if (behindMs <= MAX_BEHIND_MS) return { level: 'ok', topic, message: 'The clock has not gone back' };
  return {
    level: 'error',
    topic,
    message: `The clock of this machine has gone back by ${Math.round(behindMs / 1000)} s: until it has caught up, no window turns and no lease ends`,
    remedy: "set the clock; where it was wrong before, set the row 'now_ms' of the table ledger_meta to 0",
  };
}
