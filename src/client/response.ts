/** The same response with another body; what a constructor cannot set included. */
export function copyResponse(response: Response, body: BodyInit): Response {
  const hasNoBody = response.status === 204 || response.status === 205 || response.status === 304;
  const copy = new Response(hasNoBody ? null : body, response);
  Object.defineProperty(copy, 'url', { value: response.url });
  if (response.redirected) Object.defineProperty(copy, 'redirected', { value: true });
  return copy;
}

/** `text` as a JSON object; `undefined` where it is not JSON or not an object. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
