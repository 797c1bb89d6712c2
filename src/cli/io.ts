/** Where a command prints and what it knows of its surroundings, so that a test can run it in its own process. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether `stdout` is a terminal. */
  readonly isTTY: boolean;
}

/** One command: takes its arguments without its own name, resolves the exit code. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  run(argv: readonly string[], io: CliIo): Promise<number>;
}

/** Exit codes of the command line: what it was asked to do failed, or it was asked wrongly. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The command was called wrongly; the message says how, and what to write instead. */
export class UsageError extends Error {}

/** `text` in bold where the terminal shows it and the user has not asked for plain text. */
export function bold(text: string, io: CliIo): string {
  const isPlain = !io.isTTY || (io.env.NO_COLOR ?? '') !== '' || io.env.TERM === 'dumb';
  return isPlain ? text : `\u001b[1m${text}\u001b[22m`;
}
