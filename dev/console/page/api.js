// Calls the console's API.

import { t } from "./language.js";

/** A failed request. Its message is for the person who made the request. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends a request to the console. Resolves to the answer's JSON, or null if there is none. Throws an ApiError; its
 * status is 0 if the console did not answer.
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
