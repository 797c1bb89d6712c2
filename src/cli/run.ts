import { readFileSync } from 'node:fs';
import { TokenguardError } from '../errors.js';
import { printable } from '../report/width.js';
import { reportCommand } from './commands/report.js';
import { bold, type CliIo, type Command, EXIT, UsageError } from './io.js';

const COMMANDS: ReadonlyMap<string, Command> = new Map([['report', reportCommand]]);

/**
 * Runs the command line `argv`, without the names of node and the script, and resolves its exit code: 0, 1 when it
 * failed, 2 when it was called wrongly. Data goes to `io.stdout`, errors to `io.stderr`.
 *
 * @example
 * process.exitCode = await runCli(process.argv.slice(2), io);
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? io.stderr : io.stdout).write(helpText(io));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-v') return printVersion(io);
  const command = COMMANDS.get(name);
  if (command === undefined) {
    const kind = name.startsWith('-') ? 'option' : 'command';
    return printError(
      new UsageError(`Unknown ${kind} '${name}'. Commands: ${[...COMMANDS.keys()].join(', ')}. See tokenguard --help`),
      io,
    );
  }
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
  if (options.includes('--help') || options.includes('-h')) {
    io.stdout.write(command.help);
    return EXIT.ok;
  }
  if (options.includes('--version')) return printVersion(io);
  try {
    return await command.run(rest, io);
  } catch (error) {
    return printError(error, io);
  }
}

function printVersion(io: CliIo): number {
  // The same two steps up lead to the package from src/cli and from dist/cli.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  io.stdout.write(`${String((manifest as { readonly version?: unknown }).version)}\n`);
  return EXIT.ok;
}

function printError(error: unknown, io: CliIo): number {
  const isExpected = error instanceof UsageError || TokenguardError.isInstance(error) || isSystemError(error);
  // A stack is for us when the fault is ours; a wrong path or option needs only its sentence.
  const text = isExpected ? printable((error as Error).message) : String((error as Error)?.stack ?? error);
  io.stderr.write(`tokenguard: ${text}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}

function helpText(io: CliIo): string {
  const width = Math.max(...[...COMMANDS.keys()].map((name) => name.length));
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'tokenguard: what LLM calls cost, by feature and user',
    '',
    bold('Usage', io),
    '  tokenguard COMMAND [options]',
    '',
    bold('Commands', io),
    ...lines,
    '',
    'tokenguard COMMAND --help tells more; tokenguard --version prints the version.',
    '',
  ].join('\n');
}
