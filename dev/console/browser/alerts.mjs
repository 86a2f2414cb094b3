// Tests of the section Alerts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf, recovery, uuid } from "./support/messages.mjs";
import { alertOf, count, deleteAlerts, deliver, says, setFaults, suite } from "./support/suite.mjs";

test("an alarm posted to the API appears without reloading, and its recovery closes it", async () => {
  const page = await suite.browser.open();
  await page.evaluate(() => (window.notReloaded = true));
  const message = alarm({ ALARM_NAME: "存储池只读", ALARM_RESOURCE_NAME: "主存储-07" });
  const alert = alertOf(page, keyOf(message));
  assert.equal(await alert.count(), 0);

  await deliver(message);
  await alert.waitFor();
  assert.equal(await alert.getAttribute("data-open"), "true");
  assert.equal(await alert.getAttribute("data-severity"), "Critical");
  await says(alert.locator("summary .title"), "主存储-07 / 存储池只读");
  await says(alert.locator("summary .resource"), "主存储-07");
  await says(alert.locator("summary .severity"), /Critical/);
  await says(alert.locator("summary .state"), "Open");
  await says(alert.locator("summary .count"), /^1\b/);
  // The newest alert is on top.
  assert.equal(await page.locator("details.alert").first().getAttribute("data-key"), keyOf(message));

  await deliver(recovery(message));
  await page.locator(`details.alert[data-key="${keyOf(message)}"][data-open=false]`).waitFor();
  await says(alert.locator("summary .state"), "Closed");
  await says(alert.locator("summary .count"), /^2\b/);
  assert.ok(await page.evaluate(() => window.notReloaded), "the page was reloaded");
});

test("expanding an alert shows its history, and the message from ZStack beside the event", async () => {
  const page = await suite.browser.open();
  const message = alarm({ ALARM_CURRENT_VALUE: "91.00%" });
  const query = `cloud=${encodeURIComponent("北京")}`;
  await deliver(message, { query });
  await deliver({ ...message, ALARM_CURRENT_VALUE: "97.00%" }, { query });
  await deliver(recovery(message), { query });
  const key = keyOf(message, { cloud: "北京" });
  const alert = alertOf(page, key);
  await says(alert.locator("summary .count"), /^3\b/);
  await alert.locator("summary").first().click();

  const entries = alert.locator(".history > .entry");
  await count(entries, 3);
  const statuses = (await entries.locator(".status").allInnerTexts()).map((text) => text.trim());
  assert.deepEqual(statuses, ["Critical", "Critical", "Ok"]);
  await says(entries.nth(0).locator(".description"), /Current value: 91\.00%/);
  await says(entries.nth(1).locator(".changed"), /97\.00%/);
  await says(entries.nth(2).locator(".description"), /recovered/);
  await says(entries.nth(0).locator("dl.labels"), /cloud\s+北京/);
  // Read as textContent, which includes text that is not visible.
  const [source, event] = await Promise.all(
    [".source pre", ".event pre"].map((part) => entries.nth(0).locator(part).textContent()),
  );
  assert.deepEqual(JSON.parse(source), message);
  assert.equal(JSON.parse(event).alert_key, key);
  assert.equal(JSON.parse(event).labels.cloud, "北京");
});

test("an alert that is expanded before its message is known shows the message later", async () => {
  const page = await suite.browser.open();
  await setFaults({ fault: "slow", millis: 2000 });
  const message = alarm();
  const delivered = deliver(message);
  const alert = alertOf(page, keyOf(message));
  await alert.locator("summary").first().click();
  await says(alert.locator(".entry .source"), new RegExp(message.ALARM_DATA_UUID));
  assert.deepEqual(JSON.parse(await alert.locator(".source pre").textContent()), message);
  await delivered;
});

test("repeats are shown as one entry, and what was cut is named", async () => {
  const page = await suite.browser.open();
  const message = alarm({ ALARM_NAME: "长".repeat(3000) });
  for (let sent = 0; sent < 3; sent += 1) await deliver(message);
  const alert = alertOf(page, keyOf(message));
  await says(alert.locator("summary .count"), /^3\b/);
  await alert.locator("summary").first().click();
  await count(alert.locator(".history > .entry"), 1);
  await says(alert.locator(".cut"), /check/);
});

test("no credential is shown, wherever the message contained it", async () => {
  const page = await suite.browser.open();
  const message = alarm();
  await deliver(message, { query: `token=${suite.run.token}&cloud=a`, basic: false });
  const alert = alertOf(page, keyOf(message, { cloud: "a" }));
  await alert.locator("summary").first().click();
  await says(alert.locator(".entry").first(), /POST \/zstack\?cloud=a/);
  const id = await alert.getAttribute("data-id");
  const detail = await page.evaluate(async (id) => (await fetch(`/api/alerts/${id}`)).text(), id);
  for (const shown of [await page.content(), detail]) {
    assert.ok(!shown.includes(suite.run.token), "the webhook token is shown");
    assert.ok(!shown.includes("integration_key"), "the push URL is shown");
  }
});

test("the filter shows only open alerts, and Delete all removes all alerts", async () => {
  const page = await suite.browser.open();
  const [open, closed] = [alarm(), alarm()];
  for (const message of [open, closed, recovery(closed)]) await deliver(message);
  await page.locator(`details.alert[data-key="${keyOf(closed)}"][data-open=false]`).waitFor();
  const list = (await page.locator("details.alert").evaluateAll((all) => all.map((it) => it.dataset.open))).join(" ");
  assert.match(list, /^true( true)*( false)+$/, "open ones come first");

  await page.locator("#alert-filter [value=open]").check();
  await alertOf(page, keyOf(closed)).waitFor({ state: "hidden" });
  assert.ok(await alertOf(page, keyOf(open)).isVisible());
  await page.locator("#clear").click();
  await count(page.locator("details.alert"), 0);
  await page.reload();
  await page.locator("#connection[data-state=live]").waitFor();
  assert.equal(await page.locator("details.alert").count(), 0);
});

test("if there are more alerts than rows, all are counted, and closing the newest shows the others", async () => {
  const page = await suite.browser.open();
  await deleteAlerts();
  await count(page.locator("details.alert"), 0);
  const alarms = Array.from({ length: 210 }, () => alarm());
  // A request can hold several messages.
  for (let at = 0; at < alarms.length; at += 35) await deliver(alarms.slice(at, at + 35));
  await says(page.locator("#count-open"), "210");
  await count(page.locator("details.alert"), 200);
  assert.ok(await page.locator("#alert-limit").isVisible());

  await deliver(alarms.slice(190).map(recovery));
  await says(page.locator("#count-open"), "190");
  await says(page.locator("#count-all"), "210");
  await page.locator("#alert-filter [value=open]").check();
  const open = page.locator("details.alert[data-open=true]");
  await count(open, 190);
  const keys = await open.evaluateAll((all) => all.map((it) => it.dataset.key));
  assert.deepEqual(keys.toSorted(), alarms.slice(0, 190).map(keyOf).toSorted());
  await page.reload();
  await count(open, 190);
  await says(page.locator("#count-all"), "210");
  await deleteAlerts();
});

test("a picture of the page", async () => {
  const page = await suite.browser.open("/", { viewport: { width: 1280, height: 1180 } });
  await deleteAlerts();
  await count(page.locator("details.alert"), 0);
  const about = (name, resource, level, more) =>
    alarm({ ALARM_NAME: name, ALARM_RESOURCE_NAME: resource, ALARM_EMERGENCY_LEVEL: level, ...more });
  // As from a message template that prints few fields, so that the history fits into the picture.
  const short = {
    ALARM_NAME: '磁盘 "数据" 已满',
    ALARM_UUID: uuid(),
    ALARM_CURRENT_STATUS: "Alarm",
    ALARM_EMERGENCY_LEVEL: "Emergent",
    ALARM_RESOURCE_NAME: "订单数据库-01",
    ALARM_CURRENT_VALUE: "91.40%",
  };
  const over = [
    short,
    about("Host memory", "compute-11", "Important"),
  ];
  const open = [
    about("主存储使用率", "ceph-生产", "Important"),
    about("云主机 CPU 使用率过高", "订单-web-03", "Emergent"),
  ];
  const cloud = { query: "cloud=beijing" };
  for (const message of [...over, open[0]]) await deliver(message, cloud);
  await deliver(open[1], { ...cloud, channel: "database" });
  const { alerts } = await deliver({ ...short, ALARM_CURRENT_VALUE: "97.80%" }, cloud);
  await deliver({ ...short, ALARM_CURRENT_STATUS: "OK", ALARM_CURRENT_VALUE: "62.10%" }, cloud);
  for (const message of over.slice(1)) await deliver(recovery(message), cloud);
  await count(page.locator("details.alert[data-open=false]"), over.length);

  const expanded = alertOf(page, alerts[0].alert_key);
  await says(expanded.locator("summary .count"), /^3\b/);
  await expanded.locator("summary").first().click();
  await count(expanded.locator(".entry"), 3);
  await count(expanded.locator(".source pre"), 3);
  await page.mouse.move(0, 0);
  const png = await page.screenshot({ path: suite.screenshot });
  assert.ok(png.length > 20_000 && png.length < 400_000, `${png.length} bytes`);
});
