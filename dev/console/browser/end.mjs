// The last tests: what `make run` started, and how it ends.

import assert from "node:assert/strict";
import { test } from "node:test";

import { suite } from "./support/suite.mjs";

test("the functions get no setting of the console", () => {
  const functions = suite.run.processes().filter(({ environment }) =>
    environment.some((it) => it.startsWith("AWS_LAMBDA_FUNCTION_NAME=")),
  );
  assert.ok(functions.length > 0);
  for (const { environment } of functions) assert.ok(!environment.some((it) => it.startsWith("ARRIVALS_URL=")));
});

test("Ctrl-C ends everything, and the page says that it is disconnected", async () => {
  const page = await suite.browser.open();
  const left = await suite.run.end();
  assert.deepEqual(left.map(({ pid, environment }) => `${pid}: ${environment.join(" ")}`), []);
  assert.ok(!suite.run.output.includes("Traceback"), suite.run.output);
  await page.locator("#connection[data-state=lost]").waitFor();
  // The browser reports the stream that was cut off, which is expected here.
  page.errors.length = 0;
});
