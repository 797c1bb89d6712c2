import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from './run-script.js';

interface Door {
  readonly types: string;
  readonly default: string;
}

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const doors = Object.entries<string | Door>(manifest.exports).filter(
  (entry): entry is [string, Door] => typeof entry[1] === 'object',
);

/** Files of an adapter family that are no doors, each with its reason. `x-part.ts` is a part of the adapter `x.ts`. */
const NO_DOOR: Record<string, string> = {
  'ledger/ledger.ts': 'the interface, exported by the main door',
  'ledger/joint.ts': 'how a guard joins its own ledger and a shared one',
  'ledger/request.ts': 'how shared ledgers read a reserve',
  'ledger/deadline.ts': 'how long shared ledgers wait for their stores',
  'sink/sink.ts': 'the interface, exported by the main door',
  'sink/source.ts': 'the interface of sinks that can be read, exported by the main door',
  'sink/memory.ts': 'the ring of records inside a guard',
  'sink/evicted-totals.ts': 'what the ring keeps of records that gave way',
  'sink/batch.ts': 'the queue that a guard puts in front of each sink',
  'sink/batch-sink.ts': 'batchSink, exported by the main door',
  'sink/options.ts': 'how sinks check their options',
  'sink/file-path.ts': 'how sinks read the path of a file',
  'sink/record-json.ts': 'how sinks write a record as JSON',
};

describe('package.json', () => {
  test.each(doors)('opens %s on a file of src/, with its types beside it', (_name, door) => {
    expect(existsSync(join(repository, sourceOf(door.default)))).toBe(true);
    expect(door.types).toBe(door.default.replace(/\.js$/, '.d.ts'));
  });

  test('has a door for every ledger and every sink', () => {
    const adapters = ['ledger', 'sink'].flatMap((family) =>
      readdirSync(join(repository, 'src', family)).map((file) => `${family}/${file}`),
    );
    const opened = doors.map(([, door]) => sourceOf(door.default).slice('src/'.length));
    const isPart = (path: string) => opened.some((each) => path === each || path.startsWith(each.replace('.ts', '-')));
    expect(adapters.filter((path) => !(path in NO_DOOR) && !isPart(path))).toEqual([]);
    expect(Object.keys(NO_DOOR).filter((path) => !adapters.includes(path))).toEqual([]);
  });

  test('has a command that starts with a line naming node', () => {
    for (const file of Object.values<string>(manifest.bin)) {
      expect(readFileSync(join(repository, sourceOf(`./${file}`)), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  test('asks for no package at run time, and marks every peer optional', () => {
    expect(manifest.dependencies).toBeUndefined();
    for (const peer of Object.keys(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true });
    }
  });

  test('pins every development version exactly', () => {
    for (const version of Object.values<string>(manifest.devDependencies)) {
      expect(version).toMatch(/^(npm:.+@)?\d+\.\d+\.\d+$/);
    }
  });
});

test('the compiler reads the package’s name as the same doors', () => {
  const lines = readFileSync(join(repository, 'tsconfig.json'), 'utf8').split('\n');
  const withoutComments = lines.filter((line) => !line.trim().startsWith('//')).join('\n');
  const paths = JSON.parse(withoutComments).compilerOptions.paths;
  const expected = doors.map(([name, door]) => [name.replace(/^\./, manifest.name), [`./${sourceOf(door.default)}`]]);
  expect(paths).toEqual(Object.fromEntries(expected));
});

/** The source of a built file: `./dist/x.js` comes from `src/x.ts`. */
function sourceOf(built: string): string {
  return built.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts');
}
