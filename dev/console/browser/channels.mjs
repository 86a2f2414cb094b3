// Tests of channels: an alert and a pushed event name theirs, and messages, faults and alarms can be for one of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf, recovery } from "./support/messages.mjs";
import { alertOf, count, deliver, says, setFaults, tabTo, until, suite } from "./support/suite.mjs";

/** The channel that `make run` creates. */
const CHANNEL = "database";

/** Milliseconds until a queued message must be delivered. The retry delay grows with the message's age. */
const DRAINED = 90_000;

const field = (page, name) => page.locator("#preview table.fields tr", { has: page.locator(`th:text-is("${name}")`) });

test("make run posts two samples to a channel, and prints its URL", () => {
  const { output, webhook } = suite.run;
  const printed = output.split("\n\n");
  for (const name of ["alarm", "alarm-recovery"]) {
    const lines = printed.find((lines) => lines.startsWith(`${name}, to the channel ${CHANNEL}: 200\n`));
    assert.match(lines, / channel=database$/m);
  }
  assert.ok(output.includes(`    ${webhook}/${CHANNEL} sends to the channel ${CHANNEL}.\n`));
});

test("an alert names its channel, and each of its messages the path that it came by", async () => {
  const page = await suite.browser.open();
  const message = alarm();
  await deliver(message, { channel: CHANNEL });
  await deliver(recovery(message), { channel: CHANNEL });
  const alert = alertOf(page, keyOf(message));
  await says(alert.locator("summary .channel-of"), "channel database");
  await alert.locator("summary").first().click();
  const entries = alert.locator(".entry");
  await count(entries, 2);
  for (const at of [0, 1]) {
    await says(entries.nth(at).locator(".source"), /POST \/zstack\/database$/);
    await says(entries.nth(at).locator("dl.labels"), /channel\s+database/);
  }
  await says(alert.locator(".facts"), /Channel\s+database/);
  await says(page.locator("#webhook"), /Add \/database to send to the channel database\. make run prints/);
  await page.locator("#language").click();
  await says(alert.locator("summary .channel-of"), "协作空间 database");
  await says(alert.locator(".facts"), /协作空间\s+database/);
  await says(page.locator("#webhook"), /后面加上 \/database，就发往协作空间 database。/);
});

test("a message is previewed for a channel and sent to it", async () => {
  const page = await suite.browser.open("/#try");
  await count(page.locator("#channels option"), 1);
  assert.equal(await page.locator("#channels option").getAttribute("value"), CHANNEL);
  assert.ok(await page.locator("#channel-note").isHidden());
  const message = alarm();
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#query").fill("cloud=a");
  await page.locator("#preview .event-card").waitFor();
  assert.equal(await field(page, "labels.channel").count(), 0);

  await page.locator("#channel").pressSequentially(CHANNEL);
  await says(field(page, "labels.channel").locator(".value"), CHANNEL);
  await says(field(page, "labels.channel").locator(".from"), "/zstack/database");
  await says(page.locator("#channel-note"), "The message goes to /zstack/database.");
  await page.locator("#send").click();
  await says(page.locator("#answer .status"), "200");

  await page.locator('nav a[href="#alerts"]').click();
  const alert = alertOf(page, keyOf(message, { cloud: "a" }));
  await says(alert.locator("summary .channel-of"), "channel database");
  await alert.locator("summary").first().click();
  await says(alert.locator(".entry .source"), /POST \/zstack\/database\?cloud=a$/);
  assert.deepEqual(JSON.parse(await alert.locator(".source pre").textContent()), message);

  // Without a channel, no alert and no label names one.
  const other = alarm();
  await page.locator('nav a[href="#try"]').click();
  await page.locator("#message").fill(JSON.stringify(other));
  await page.locator("#channel").fill("");
  await count(field(page, "labels.channel"), 0);
  await page.locator("#send").click();
  await says(page.locator("#answer .status"), "200");
  await page.locator('nav a[href="#alerts"]').click();
  await alertOf(page, keyOf(other, { cloud: "a" })).waitFor();
  assert.equal(await alertOf(page, keyOf(other, { cloud: "a" })).locator(".channel-of").innerText(), "");
});

test("a sample stays selected when a channel is chosen", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#preview .event-card").waitFor();
  await page.locator("#channel").fill(CHANNEL);
  await says(field(page, "labels.channel").locator(".value"), CHANNEL);
  assert.equal(await page.locator("#sample").inputValue(), "alarm");
  await page.locator("#sample").selectOption("event-nic-down");
  await says(field(page, "labels.event").locator(".value"), "HostPhysicalNicStatusDown");
  assert.equal(await page.locator("#channel").inputValue(), CHANNEL);
  await says(field(page, "labels.channel").locator(".value"), CHANNEL);
});

test("for a channel that does not exist, the answer names the parameter to create", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#channel").fill("night-team");
  await says(page.locator("#channel-note"), /^The message goes to \/zstack\/night-team\. This run created no such/);
  await says(field(page, "labels.channel").locator(".value"), "night-team");
  await page.locator("#send").click();
  await says(page.locator("#answer .status"), "404");
  const { error } = JSON.parse(await page.locator("#answer pre").textContent());
  assert.equal(error.code, "UnknownChannel");
  assert.match(error.message, /\/zstack-flashduty\/push-url\/night-team /);
  await says(page.locator("#answer .meaning"), /^There is no such channel/);
  await page.locator("#language").click();
  await says(page.locator("#answer .meaning"), /^没有这个协作空间/);
  await says(page.locator("#channel-note"), /^消息发往 \/zstack\/night-team/);
});

test("a name that no channel can have is refused before anything is sent", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#preview .event-card").waitFor();
  const sent = [];
  page.on("request", (request) => request.url().endsWith("/api/send") && sent.push(request.url()));
  const channel = page.locator("#channel");
  await channel.pressSequentially("数据库");
  await says(page.locator("#channel-note"), /^A channel's name has 1 to 64 characters/);
  assert.equal(await channel.getAttribute("aria-invalid"), "true");
  await says(page.locator("#announcer"), /A channel's name has/);
  await says(page.locator("#preview"), /^The relay would reject this request: a channel's name has 1 to 64 characters/);
  await page.locator("#send").click();
  await says(page.locator("#answer"), /^Not sent\s+A channel's name has 1 to 64 characters/);
  assert.ok(await channel.evaluate((it) => it === document.activeElement), "the field does not get the focus");
  await page.locator("#language").click();
  await says(page.locator("#answer"), /^未发送\s+协作空间的名称有 1 到 64 个字符/);
  await says(page.locator("#channel-note"), /^协作空间的名称有 1 到 64 个字符/);
  assert.deepEqual(sent, []);

  // The page refuses the names that the relay's own rule refuses, and no others.
  const names = ["", "a", "Team-1_b.c", "-", "...", "a".repeat(64), "a".repeat(65), " a", "a b", "a/b", "a%20", "é"];
  for (const name of names) {
    await channel.fill(name);
    const rejected = await page.evaluate(async (channel) => {
      const headers = { "Content-Type": "application/json" };
      const body = JSON.stringify({ body: "x", channel });
      return (await (await fetch("/api/preview", { method: "POST", headers, body })).json()).error !== null;
    }, name);
    assert.equal(await channel.getAttribute("aria-invalid"), String(rejected), name);
  }
});

test("a channel is chosen with the keyboard alone, and its field has a name and a description", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#preview .event-card").waitFor();
  await tabTo(page, "#channel");
  await page.keyboard.type(`${CHANNEL}/`);
  const named = page.getByRole("combobox", { name: "Channel", exact: true });
  await count(named, 1);
  const describedBy = await named.getAttribute("aria-describedby");
  await says(page.locator(`#${describedBy}`), /^A channel's name/);
  await page.keyboard.press("Backspace");
  await says(page.locator(`#${describedBy}`), "The message goes to /zstack/database.");
  assert.equal(await named.getAttribute("aria-invalid"), "false");
  await tabTo(page, "#send");
  await page.keyboard.press("Enter");
  await says(page.locator("#answer .status"), "200");

  await page.locator('nav a[href="#faults"]').click();
  await tabTo(page, "#fault-channel");
  await page.keyboard.press("ArrowDown");
  await until(
    async () => (await page.locator("#fault-channel").inputValue()) === CHANNEL,
    () => "the down arrow does not choose the channel",
  );
  for (const name of ["The fault concerns", "Send to"]) await count(page.getByRole("combobox", { name }), 1);
  await setFaults({ channel: "" });
});

test("twenty alarms and their recoveries go to a channel", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open("/#faults");
  await page.locator("#storm-channel").selectOption({ label: "channel database" });
  await page.locator("#storm").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  const triggered = page.locator("#alert-list details.alert").filter({
    has: page.locator(".resource", { hasText: /^vm-\d\d$/ }),
  });
  const open = page.locator("[data-open=true]");
  await count(triggered.and(open), 20);
  const channels = await triggered.and(open).locator(".channel-of").allTextContents();
  assert.deepEqual(new Set(channels), new Set(["channel database"]));
  // A recovery goes where its alarm went, whatever is chosen now.
  await page.locator("#storm-channel").selectOption("");
  await page.locator("#recover").click();
  await says(page.locator("#storm-text"), /20 delivered/, 60_000);
  await count(triggered.and(open), 0);
  await page.locator('nav a[href="#alerts"]').click();
  await triggered.first().locator("summary").first().click();
  await count(triggered.first().locator(".entry"), 2);
  await says(triggered.first().locator(".entry").nth(1).locator(".source"), /POST \/zstack\/database$/);
});

test("a fault of one channel concerns no other push", { timeout: 150_000 }, async () => {
  const page = await suite.browser.open("/#faults");
  const accepted = () => page.waitForResponse((it) => it.url().endsWith("/api/faults") && it.status() === 204);
  const chosen = accepted();
  await page.locator("#fault-channel").selectOption({ label: "channel database" });
  await chosen;
  assert.ok(await page.locator("#fault-banner").isHidden());
  const refusing = accepted();
  await page.locator("#faults-form [name=fault][value=refuse]").check();
  await refusing;
  await says(page.locator("#fault-banner"), "Flashduty refuses pushes with 503 (only channel database)");

  const [own, other] = [alarm({ ALARM_RESOURCE_NAME: "own-1" }), alarm({ ALARM_RESOURCE_NAME: "refused-in-channel" })];
  await deliver(own);
  const { status, body } = await suite.run.post(other, { channel: CHANNEL });
  assert.equal(status, 202, JSON.stringify(body));
  await alertOf(page, keyOf(own)).waitFor({ state: "attached" });
  const refusal = page.locator("#refusals > li", { hasText: "refused-in-channel" }).first();
  await says(refusal.locator(".title"), /refused-in-channel \/ .* channel database$/);
  assert.equal(await alertOf(page, keyOf(other)).count(), 0);
  assert.equal(await page.locator("#refusals > li", { hasText: "own-1" }).count(), 0);

  // A page that is opened later shows the same fault, in its own language.
  const chinese = await suite.browser.open("/#faults", { locale: "zh-CN" });
  await says(chinese.locator("#fault-channel option:checked"), "协作空间 database");
  await says(chinese.locator("#fault-banner"), /^Flashduty 拒绝推送，返回 503（仅协作空间 database）/);
  assert.equal(await chinese.locator("#faults-form [name=fault]:checked").inputValue(), "refuse");

  const working = accepted();
  await page.locator("#faults-form [name=fault][value=none]").check();
  await working;
  await until(async () => (await alertOf(page, keyOf(other)).count()) === 1, () => "it is still queued", DRAINED);
  await page.locator('nav a[href="#alerts"]').click();
  await alertOf(page, keyOf(other)).locator("summary").first().click();
  await says(alertOf(page, keyOf(other)).locator(".entry dl.labels"), /delayed/);
  await says(alertOf(page, keyOf(other)).locator(".entry .source"), /POST \/zstack\/database$/);
});
