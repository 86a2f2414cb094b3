// Tests of the section Set up ZStack: the real zstack-setup.py, against the stand-in that `make run` started.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alertOf, says, suite, tabTo, until } from "./support/suite.mjs";

/** Milliseconds until a run must have ended. It takes seconds. */
const RUN = 60_000;
/** Milliseconds until something must have happened in the stand-in. It does so every 20 seconds. */
const STORY = 60_000;
const TITLES = /^(web-01 \/ VM CPU|计算节点-01 \/ HostDisconnected|node-07 \/ 磁盘快满|订单库-01 \/ 云主机 CPU 过高|主存储-甲 \/ PrimaryStorageDisconnected|node-08 \/ Host Memory)$/;

const button = (page, name) => page.locator(`#setup-${name}`);
const isOff = async (page, name) => (await button(page, name).getAttribute("aria-disabled")) === "true";

/** Presses a button, and waits for the end of the run. Returns the output. */
async function run(page, name, state) {
  await button(page, name).click();
  await says(page.locator("#setup-state"), state, RUN);
  const output = await page.locator("#setup-output").textContent();
  assert.ok(!output.includes(suite.run.token), "the output contains the token");
  return output;
}

/** The alerts of what happens in the stand-in by itself. */
const stories = (page) =>
  page.locator("details.alert").filter({ has: page.locator("summary .title", { hasText: TITLES }) });

test("before the set-up ZStack sends nothing", async () => {
  const page = await suite.browser.open();
  // Much has happened in the stand-in by now.
  assert.equal(await stories(page).count(), 0);
  await page.locator('nav a[href="#setup"]').click();
  await says(page.locator("#setup-state"), "Nothing is set up yet.");
  assert.ok(await isOff(page, "undo"), "there is nothing to take back");
});

test("the plan, the set-up, and a second one that has nothing to do", { timeout: 300_000 }, async () => {
  const page = await suite.browser.open("/#setup");
  const other = await suite.browser.open("/#setup");
  const plan = await run(page, "plan", "Exit status 0. Nothing was changed.");
  assert.match(plan, /^The plan:$/m);
  assert.match(plan, /Create the endpoint Flashduty: http:/);
  assert.ok(await isOff(page, "undo"), "a plan has nothing to take back");

  await button(page, "do").click();
  // While it runs no other run can start, in no tab.
  await says(other.locator("#setup-state"), "Setting up…");
  assert.ok((await isOff(other, "do")) && (await isOff(page, "plan")));
  await says(page.locator("#setup-output"), /✓ endpoint Flashduty created/, RUN);
  await says(page.locator("#setup-state"), /^Exit status 0: ZStack is set up/, RUN);
  await says(other.locator("#setup-output"), /Everything is set up\./);
  assert.ok(!(await isOff(page, "undo")));

  const again = await run(page, "plan", "Exit status 0. Nothing was changed.");
  assert.match(again, /^Nothing to do\.$/m);
  const second = await run(page, "do", /^Exit status 0: ZStack is set up/);
  assert.match(second, /^Nothing to do\.$/m);
  assert.ok(!(await isOff(page, "undo")), "the first set-up can still be taken back");
});

test("after the set-up ZStack sends alarms of its own, and they close", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open();
  await until(async () => (await stories(page).count()) > 0, () => "no alarm of ZStack's own", STORY);
  const alert = alertOf(page, await stories(page).first().getAttribute("data-key"));
  await until(async () => (await alert.getAttribute("data-open")) === "false", () => "it stays open", STORY);
  await alert.locator("summary").first().click();
  await alert.locator(".entry").first().waitFor();
  const source = JSON.parse(await alert.locator(".entry .source pre").first().textContent());
  const name = source.ALARM_RESOURCE_NAME ?? source.EVENT_RESOURCE_NAME;
  assert.equal(await alert.locator("summary .resource").innerText(), name);
});

test("in Chinese, with the keyboard, on a phone", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open("/?lang=zh", { viewport: { width: 320, height: 640 } });
  await tabTo(page, 'nav a[href="#setup"]');
  await page.keyboard.press("Enter");
  await says(page.locator("#setup h2"), "设置 ZStack");
  await tabTo(page, "#setup-plan");
  await page.keyboard.press("Enter");
  await says(page.locator("#setup-state"), "退出状态 0，没有做任何更改。", RUN);
  // Pressing it leaves the focus where it is.
  assert.equal(await page.evaluate(() => document.activeElement.id), "setup-plan");
  const output = page.locator("#setup-output");
  await says(output, /\p{Script=Han}/u);
  assert.equal(await output.getAttribute("lang"), "zh-CN");
  await tabTo(page, "#setup-output");
  assert.equal(await output.getAttribute("aria-label"), "zstack-setup.py 的输出");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0);
  // The output stays in the language in which it was printed.
  await page.locator("#language").click();
  await says(page.locator("#setup-state"), "Exit status 0. Nothing was changed.");
  assert.equal(await output.getAttribute("lang"), "zh-CN");
});

test("what was set up can be taken back", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open("/#setup");
  await run(page, "undo", "Exit status 0: the last set-up was taken back.");
  assert.ok(await isOff(page, "undo"), "it can be taken back twice");
  assert.match(await run(page, "plan", "Exit status 0. Nothing was changed."), /^The plan:$/m);
});
