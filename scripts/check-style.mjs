// The house rules for src/ that the linter has no rule for. The linter holds the others: the size of files and
// functions, default exports, the console.
//
// Usage: node scripts/check-style.mjs [FOLDER]        (default: src)
import { join, resolve } from 'node:path';
import { lineAt, readSources, walk } from './syntax.mjs';

/** Above this a file is long for one concept. It is counted, not refused; the linter refuses far above it. */
const COMFORTABLE_LINES = 150;

/** Generated: nobody reads it line by line. */
const GENERATED = ['pricing/catalog-data.ts'];

/**
 * What only one file may do, so that a test can put its own in its place. `names` are matched against the code,
 * comments and strings left out: a bare name, `object.member`, a module, or `new Name()` without an argument.
 */
const DOORS = [
  {
    what: 'time',
    files: ['clock.ts', 'testing/fake-clock.ts'],
    remedy: 'ask a Clock',
    names: [
      ...['Date.now', 'new Date()', 'performance', 'process.hrtime', 'node:perf_hooks'],
      ...['setTimeout', 'setInterval', 'setImmediate', 'AbortSignal.timeout', 'node:timers', 'node:timers/promises'],
    ],
  },
  {
    what: 'chance',
    files: ['random.ts'],
    remedy: 'ask an IdSource, or take a random source as an option',
    names: ['Math.random', 'randomUUID', 'randomBytes', 'randomInt', 'getRandomValues'],
  },
];

/** Objects a module may make when it loads: nothing about a call can be kept in them. */
const STATELESS = ['RegExp', 'TextEncoder', 'TextDecoder', 'URL', 'Error', 'Date'];

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'src'));
const sources = readSources(folder, (path) => !GENERATED.includes(path));
const problems = sources.flatMap((source) =>
  [...findDoorsPassedBy(source), ...findModuleState(source), ...findLeftovers(source)].map(
    ({ offset, message }) => `${source.path}:${lineAt(source.text, offset)} ${message}`,
  ),
);
const long = sources.filter(({ text }) => text.split('\n').length > COMFORTABLE_LINES).length;

for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`style: ${problems.length} problems; the rules are at the top of scripts/check-style.mjs`);
  process.exitCode = 1;
} else {
  console.log(
    `style: ${sources.length} files keep the house rules; ${long} are longer than ${COMFORTABLE_LINES} lines`,
  );
}

/** Uses of time and chance outside the files that are the doors to them. */
function findDoorsPassedBy({ path, program }) {
  const found = [];
  // `timers.setTimeout` and `{ setTimeout: … }` only borrow a name that the global also has.
  const labels = new Set();
  walk(program, (node) => {
    if (node.type === 'TSTypeQuery') return false;
    if (node.type === 'MemberExpression' && !node.computed) labels.add(node.property);
    if (node.key && !node.computed) labels.add(node.key);
    const name = labels.has(node) ? undefined : nameUsedBy(node);
    const door = DOORS.find(({ files, names }) => names.includes(name) && !files.includes(path));
    if (door) {
      const message = `uses ${name}: ${door.what} comes from ${door.files[0]}; ${door.remedy}`;
      found.push({ offset: node.start, message });
    }
    return true;
  });
  return found;
}

/** What a node itself uses, written as in `DOORS`. */
function nameUsedBy(node) {
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'ImportDeclaration':
      return node.source.value;
    case 'NewExpression':
      return node.arguments.length === 0 ? `new ${node.callee.name}()` : undefined;
    case 'MemberExpression': {
      const { object, property, computed } = node;
      const member = computed ? property.value : property.name;
      return ['globalThis', 'crypto'].includes(object.name) ? member : `${object.name}.${member}`;
    }
    default:
      return undefined;
  }
}

/**
 * Values at the top of a module, or static in a class, that can change: two guards would share them. What all copies
 * of the package are to share lies on the global object, under the `Symbol.for` name in scope.ts.
 */
function findModuleState({ program }) {
  const declarations = program.body
    .map((statement) => statement.declaration ?? statement)
    .filter(({ type, declare }) => type === 'VariableDeclaration' && !declare);
  const found = declarations.flatMap(({ kind, declarations: declarators, start }) =>
    kind !== 'const'
      ? [{ offset: start, message: `declares a module-level ${kind}: state belongs to an object somebody makes` }]
      : declarators
          .filter(({ id, init }) => isMutable(init, id.typeAnnotation))
          .map((declarator) => ({
            offset: declarator.start,
            message: `keeps '${declarator.id.name}', which can change, for the whole process`,
          })),
  );
  walk(program, (node) => {
    if (
      node.type === 'PropertyDefinition' &&
      node.static &&
      (!node.readonly || isMutable(node.value, node.typeAnnotation))
    ) {
      found.push({
        offset: node.start,
        message: 'keeps state in a static field: state belongs to an object somebody makes',
      });
    }
  });
  return found;
}

/**
 * Whether a value that a module makes when it loads can collect things later. A table that is filled when it is made
 * and typed `Readonly…` or `readonly` cannot, as far as the compiler goes.
 */
function isMutable(value, annotation) {
  const type = annotation?.typeAnnotation;
  const isReadonly = type?.typeName?.name?.startsWith('Readonly') || type?.operator === 'readonly';
  if (value?.type === 'NewExpression') {
    return !STATELESS.includes(value.callee.name) && value.callee.object?.name !== 'Intl' && !isReadonly;
  }
  const isEmpty = value?.elements?.length === 0 || value?.properties?.length === 0;
  return Boolean(isEmpty && !isReadonly);
}

/** Notes to self. What is not done is an issue; what is done needs no note. */
function findLeftovers({ comments }) {
  return comments
    .filter(({ value }) => /\b(TODO|FIXME|XXX)\b/.test(value))
    .map(({ start }) => ({ offset: start, message: 'leaves a note to self: do it, or file an issue' }));
}
