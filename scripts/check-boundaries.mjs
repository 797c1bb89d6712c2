// Who may import whom in src/. The table is the rule; the code below it only reads imports and compares.
//
// Usage: node scripts/check-boundaries.mjs [FOLDER]        (default: src)
import { join, posix, resolve } from 'node:path';
import { lineAt, readSources, walk } from './syntax.mjs';

/** What everything may use: values that know nothing of calls, stores or providers. */
const FOUNDATION = ['money.ts', 'errors.ts', 'clock.ts', 'random.ts', 'usage/'];

/** The interface files. Most rooms may name their types (`import type`); only their own family may run their code. */
const INTERFACES = [
  ...['wire/wire.ts', 'ledger/ledger.ts', 'sink/sink.ts', 'policy/policy.ts', 'client/client.ts'],
  'pricing/price.ts',
];

/** All of src but the rooms that only their own files, and the user, may open. */
const EVERYTHING = ['*'];

/**
 * A room is a file at the top of src/ or a folder in it. `uses` are the rooms, or single files of rooms, whose code it
 * may run; `names` those whose types it may name besides. A room always may use itself. A path without a row is an
 * error: a new room states its rule first.
 */
const ROOMS = [
  // The foundation knows itself only; errors carry tags and units, and so name their types.
  { room: 'money.ts', uses: ['errors.ts'], names: [] },
  { room: 'errors.ts', uses: [], names: INTERFACES },
  { room: 'clock.ts', uses: [], names: [] },
  { room: 'random.ts', uses: [], names: [] },
  { room: 'events.ts', uses: [], names: ['errors.ts', ...INTERFACES] },
  { room: 'warnings.ts', uses: [], names: [] },
  { room: 'semconv.ts', uses: [], names: [] },
  { room: 'usage/', uses: ['money.ts', 'errors.ts'], names: [] },
  { room: 'sqlite-driver.ts', uses: ['errors.ts'], names: [] },

  // The families: five kinds of adapters that never know each other's code.
  { room: 'wire/', uses: FOUNDATION, names: INTERFACES },
  { room: 'ledger/', uses: [...FOUNDATION, 'sqlite-driver.ts'], names: INTERFACES },
  { room: 'sink/', uses: [...FOUNDATION, 'semconv.ts', 'sqlite-driver.ts'], names: INTERFACES },
  { room: 'policy/', uses: FOUNDATION, names: [...INTERFACES, 'budget/', 'quote/'] },
  { room: 'client/', uses: FOUNDATION, names: [...INTERFACES, 'budget/'] },

  // What a call costs, who pays for it, and what came of it.
  { room: 'pricing/', uses: ['money.ts', 'errors.ts', 'usage/', 'clock.ts'], names: [] },
  { room: 'quote/', uses: ['pricing/', 'usage/', 'money.ts', 'errors.ts'], names: INTERFACES },
  { room: 'budget/', uses: [...FOUNDATION, 'quote/', 'policy/policies.ts'], names: [...INTERFACES, 'policy/'] },
  { room: 'scope.ts', uses: [...FOUNDATION, 'budget/'], names: INTERFACES },
  {
    room: 'report/',
    uses: ['money.ts', 'errors.ts'],
    names: ['sink/sink.ts', 'sink/source.ts', 'sink/evicted-totals.ts'],
  },

  // What a guard is made of, and what a user may set.
  { room: 'engine.ts', uses: FOUNDATION, names: EVERYTHING },
  { room: 'settings.ts', uses: [...FOUNDATION, 'budget/'], names: EVERYTHING },

  // The steps of a call: the one room that joins the families. A client only meets its gate.
  {
    room: 'call/',
    uses: [
      ...FOUNDATION,
      'budget/',
      'engine.ts',
      'pricing/',
      'quote/',
      'scope.ts',
      'sink/sink.ts',
      'warnings.ts',
      'wire/',
    ],
    names: EVERYTHING,
  },
  { room: 'estimate.ts', uses: [...FOUNDATION, 'engine.ts', 'quote/', 'wire/'], names: EVERYTHING },
  { room: 'live-scope.ts', uses: [...FOUNDATION, 'budget/', 'report/'], names: EVERYTHING },

  // What a user gets from a guard, a room for each.
  {
    room: 'standing-budgets.ts',
    uses: [...FOUNDATION, 'budget/', 'ledger/joint.ts', 'scope.ts'],
    names: EVERYTHING,
  },
  {
    room: 'budgets.ts',
    uses: [...FOUNDATION, 'budget/', 'scope.ts', 'live-scope.ts', 'standing-budgets.ts', 'warnings.ts'],
    names: EVERYTHING,
  },
  { room: 'exported-context.ts', uses: [...FOUNDATION, 'budget/', 'scope.ts', 'warnings.ts'], names: EVERYTHING },
  { room: 'clients.ts', uses: [...FOUNDATION, 'budget/', 'client/', 'scope.ts'], names: EVERYTHING },
  { room: 'sinks.ts', uses: [...FOUNDATION, 'sink/', 'settings.ts', 'events.ts'], names: EVERYTHING },
  { room: 'default-guard.ts', uses: ['guard.ts', 'scope.ts'], names: EVERYTHING },

  // The files that join everything: the guard, and the doors.
  { room: 'guard.ts', uses: EVERYTHING, names: EVERYTHING },
  { room: 'index.ts', uses: EVERYTHING, names: EVERYTHING },
  { room: 'cli/', uses: EVERYTHING, names: EVERYTHING },
  { room: 'testing/', uses: EVERYTHING, names: EVERYTHING },
];

/** Rooms that nothing in src/ outside them may import, not even by a row that says everything. */
const PRIVATE_ROOMS = ['cli/', 'testing/'];

/**
 * Packages and built-in modules that cost too much to load for everyone, each with the one file that may load it, and
 * only lazily: by `import()` or by a `require` made with `createRequire`. No other package may be imported at all.
 */
const LAZY_MODULES = {
  '@opentelemetry/api': 'sink/otel-api.ts',
  'gpt-tokenizer': 'quote/tokenizer.ts',
  libsql: 'sqlite-driver.ts',
  'node:sqlite': 'sqlite-driver.ts',
  // Its types only: the matchers are declared to it.
  vitest: 'testing/vitest.ts',
};

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'src'));
const sources = readSources(folder);
const importsByPath = new Map(sources.map((source) => [source.path, readImports(source)]));
const problems = [...importsByPath].flatMap(([path, imports]) => [
  ...(roomOf(path) === undefined ? [`${path}:1 has no row in the table of scripts/check-boundaries.mjs`] : []),
  ...imports.flatMap((edge) => problemsOf(path, edge)),
]);
problems.push(...findCycles());

for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`boundaries: ${problems.length} problems; the rule is the table in scripts/check-boundaries.mjs`);
  process.exitCode = 1;
} else {
  console.log(`boundaries: ${sources.length} files keep to the table`);
}

/**
 * Every import of a file: `{ specifier, line, kind }`, where kind is 'value' (runs the module when the file loads),
 * 'type' (leaves no trace in the build) or 'lazy' (runs the module when asked).
 */
function readImports({ text, program }) {
  const requires = namesOfRequire(program);
  const found = [];
  const add = (kind, node, source) =>
    found.push({
      kind,
      line: lineAt(text, node.start),
      specifier: source?.type === 'Literal' ? source.value : undefined,
    });
  walk(program, (node) => {
    if (node.type === 'ImportDeclaration') add(node.importKind === 'type' ? 'type' : 'value', node, node.source);
    if (/^Export(Named|All)Declaration$/.test(node.type) && node.source) {
      add(node.exportKind === 'type' ? 'type' : 'value', node, node.source);
    }
    if (node.type === 'TSImportType') add('type', node, node.source);
    if (node.type === 'ImportExpression') add('lazy', node, node.source);
    if (node.type === 'CallExpression' && isRequire(node.callee, requires)) add('lazy', node, node.arguments[0]);
  });
  return found;
}

/** The names that a file gives to a `require` of its own making. */
function namesOfRequire(program) {
  const names = new Set(['require']);
  walk(program, (node) => {
    if (node.type === 'VariableDeclarator' && node.init && isCreateRequire(node.init)) names.add(node.id.name);
  });
  return names;
}

function isRequire(callee, requires) {
  return isCreateRequire(callee) || (callee.type === 'Identifier' && requires.has(callee.name));
}

function isCreateRequire(node) {
  return node.type === 'CallExpression' && (node.callee.name ?? node.callee.property?.name) === 'createRequire';
}

function problemsOf(path, { specifier, line, kind }) {
  const at = `${path}:${line}`;
  if (specifier === undefined) return [`${at} loads a module by a computed name; write the name out`];
  if (!specifier.startsWith('.')) return problemsOfPackage(path, at, specifier, kind);
  const target = targetOf(path, specifier);
  if (target === undefined) return [`${at} imports '${specifier}', which is no file of this folder`];
  return mayImport(path, target, kind)
    ? []
    : [`${at} may not import ${target}${kind === 'type' ? ', not even its types' : ''}`];
}

function problemsOfPackage(path, at, specifier, kind) {
  const name = Object.keys(LAZY_MODULES).find((each) => specifier === each || specifier.startsWith(`${each}/`));
  if (specifier === 'node:module' && !Object.values(LAZY_MODULES).includes(path)) {
    return [`${at} may not make a require of its own; only the files that load a module lazily may`];
  }
  if (name === undefined && specifier.startsWith('node:')) return [];
  if (name === undefined)
    return [`${at} may not import the package '${specifier}': describe the shape you need instead`];
  if (LAZY_MODULES[name] !== path) return [`${at} may not load '${specifier}'; only ${LAZY_MODULES[name]} may`];
  return kind === 'value' ? [`${at} must load '${specifier}' lazily, when it is first needed`] : [];
}

function mayImport(path, target, kind) {
  const own = roomOf(path);
  const other = roomOf(target);
  // A path that has no row is reported once, on its own, and not again for each of its imports.
  if (own === undefined || other === undefined || own === other) return true;
  if (PRIVATE_ROOMS.includes(other.room)) return false;
  const allowed = kind === 'type' ? [...own.uses, ...own.names] : own.uses;
  return allowed.some((each) => each === '*' || each === target || (each.endsWith('/') && target.startsWith(each)));
}

function roomOf(path) {
  return ROOMS.find(({ room }) => (room.endsWith('/') ? path.startsWith(room) : path === room));
}

/** The file that a relative import means; the source of `./x.js` is `./x.ts`. */
function targetOf(path, specifier) {
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  return sources.some((source) => source.path === target) ? target : undefined;
}

/** Circles of imports that run code: whichever file loads first sees the other half empty. Types may go in circles. */
function findCycles() {
  const finished = new Set();
  const trail = [];
  const cycles = [];
  const enter = (path) => {
    if (finished.has(path)) return;
    if (trail.includes(path)) {
      cycles.push(`${path}:1 is part of a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    trail.push(path);
    for (const { kind, specifier } of importsByPath.get(path)) {
      const target = kind === 'value' && specifier?.startsWith('.') ? targetOf(path, specifier) : undefined;
      if (target !== undefined) enter(target);
    }
    trail.pop();
    finished.add(path);
  };
  for (const path of importsByPath.keys()) enter(path);
  return cycles;
}
