/** A node of a syntax tree, with the fields that are looked at here. */
export interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly regex?: { readonly pattern: string; readonly flags: string };
  readonly callee?: SyntaxNode;
  readonly object?: SyntaxNode;
  readonly property?: SyntaxNode;
  readonly arguments?: readonly SyntaxNode[];
}

interface Syntax {
  readSources(
    folder: string,
    isWanted?: (path: string) => boolean,
  ): readonly { readonly path: string; readonly program: SyntaxNode }[];
  walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void;
}

// The scripts of the repository are JavaScript without declarations: what they give is said here.
const syntax: Syntax = await import(String(new URL('../../scripts/syntax.mjs', import.meta.url)));

export const { readSources, walk } = syntax;
