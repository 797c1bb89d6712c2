import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';

const [SERVER, CLI] = ['redis-server', 'redis-cli'];

export const canStartServer = isInstalled(SERVER) && isInstalled(CLI);

export function createCluster(addresses: readonly string[]): void {
  execFileSync(CLI, ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'ignore' });
}

/** A server of its own on the loopback interface, with its data in `folder`. */
export function startServer(port: number, folder: string, options: readonly string[] = []): ChildProcess {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  return spawn(SERVER, [...own, ...options], { stdio: 'ignore' });
}

export function cli(port: number, ...command: string[]): string {
  try {
    return execFileSync(CLI, ['-p', String(port), ...command], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}

export async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the cluster did not start');
}

/** A port whose bus port, 10 000 above, is a port as well. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    if (port < 55_000) return port;
  }
}

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Ends a server at once, as a crash would. */
export async function kill(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await ended;
}
