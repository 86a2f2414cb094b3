// The local console as people meet it: the real `make run`, and its page in headless Chromium.
//
// One `make run` serves all tests, one after the other; each has a page of its own and alerts of its own.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Browser } from "./support/browser.mjs";
import { MakeRun } from "./support/make-run.mjs";
import { calm, world } from "./support/world.mjs";

before(async () => {
  world.run = await MakeRun.start();
  world.browser = await Browser.start(world.run.console);
});

afterEach(async () => {
  const wrong = await world.browser.closePages();
  await calm();
  assert.deepEqual(wrong, [], "what went wrong on the page");
});

after(async () => {
  await world.browser?.end();
  await world.run?.end();
});

test("the first line that make run prints is the console's address", () => {
  assert.match(world.run.output, new RegExp(`^==> Console: ${world.run.console} `));
  assert.ok(world.run.output.trimEnd().endsWith("Ctrl-C ends it."));
  assert.ok(world.run.output.includes(`Alerts as Flashduty would show them: ${world.run.console}\n`));
});

await import("./alerts.mjs");
await import("./markup.mjs");
await import("./try.mjs");
await import("./weather.mjs");
await import("./everybody.mjs");
await import("./end.mjs");
