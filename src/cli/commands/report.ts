import { parseArgs } from 'node:util';
import { ConfigError } from '../../errors.js';
import { createReport, type Report, type ReportOptions } from '../../report/report.js';
import { reportFrom } from '../../report/report-from.js';
import { looksLikeJsonl, readJsonlRecords } from '../../sink/jsonl-read.js';
import { readSqliteRecords } from '../../sink/sqlite-read.js';
import { bold, type CliIo, type Command, EXIT, UsageError } from '../io.js';

const HELP = `Shows what was spent, from a file that sqliteSink or jsonlSink wrote. The file may be in use.

Usage
  tokenguard report FILE [options]

Options
  --by KEYS          group by tag keys and dimensions, separated by commas: feature,userId
                     dimensions: $model $servedModel $provider $operation $budget $outcome $hour $day $month
  --where KEY=VALUE  only calls with this tag or dimension; again with the same key: either value
  --since TIME       from this moment: 2026-11-24, 2026-11-24T14:00 (UTC), 2026-11-24T14:00:00+01:00
  --until TIME       up to this moment, not including it
  --json, --csv      print JSON or CSV with exact costs instead of a table
  --help, --version

Example
  tokenguard report spend.db --by feature,'$model' --since 2026-11-01
`;

/** `tokenguard report FILE`: a table, JSON or CSV of what a SQLite or JSON Lines file holds. */
export const reportCommand: Command = {
  summary: 'show what was spent, by tag, model or time',
  help: HELP,
  async run(argv, io) {
    const { file, format, options } = parseCommand(argv);
    checkOptions(options);
    const readRecords = looksLikeJsonl(file) ? readJsonlRecords : readSqliteRecords;
    const report = await reportFrom({ readRecords: (range) => readRecords(file, range) }, options);
    io.stdout.write(formatReport(report, format, io));
    if (report.total().calls === 0) io.stderr.write('tokenguard: no record matches\n');
    return EXIT.ok;
  },
};

type Format = 'table' | 'json' | 'csv';

interface ReportArguments {
  readonly file: string;
  readonly format: Format;
  readonly options: ReportOptions;
}

function parseCommand(argv: readonly string[]): ReportArguments {
  const { values, positionals } = parseOptions(argv);
  const [file, ...surplus] = positionals;
  if (file === undefined) throw usage('FILE is missing');
  if (surplus.length > 0) throw usage(`One FILE at a time: '${surplus[0]}' is too much`);
  if (values.json && values.csv) throw usage('--json and --csv exclude each other');
  const groupBy = (values.by ?? []).flatMap((keys) => keys.split(',')).map((key) => key.trim());
  const options = {
    groupBy,
    where: parseWhere(values.where ?? []),
    ...(values.since !== undefined && { since: values.since }),
    ...(values.until !== undefined && { until: values.until }),
  };
  return { file, format: values.json ? 'json' : values.csv ? 'csv' : 'table', options };
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        by: { type: 'string', multiple: true },
        where: { type: 'string', multiple: true },
        since: { type: 'string' },
        until: { type: 'string' },
        json: { type: 'boolean' },
        csv: { type: 'boolean' },
      },
    });
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice of Node that does not fit here.
    throw usage(((error as Error).message.split('\n')[0] ?? '').replace(/\. To specify.*/, ''));
  }
}

function parseWhere(conditions: readonly string[]): Record<string, string[]> {
  const byKey = new Map<string, string[]>();
  for (const condition of conditions) {
    const split = condition.indexOf('=');
    if (split < 1) throw usage(`--where needs KEY=VALUE, not '${condition}'`);
    const key = condition.slice(0, split);
    const values = byKey.get(key) ?? [];
    values.push(condition.slice(split + 1));
    byKey.set(key, values);
  }
  return Object.fromEntries(byKey);
}

/** Tells a wrong option, which is the caller's to mend, from a file that cannot be read. */
function checkOptions(options: ReportOptions): void {
  try {
    createReport([], options);
  } catch (error) {
    if (ConfigError.isInstance(error)) throw usage(error.message);
    throw error;
  }
}

function usage(message: string): UsageError {
  return new UsageError(`${message}. See tokenguard report --help`);
}

function formatReport(report: Report, format: Format, io: CliIo): string {
  if (format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (format === 'csv') return report.toCSV();
  const [header = '', ...lines] = report.toTable().split('\n');
  return [bold(header, io), ...lines].join('\n');
}
