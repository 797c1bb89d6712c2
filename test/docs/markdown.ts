import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A Markdown file of this repository. */
export interface Page {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block: its info string, its lines, and the line in the file where its content starts, from 1. */
export interface Block {
  readonly info: string;
  readonly lines: readonly string[];
  readonly line: number;
}

/** Every Markdown file at the root and under `docs/`. */
export function readPages(): Page[] {
  const atRoot = readdirSync(ROOT).map((name) => join(ROOT, name));
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => join(ROOT, 'docs', String(name)));
  return [...atRoot, ...inDocs]
    .filter((file) => file.endsWith('.md'))
    .map((file) => ({ path: relative(ROOT, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }));
}

/** The fenced blocks of a page, in order. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined && line.startsWith('```')) open = { info: line.slice(3).trim(), lines: [], line: index + 2 };
    else if (open !== undefined && line.startsWith('```')) {
      blocks.push(open);
      open = undefined;
    } else open?.lines.push(line);
  }
  return blocks;
}

/** The text of a page without its fenced blocks; line numbers stay. */
export function proseOf(text: string): string {
  let isOpen = false;
  const lines = text.split('\n').map((line) => {
    const isFence = line.startsWith('```');
    if (isFence) isOpen = !isOpen;
    return isFence || isOpen ? '' : line;
  });
  return lines.join('\n');
}

/** The anchors that GitHub makes of the headings of a page. */
export function anchorsOf(text: string): Set<string> {
  const headings = [...proseOf(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}
