const PATH = /^(.*\/model\/)(.+)(\/converse(?:-stream)?\/?)$/;

/** Whether a path asks a model of Bedrock to converse. */
export function isConversePath(path: string): boolean {
  return PATH.test(path);
}

/** Whether a path asks for the answer as a stream. */
export function isStreamPath(path: string): boolean {
  return /\/converse-stream\/?$/.test(path);
}

/** The model in a path, decoded: a model id, the id of an inference profile, or an ARN; `undefined` where there is none. */
export function modelInPath(path: string): string | undefined {
  const encoded = PATH.exec(path)?.[2];
  return encoded === undefined ? undefined : decode(encoded);
}

/** The path with another model in it. */
export function pathWithModel(path: string, model: string): string {
  // A function, because a text could hold the signs that stand for matches.
  return path.replace(PATH, (_, start: string, _model, end: string) => `${start}${encodeURIComponent(model)}${end}`);
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
