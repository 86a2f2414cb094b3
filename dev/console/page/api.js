// The console's own API.

import { t } from "./language.js";

/** A request that failed, in words for the person who made it. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the console. Resolves to the answer's JSON, null where there is none; throws ApiError, with status 0 where
 * the console did not answer at all.
 */
export async function api(method, path, body, signal) {
  const response = await fetch(`/api/${path}`, {
    method,
    signal,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, t("noConsole"));
  });
  const text = await response.text();
  const json = parse(text);
  if (response.ok) return json;
  throw new ApiError(response.status, json?.error?.message ?? `${response.status} ${text}`.trim());
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
