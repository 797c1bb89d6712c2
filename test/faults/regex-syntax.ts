/** A regular expression as a tree, as far as the source of this package uses them. */
export type RegexNode =
  | { readonly kind: 'character'; readonly source: string; readonly matches: (character: string) => boolean }
  | { readonly kind: 'start' | 'end' | 'boundary' }
  | { readonly kind: 'look'; readonly isBehind: boolean; readonly isNegative: boolean; readonly body: RegexNode }
  | { readonly kind: 'alternatives'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | {
      readonly kind: 'repeat';
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})(\??)/;
const GROUP = /^\((?:\?(?:(:)|(<?[=!])|<\w+>))?/;
const CLASS = /^\[(?:\\.|[^\]\\])*\]/s;
const ESCAPE = /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/s;

/** Reads the pattern of a regular expression. @throws Error for syntax that is not known here, such as a back-reference. */
export function parseRegex({ source, flags }: RegExp): RegexNode {
  let rest = source;
  const take = (length: number) => {
    const taken = rest.slice(0, length);
    rest = rest.slice(length);
    return taken;
  };
  const isUnicode = /[uv]/.test(flags);

  function readAlternatives(): RegexNode {
    const options = [readSequence()];
    while (rest.startsWith('|')) {
      take(1);
      options.push(readSequence());
    }
    return options.length === 1 ? (options[0] as RegexNode) : { kind: 'alternatives', options };
  }

  function readSequence(): RegexNode {
    const items: RegexNode[] = [];
    while (rest !== '' && !rest.startsWith('|') && !rest.startsWith(')')) items.push(readQuantified());
    return { kind: 'sequence', items };
  }

  function readQuantified(): RegexNode {
    const body = readAtom();
    const quantifier = QUANTIFIER.exec(rest);
    if (!quantifier) return body;
    const [text, least, comma, most, lazy] = quantifier;
    take(text.length);
    const isLazy = lazy === '?';
    if (least !== undefined) {
      const max = comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most);
      return { kind: 'repeat', body, min: Number(least), max, isLazy };
    }
    const max = text.startsWith('?') ? 1 : Number.POSITIVE_INFINITY;
    return { kind: 'repeat', body, min: text.startsWith('+') ? 1 : 0, max, isLazy };
  }

  function readAtom(): RegexNode {
    if (rest.startsWith('(')) return readGroup();
    if (rest.startsWith('^')) return assertion('start', 1);
    if (rest.startsWith('$')) return assertion('end', 1);
    if (/^\\[bB1-9k]/.test(rest)) {
      if (rest.startsWith('\\b')) return assertion('boundary', 2);
      throw new Error(`${rest} is not known to this reader`);
    }
    const plain = isUnicode ? String.fromCodePoint(rest.codePointAt(0) as number) : rest.charAt(0);
    return characterOf(take((CLASS.exec(rest) ?? ESCAPE.exec(rest) ?? [plain])[0].length), flags);
  }

  function assertion(kind: 'start' | 'end' | 'boundary', length: number): RegexNode {
    take(length);
    return { kind };
  }

  function readGroup(): RegexNode {
    const [opening, , look] = GROUP.exec(rest) as RegExpExecArray;
    take(opening.length);
    const body = readAlternatives();
    if (take(1) !== ')') throw new Error(`a group of ${source} is not closed`);
    if (look === undefined) return body;
    return { kind: 'look', isBehind: look.startsWith('<'), isNegative: look.endsWith('!'), body };
  }

  const tree = readAlternatives();
  if (rest !== '') throw new Error(`${source} was not read to its end`);
  return tree;
}

function characterOf(source: string, flags: string): RegexNode {
  const native = new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, ''));
  const known = new Map<string, boolean>();
  const matches = (character: string) => {
    let result = known.get(character);
    if (result === undefined) {
      result = native.test(character);
      known.set(character, result);
    }
    return result;
  };
  return { kind: 'character', source, matches };
}

/** The nodes right below `node`. */
export function childrenOf(node: RegexNode): readonly RegexNode[] {
  if (node.kind === 'sequence') return node.items;
  if (node.kind === 'alternatives') return node.options;
  return node.kind === 'repeat' || node.kind === 'look' ? [node.body] : [];
}

/** Every node of a tree, parents first. */
export function nodesOf(node: RegexNode): readonly RegexNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

/** The most characters `node` can take. */
export function longestOf(node: RegexNode): number {
  if (node.kind === 'character') return 1;
  if (node.kind === 'repeat') return node.max === 0 ? 0 : longestOf(node.body) * node.max;
  if (node.kind === 'alternatives') return Math.max(...node.options.map(longestOf));
  if (node.kind === 'sequence') return node.items.reduce((sum, item) => sum + longestOf(item), 0);
  return 0;
}
