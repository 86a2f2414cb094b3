// The end of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { world } from "./support/world.mjs";

test("functions know nothing of the console", () => {
  const functions = world.run.processes().filter(({ environment }) =>
    environment.some((it) => it.startsWith("AWS_LAMBDA_FUNCTION_NAME=")),
  );
  assert.ok(functions.length > 0);
  for (const { environment } of functions) assert.ok(!environment.some((it) => it.startsWith("ARRIVALS_URL=")));
});

test("Ctrl-C ends everything, and the page says that it is lost", async () => {
  const page = await world.browser.open();
  const left = await world.run.end();
  assert.deepEqual(left.map(({ pid, environment }) => `${pid}: ${environment.join(" ")}`), []);
  assert.ok(!world.run.output.includes("Traceback"), world.run.output);
  await page.locator("#connection[data-state=lost]").waitFor();
  // The browser tells of the stream that broke off.
  page.wrong.length = 0;
});
