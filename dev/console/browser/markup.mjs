// Text from messages is shown as text, never as markup.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf } from "./support/messages.mjs";
import { alertOf, count, deliver, says, suite } from "./support/suite.mjs";

const IMAGE = `<img src="/requested" onerror="window.executed = true">`;
const SCRIPT = `"></pre></title><script>window.executed = true</script><svg onload="window.executed = true">`;

/** Asserts that no markup of a message became part of the page. */
async function assertNoMarkup(page) {
  assert.equal(await page.evaluate(() => window.executed), undefined);
  const own = 'script[src="/console.js"]';
  assert.equal(await page.locator(`img, iframe, object, embed, script:not(${own}), [onerror], [onload]`).count(), 0);
  const requests = await page.evaluate(() => performance.getEntriesByType("resource").map((it) => it.name));
  assert.deepEqual(requests.filter((it) => it.includes("requested")), []);
}

test("markup in names, labels and values stays text", async () => {
  const page = await suite.browser.open();
  const message = alarm({
    ALARM_NAME: IMAGE,
    ALARM_RESOURCE_NAME: SCRIPT,
    ALARM_METRIC: IMAGE,
    ALARM_CURRENT_VALUE: SCRIPT,
    [`ALARM_${IMAGE}`]: IMAGE,
  });
  await deliver(message, { query: `${encodeURIComponent(IMAGE)}=${encodeURIComponent(SCRIPT)}` });
  const alert = alertOf(page, keyOf(message));
  await says(alert.locator("summary .title"), `${SCRIPT} / ${IMAGE}`);
  await says(alert.locator("summary .resource"), SCRIPT);
  await deliver({ ...message, ALARM_CURRENT_VALUE: IMAGE });
  await alert.locator("summary").first().click();
  await count(alert.locator(".entry"), 2);
  for (const details of await alert.locator("details:not([open]) > summary").all()) await details.click();
  assert.ok((await alert.locator(".entry").first().textContent()).includes(IMAGE));
  await assertNoMarkup(page);
});

test("markup in a message that cannot be read, or whose JSON is broken, stays text", async () => {
  const page = await suite.browser.open();
  for (const name of ["NAME", "ALARM_NAME"]) {
    const text = `{"${name}": "${IMAGE}", ${SCRIPT}`;
    const { alerts } = await deliver(text);
    const alert = alertOf(page, alerts[0].alert_key);
    await says(alert.locator("summary .title"), /<img src=/);
    await alert.locator("summary").first().click();
    await count(alert.locator(".entry"), 1);
    assert.equal(await alert.locator(".source pre").textContent(), text);
    await assertNoMarkup(page);
  }
});

test("markup in a previewed message stays text", async () => {
  const page = await suite.browser.open("/#try");
  const values = { ALARM_NAME: IMAGE, ALARM_RESOURCE_NAME: SCRIPT, [SCRIPT]: IMAGE };
  await page.locator("#query").fill(`${IMAGE}=${SCRIPT}`);
  for (const [message, shown] of [
    [JSON.stringify(values), "table.fields"],
    [JSON.stringify({ title: SCRIPT, sections: [values] }), "table.fields"],
    [`{"ALARM_NAME": ${SCRIPT}${IMAGE}`, ".problem"],
    [`${IMAGE}${SCRIPT}`, ".problem"],
  ]) {
    await page.locator("#message").fill(message);
    const place = page.locator(`#preview ${shown}`).first();
    await place.waitFor();
    await says(place, /window\.executed/);
    await assertNoMarkup(page);
  }
});
