import { ConfigError } from '../errors.js';
import type { SpendRecord } from '../sink/sink.js';
import type { RecordSource, TimeRange } from '../sink/source.js';
import { parseInstant } from './instant.js';
import { createReport, type Report, type ReportOptions } from './report.js';

/**
 * Makes a report over what a durable sink keeps, whichever processes wrote it.
 *
 * @throws ConfigError when the sink cannot be read from, or an option cannot be used. Rejects with what the sink's
 * store throws.
 *
 * @example
 * const sink = sqliteSink({ file: './spend.db' });
 * console.log((await reportFrom(sink, { groupBy: ['feature'] })).toTable());
 */
export async function reportFrom(source: RecordSource, options: ReportOptions = {}): Promise<Report> {
  if (typeof source?.readRecords !== 'function') {
    throw new ConfigError({
      option: 'sink',
      value: source,
      remedy: 'give a sink that keeps records and can read them back, such as sqliteSink({ file })',
    });
  }
  // Bad options show before a large file is read.
  createReport([], options);
  const range: TimeRange = {
    ...(options.since !== undefined && { sinceMs: parseInstant(options.since, 'since') }),
    ...(options.until !== undefined && { untilMs: parseInstant(options.until, 'until') }),
  };
  const records: SpendRecord[] = [];
  for await (const record of source.readRecords(range)) records.push(record);
  return createReport(records, options);
}
