#!/usr/bin/env node
import { runCli } from './run.js';

// A reader such as `head` that has enough closes the pipe: that is the end of our work, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Not process.exit: it would cut off what a pipe has not taken yet.
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTTY: process.stdout.isTTY === true,
});
