// Reads the JSON report of a vitest run and closes with one plain line of counts. A skipped test fails the gate: here
// every test has what it needs, so one that does not run hides something.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tests = report.testResults.flatMap((file) => file.assertionResults);
const count = (...states) => tests.filter(({ status }) => states.includes(status)).length;
const skipped = tests.filter(({ status }) => !['passed', 'failed'].includes(status));

for (const { fullName } of skipped) console.error(`skipped: ${fullName}`);
if (!report.success || skipped.length > 0 || tests.length === 0) process.exitCode = 1;
console.log(`${count('passed')} passed, ${count('failed')} failed, ${skipped.length} skipped`);
