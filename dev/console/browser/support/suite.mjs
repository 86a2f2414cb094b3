// What all tests share: the running program, the browser, and helpers.

import assert from "node:assert/strict";

import { SOON } from "./browser.mjs";
import { ROOT } from "./make-run.mjs";

/** The running `make run`, and the browser. */
export const suite = {
  run: null,
  browser: null,
  /** The file for the picture of the alerts page. */
  screenshot: process.env.SCREENSHOT || `${ROOT}/.local/console.png`,
};

/** Posts a message as ZStack does. It must be delivered. */
export async function deliver(message, options) {
  const { status, body } = await suite.run.post(message, options);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Sets faults, as the page does. */
export const setFaults = (change) => ask("PUT", "faults", change);

/** Removes the faults that a test set. After the last test the console no longer runs. */
export async function clearFaults() {
  if (!suite.run.ended) await setFaults({ fault: "none", channel: "", rate_limit: "documented" });
}

/** Deletes all alerts. */
export const deleteAlerts = () => ask("DELETE", "alerts");

async function ask(method, path, body) {
  const response = await fetch(`${suite.run.console}/api/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 204, `${method} ${path}: ${await response.text()}`);
}

/** The alert with this key on a page. */
export const alertOf = (page, key) => page.locator(`details.alert[data-key=${JSON.stringify(key)}]`);

/** Waits until a locator finds this many elements. */
export const count = (locator, number) =>
  until(async () => (await locator.count()) === number, async () => `${await locator.count()} instead of ${number}`);

/** Waits until an element's text equals a string, or matches a regular expression. */
export async function says(locator, wanted, patience = SOON) {
  const fits = (text) => (wanted instanceof RegExp ? wanted.test(text) : text === wanted);
  const describe = async () => `${await locator.innerText()} instead of ${wanted}`;
  await until(async () => fits(await locator.innerText()), describe, patience);
}

/** Waits until a condition holds. If it takes too long, fails with the message of `describe`. */
export async function until(holds, describe, patience = SOON, pause = 50) {
  for (const deadline = Date.now() + patience; !(await holds()); ) {
    if (Date.now() > deadline) assert.fail(await describe());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Presses Tab until an element of the selector has the focus. */
export async function tabTo(page, selector, most = 120) {
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}
