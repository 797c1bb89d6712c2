/** One step of a walk over a JSON tree: a value still to be written, or a piece of punctuation. */
type Step = { readonly value: unknown } | { readonly text: string };

/**
 * A JSON tree as JSON text, for sending it on. Values that JSON does not know become `null`.
 *
 * The engine's own writer is fast but recurses, and gives up on a tree some thousand levels deep. A hostile body can be
 * deeper than that, so such a tree is written again with a stack of our own.
 */
export function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return writeDeep(value);
  }
}

function writeDeep(root: unknown): string {
  const pieces: string[] = [];
  const steps: Step[] = [{ value: root }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if ('text' in step) pieces.push(step.text);
    else if (typeof step.value === 'object' && step.value !== null) openContainer(step.value, steps);
    else pieces.push(writeScalar(step.value));
  }
  return pieces.join('');
}

function openContainer(container: object, steps: Step[]): void {
  const isList = Array.isArray(container);
  const members: Step[] = [{ text: isList ? '[' : '{' }];
  let separator = '';
  for (const [key, value] of Object.entries(container)) {
    members.push({ text: isList ? separator : `${separator}${JSON.stringify(key)}:` }, { value });
    separator = ',';
  }
  members.push({ text: isList ? ']' : '}' });
  for (let index = members.length - 1; index >= 0; index -= 1) steps.push(members[index]!);
}

function writeScalar(value: unknown): string {
  return typeof value === 'bigint' ? 'null' : (JSON.stringify(value) ?? 'null');
}

/** Appends every text found anywhere in a JSON tree to `into`, keys left out. For parts whose shape is not known. */
export function collectStrings(root: unknown, into: string[]): void {
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') into.push(value);
    else if (typeof value === 'object' && value !== null)
      for (const member of Object.values(value)) pending.push(member);
  }
}
