// Tests of the section Faults: during a fault alerts are queued, and delivered afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf } from "./support/messages.mjs";
import { alertOf, count, says, until, suite } from "./support/suite.mjs";

/** Milliseconds until a queued message must be delivered. The retry delay grows with the message's age. */
const DRAINED = 90_000;

const number = async (page, id) => Number((await page.locator(`#${id}`).innerText()).replace(/\D/g, ""));

/** Waits for `change`, which changes the form, and until the console has accepted the new faults. */
async function changeFaults(page, change) {
  const accepted = page.waitForResponse((it) => it.url().endsWith("/api/faults"));
  await change;
  assert.equal((await accepted).status(), 204);
}

const fault = (page, name) => page.locator(`#faults-form [name=fault][value=${name}]`);

/**
 * Waits until the queue is empty. Until then the relay queues every new message. It is tried only every two seconds,
 * because each message that is queued makes the wait longer.
 */
const drained = () =>
  until(
    async () => (await suite.run.post(alarm())).status === 200,
    () => "the queue does not become empty",
    DRAINED,
    2000,
  );

async function send(page, message) {
  await page.locator('nav a[href="#try"]').click();
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#send").click();
}

test("while Flashduty is unavailable, alerts are queued, and delivered later", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open("/#faults");
  const message = alarm();
  await changeFaults(page, fault(page, "unavailable").check());
  await send(page, message);
  await says(page.locator("#answer .status"), "202", 40_000);
  await says(page.locator("#answer pre"), /"queued": ?true/);

  await page.locator('nav a[href="#faults"]').click();
  await until(async () => (await number(page, "queued")) > 0, () => "the page shows no queued message");
  await until(async () => (await page.locator("#refusals > li").count()) > 0, () => "the page shows no refused push");
  assert.equal(await alertOf(page, keyOf(message)).count(), 0);

  await changeFaults(page, fault(page, "none").check());
  await until(async () => (await number(page, "queued")) === 0, () => "the message is still queued", DRAINED);
  await page.locator('nav a[href="#alerts"]').click();
  const alert = alertOf(page, keyOf(message));
  await alert.waitFor();
  assert.equal(await alert.getAttribute("data-open"), "true");
  await alert.locator("summary").first().click();
  await says(alert.locator(".entry dl.labels"), /delayed/);
});

test("an event that Flashduty refuses for good becomes a dead letter", { timeout: 150_000 }, async () => {
  await drained();
  const page = await suite.browser.open("/#faults");
  const before = await number(page, "dead");
  await changeFaults(page, page.locator("#refuse-status").selectOption("400"));
  assert.ok(await fault(page, "refuse").isChecked(), "choosing a status does not choose its fault");
  const { status, body } = await suite.run.post(alarm({ ALARM_RESOURCE_NAME: "refused-1" }));
  assert.equal(status, 502, JSON.stringify(body));
  await until(async () => (await number(page, "dead")) > before, () => "the page shows no dead letter");
  const refusal = page.locator("#refusals > li", { hasText: "refused-1" }).first();
  await says(refusal.locator(".status"), "400");
});

test("twenty alarms and their recoveries", { timeout: 150_000 }, async () => {
  await drained();
  const page = await suite.browser.open("/#faults");
  const arrived = await number(page, "arrived");
  await page.locator("#storm").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  await until(async () => (await number(page, "arrived")) >= arrived + 20, () => "the messages are not counted");
  await page.locator("#chart svg .arrivals").first().waitFor();
  await says(page.locator("#chart-text"), /\d+ received/);
  const open = page.locator("#alert-list details.alert[data-open=true]");
  const triggered = open.filter({ has: page.locator(".resource", { hasText: /^vm-\d\d$/ }) });
  await count(triggered, 20);
  await page.locator("#recover").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  await count(triggered, 0);
});
