const MARK = '/model/';
const END = /\/converse(?:-stream)?\/?$/;

/** Whether a path asks a model of Bedrock to converse. */
export function isConversePath(path: string): boolean {
  return findModel(path) !== undefined;
}

/** Whether a path asks for the answer as a stream. */
export function isStreamPath(path: string): boolean {
  return /\/converse-stream\/?$/.test(path);
}

/** The model in a path, decoded: a model id, the id of an inference profile, or an ARN; `undefined` where there is none. */
export function modelInPath(path: string): string | undefined {
  const place = findModel(path);
  return place && decode(path.slice(place.start, place.end));
}

/** The path with another model in it. */
export function pathWithModel(path: string, model: string): string {
  const place = findModel(path);
  if (place === undefined) return path;
  return `${path.slice(0, place.start)}${encodeURIComponent(model)}${path.slice(place.end)}`;
}

/** Where the model stands. One expression for the whole path would look through it once for each mark in it. */
function findModel(path: string): { readonly start: number; readonly end: number } | undefined {
  const end = END.exec(path)?.index ?? 0;
  // At least one character of a name lies between the mark and the end.
  const mark = path.lastIndexOf(MARK, end - MARK.length - 1);
  const start = mark + MARK.length;
  return mark < 0 || start >= end ? undefined : { start, end };
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
