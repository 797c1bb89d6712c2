import { type FileHandle, open } from 'node:fs/promises';

/** The path of the file that was moved `number` times; 0 is the one that is written to. */
export function rotatedPath(file: string, number: number): string {
  return number === 0 ? file : `${file}.${number}`;
}

/** Opens a file and those it was moved to, newest first. They stay the same files while a writer moves them. */
export async function openNewestFirst(file: string): Promise<FileHandle[]> {
  // Newest first: a file that is moved up meanwhile is met again under its next number, and none is missed.
  const handles: FileHandle[] = [];
  try {
    for (let number = 0; ; number += 1) {
      const handle = await openIfThere(rotatedPath(file, number));
      if (handle !== undefined) handles.push(handle);
      // The first may be missing for the moment between being moved and being made anew.
      else if (number > 0) return handles;
    }
  } catch (error) {
    await closeAll(handles);
    throw error;
  }
}

/** Closes every handle. */
export async function closeAll(handles: readonly FileHandle[]): Promise<void> {
  await Promise.all(handles.map((handle) => handle.close()));
}

const LINE_FEED = 10;

/** The lines of a file from its start, without their line feeds; the last also where it has none. */
export async function* linesOf(handle: FileHandle): AsyncGenerator<string, void, undefined> {
  // Split by byte: a decoder would take other characters for line ends, and halve those that lie between two chunks.
  let parts: Buffer[] = [];
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8');
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield Buffer.concat(parts).toString('utf8');
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
