// Bad weather: alerts wait, and arrive when it is over.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf } from "./support/messages.mjs";
import { alertOf, count, says, until, world } from "./support/world.mjs";

/** Milliseconds until what was queued is delivered: the pauses between two tries grow with the alert's age. */
const DRAINED = 90_000;

const number = async (page, id) => Number((await page.locator(`#${id}`).innerText()).replace(/\D/g, ""));

/** Changes the weather by what `change` does to the form, and waits until it has changed. */
async function switchTo(page, change) {
  const accepted = page.waitForResponse((it) => it.url().endsWith("/api/weather"));
  await change;
  assert.equal((await accepted).status(), 204);
}

const fault = (page, name) => page.locator(`#weather-form [name=fault][value=${name}]`);

/**
 * Waits until the relay pushes again by itself: as long as anything waits, it queues. Seldom, since every
 * message that is queued keeps it waiting.
 */
const drained = () =>
  until(async () => (await world.run.post(alarm())).status === 200, () => "the queue is never empty", DRAINED, 2000);

async function send(page, message) {
  await page.locator('nav a[href="#try"]').click();
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#send").click();
}

test("while Flashduty is away alerts are queued, and delivered when it is back", { timeout: 150_000 }, async () => {
  const page = await world.browser.open("/#weather");
  const message = alarm();
  await switchTo(page, fault(page, "away").check());
  await send(page, message);
  await says(page.locator("#answer .status"), "202", 40_000);
  await says(page.locator("#answer pre"), /"queued": ?true/);

  await page.locator('nav a[href="#weather"]').click();
  await until(async () => (await number(page, "queued")) > 0, () => "nothing is queued on the page");
  await until(async () => (await page.locator("#refusals > li").count()) > 0, () => "no push was refused");
  assert.equal(await alertOf(page, keyOf(message)).count(), 0);

  await switchTo(page, fault(page, "fair").check());
  await until(async () => (await number(page, "queued")) === 0, () => "it is still queued", DRAINED);
  await page.locator('nav a[href="#alerts"]').click();
  const alert = alertOf(page, keyOf(message));
  await alert.waitFor();
  assert.equal(await alert.getAttribute("data-open"), "true");
  await alert.locator("summary").first().click();
  await says(alert.locator(".entry dl.labels"), /delayed/);
});

test("what Flashduty refuses for good is a dead letter, and why is told", { timeout: 150_000 }, async () => {
  await drained();
  const page = await world.browser.open("/#weather");
  const before = await number(page, "dead");
  await switchTo(page, page.locator("#refuse-status").selectOption("400"));
  assert.ok(await fault(page, "refuse").isChecked(), "who chooses a status wants to refuse");
  const { status, body } = await world.run.post(alarm({ ALARM_RESOURCE_NAME: "refused-1" }));
  assert.equal(status, 502, JSON.stringify(body));
  await until(async () => (await number(page, "dead")) > before, () => "there is no dead letter on the page");
  const refusal = page.locator("#refusals > li", { hasText: "refused-1" }).first();
  await says(refusal.locator(".status"), "400");
});

test("twenty alarms at once, and their recoveries", { timeout: 150_000 }, async () => {
  await drained();
  const page = await world.browser.open("/#weather");
  const arrived = await number(page, "arrived");
  await page.locator("#storm").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  await until(async () => (await number(page, "arrived")) >= arrived + 20, () => "they are not counted");
  await page.locator("#chart svg .arrivals").first().waitFor();
  await says(page.locator("#chart-text"), /\d+ arrived/);
  const open = page.locator("#alert-list details.alert[data-open=true]");
  const raised = open.filter({ has: page.locator(".resource", { hasText: /^vm-\d\d$/ }) });
  await count(raised, 20);
  await page.locator("#calm").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  await count(raised, 0);
});
