// Tests of the local console: the real `make run`, and its page in headless Chromium.
//
// One `make run` serves all tests, one after the other. Each test opens its own page and uses its own alerts.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Browser } from "./support/browser.mjs";
import { MakeRun } from "./support/make-run.mjs";
import { clearFaults, suite } from "./support/suite.mjs";

before(async () => {
  suite.run = await MakeRun.start();
  suite.browser = await Browser.start(suite.run.console);
});

afterEach(async () => {
  const errors = await suite.browser.closePages();
  await clearFaults();
  assert.deepEqual(errors, [], "errors on the page");
});

after(async () => {
  await suite.browser?.end();
  await suite.run?.end();
});

test("the first line that make run prints is the console's address", () => {
  assert.match(suite.run.output, new RegExp(`^==> Console: ${suite.run.console} `));
  assert.ok(suite.run.output.trimEnd().endsWith("Ctrl-C ends it."));
  assert.ok(suite.run.output.includes(`Alerts as Flashduty would show them: ${suite.run.console}\n`));
});

await import("./alerts.mjs");
await import("./markup.mjs");
await import("./try.mjs");
await import("./channels.mjs");
await import("./faults.mjs");
await import("./everybody.mjs");
await import("./setup.mjs");
await import("./end.mjs");
