// What all tests share, and what they all ask for.

import assert from "node:assert/strict";

import { SOON } from "./browser.mjs";
import { ROOT } from "./make-run.mjs";

/** The running `make run`, and the browser. */
export const world = {
  run: null,
  browser: null,
  /** Where the picture goes. */
  screenshot: process.env.SCREENSHOT || `${ROOT}/.local/console.png`,
};

/** Posts a message as ZStack does, and expects that it is delivered. */
export async function deliver(message, options) {
  const { status, body } = await world.run.post(message, options);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Changes the weather, as the page does. */
export const weather = (change) => ask("PUT", "weather", change);

/** Undoes whatever a test did to the weather. After the last one there is nobody to ask. */
export async function calm() {
  if (!world.run.ended) await weather({ fault: "fair", rate_limit: "documented" });
}

/** Forgets all alerts. */
export const forget = () => ask("DELETE", "alerts");

async function ask(method, path, body) {
  const response = await fetch(`${world.run.console}/api/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 204, `${method} ${path}: ${await response.text()}`);
}

/** The alert of a key, on a page. */
export const alertOf = (page, key) => page.locator(`details.alert[data-key=${JSON.stringify(key)}]`);

/** Waits until the page has so many of what a locator finds. */
export const count = (locator, number) =>
  until(async () => (await locator.count()) === number, async () => `${await locator.count()} instead of ${number}`);

/** Waits until an element's text is, or matches, what it should. */
export async function says(locator, wanted, patience = SOON) {
  const fits = (text) => (wanted instanceof RegExp ? wanted.test(text) : text === wanted);
  const otherwise = async () => `${await locator.innerText()} instead of ${wanted}`;
  await until(async () => fits(await locator.innerText()), otherwise, patience);
}

/** Asks again and again until it holds; `otherwise` tells what is instead. */
export async function until(holds, otherwise, patience = SOON, pause = 50) {
  for (const deadline = Date.now() + patience; !(await holds()); ) {
    if (Date.now() > deadline) assert.fail(await otherwise());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Presses Tab until something that the selector names has the focus. */
export async function tabTo(page, selector, most = 120) {
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
  }
  assert.fail(`Tab does not lead to ${selector}`);
}
