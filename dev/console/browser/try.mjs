// Trying a message: what it becomes, and where a template's JSON broke.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { alarm, fill, keyOf, NAIVE, sample } from "./support/messages.mjs";
import { ROOT } from "./support/make-run.mjs";
import { alertOf, count, says, until, world } from "./support/world.mjs";

/** What breaks a template that takes values as they are. */
const NAME = '磁盘 "数据" 已满';

const field = (page, name) => page.locator("#preview table.fields tr", { has: page.locator(`th:text-is("${name}")`) });

test("a message becomes its event while it is being written, and nothing is pushed", async () => {
  const page = await world.browser.open("/#try");
  const message = alarm({ ALARM_NAME: NAME, ALARM_RESOURCE_NAME: "订单数据库-01" });
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#query").fill("cloud=beijing");
  const card = page.locator("#preview .event-card");
  await says(card.locator(".title"), `订单数据库-01 / ${NAME}`);
  await says(card.locator(".status"), /Critical/);
  await says(field(page, "alert_key").locator(".value"), keyOf(message, { cloud: "beijing" }));
  await says(field(page, "labels.check").locator(".from"), /ALARM_NAME/);
  await says(field(page, "labels.cloud").locator(".from"), /cloud/);

  // Character by character, as people write.
  await page.locator("#message").fill("");
  await page.locator("#message").pressSequentially('{"ALARM_NAME": "disk"}');
  await says(card.locator(".title"), /disk/);
  await page.locator('nav a[href="#alerts"]').click();
  assert.equal(await alertOf(page, keyOf(message)).count(), 0);
});

test("every sample is one click away, and what it becomes is told", async () => {
  const page = await world.browser.open("/#try");
  const select = page.locator("#sample");
  await until(async () => (await select.locator("option").count()) > 10, () => "there are no samples");
  const names = await select.locator("option").evaluateAll((all) => all.map((it) => it.value).filter(Boolean));
  for (const name of names) {
    await select.selectOption(name);
    const kind = { alarm: "alarm", event: "event", test: "test" }[name.split("-")[0]];
    await page.locator(`#preview .message${kind ? `[data-kind=${kind}]` : ""} .event-card`).first().waitFor();
  }
});

test("a broken template is explained at the exact place, with one beside it that works", async () => {
  const page = await world.browser.open("/#try");
  const broken = fill(NAIVE, { ...alarm(), ALARM_NAME: NAME });
  await page.locator("#message").fill(broken);
  const problem = page.locator("#preview .message[data-kind=alarm] .problem");
  await problem.waitFor();
  // The first quotation mark ended the value; what follows it cannot be read.
  await says(problem.locator("mark"), "数");
  const marked = await problem.locator("pre", { has: page.locator("mark") }).textContent();
  assert.equal(marked, broken);
  const before = await problem.locator("mark").evaluate((mark) => mark.previousSibling.textContent);
  assert.equal(before, broken.slice(0, broken.indexOf('"数') + 1));
  await says(problem.locator(".explanation"), /quotation mark/i);
  await says(problem, /line 2, column 22; read all the same/);
  // It was read by the names all the same; what is no JSON is shown as it stands.
  assert.equal(await problem.getAttribute("data-read"), "true");
  await says(problem.locator(".salvaged"), new RegExp(`ALARM_NAME\\s+${NAME}$`));
  await says(page.locator("#preview .shape"), /broken JSON with ZStack's field names.*3 values found by name/);
  await says(page.locator("#preview .event-card .title"), /磁盘 "数据" 已满$/);

  const template = await page.locator("#preview .template pre").textContent();
  assert.equal(template, readFileSync(`${ROOT}/docs/templates/alarm.txt`, "utf8"));
  const message = alarm({ ALARM_NAME: `${NAME}\\ \n\t$x`, ALARM_RESOURCE_NAME: `"'\\` });
  await page.locator("#message").fill(fill(template, message));
  await says(page.locator("#preview .event-card .status"), /Critical/);
  assert.equal(await page.locator("#preview .problem").count(), 0);
  assert.equal(await page.locator("#preview .message").getAttribute("data-kind"), "alarm");
  await says(field(page, "alert_key").locator(".value"), keyOf(message));
});

test("a path in a template is explained as a backslash", async () => {
  const page = await world.browser.open("/#try");
  await page.locator("#message").fill(fill(NAIVE, { ...alarm(), ALARM_NAME: "C:\\data" }));
  const problem = page.locator("#preview .message[data-kind=alarm] .problem");
  await says(problem.locator(".explanation"), /^A backslash stands inside a value/);
  await says(problem, /line 2, column \d+/);
});

test("an event's broken template has the one for events beside it", async () => {
  const page = await world.browser.open("/#try");
  await page.locator("#message").fill('{"EVENT_NAME": "HostDisconnected", "EVENT_ERROR": "line 1\nline 2"}');
  await says(page.locator("#preview .explanation"), /line break/i);
  const template = await page.locator("#preview .template pre").textContent();
  assert.equal(template, readFileSync(`${ROOT}/docs/templates/event.txt`, "utf8"));
});

test("broken JSON in which nothing is found is no mild problem", async () => {
  const page = await world.browser.open("/#try");
  await page.locator("#message").fill('{"alertname": "12" disk"}');
  const problem = page.locator("#preview .message[data-kind=raw] .problem[data-read=false]");
  await says(problem.locator(".problem-title"), "Broken JSON at line 1, column 20");
  await says(problem.locator(".explanation"), /It is not lost/);
  await says(page.locator("#preview .shape"), /broken JSON$/);
  assert.equal(await problem.locator(".salvaged").count(), 0);
});

test("how a message was read is told in both languages", async () => {
  const page = await world.browser.open("/#try");
  const shape = page.locator("#preview .shape").first();
  const shapes = [
    ["alarm", "plain", "", /^Recognised as JSON with ZStack's field names$/, /^识别为：使用 ZStack 字段名的 JSON$/],
    ["facts-alarm-chinese", "facts", "sections", /facts.* · in sections$/, /控制台自动填写的消息模板.*外层：sections$/],
    ["template-everything", "plain", "sections", /field names · in sections$/, /字段名的 JSON.*外层：sections$/],
    ["template-own-names", "own_names", "sections", /field names of its own/, /自定义字段名/],
    ["template-plain-text", "text", "", /plain text$/, /普通文本$/],
    ["template-broken-json", "plain", "", /broken JSON with ZStack's/, /出错的 JSON.*按名称找到 3 个值$/],
    ["test-message", "test", "string", /test message · in a JSON string$/, /测试消息.*JSON 字符串$/],
  ];
  for (const [name, recognised, wrapped, english, chinese] of shapes) {
    await page.locator("#message").fill(sample(name));
    await page.locator(`#preview .shape[data-shape=${recognised}][data-wrapped="${wrapped}"]`).waitFor();
    await says(shape, english);
    await page.locator("#language").click();
    await says(shape, chinese);
    await page.locator("#language").click();
  }
});

test("each fact is a source of its own", async () => {
  const page = await world.browser.open("/#try");
  await page.locator("#message").fill(sample("facts-recovery-chinese"));
  await says(page.locator("#preview .event-card .status"), /Ok/);
  const from = (name) => field(page, name).locator(".from .chip");
  await count(from("alert_key"), 2);
  assert.deepEqual(await from("alert_key").allInnerTexts(), ["UUID", "报警资源UUID"]);
  assert.deepEqual(await from("event_status").allInnerTexts(), ["报警恢复详情"]);
});

test("what is known of an event is told, and each alert that it ends is shown", async () => {
  const page = await world.browser.open("/#try");
  const known = page.locator("#preview .known");
  await page.locator("#message").fill(sample("event-router-connected"));
  await says(known, /Ends\s+VRouterDisconnected · 路由器失联\s+VRouterPaused · 路由器异常停机/);
  const cards = page.locator("#preview .event-card");
  await count(cards, 2);
  const keys = await field(page, "alert_key").locator(".value").allInnerTexts();
  const router = JSON.parse(sample("event-router-connected")).EVENT_RESOURCE_ID;
  assert.deepEqual(keys, [`zstack:event:VRouterDisconnected:${router}`, `zstack:event:VRouterPaused:${router}`]);

  await page.locator("#message").fill(sample("event-nic-down"));
  await says(known, /Ended by\s+HostPhysicalNicStatusUp · 主机网络链路上线 · Host NIC Connected/);
  await says(known, /Told apart by\s+PhysicalNicName/);
  await page.locator("#message").fill(sample("event-host-connecting"));
  await says(known, /NewStatus\s+trouble: Disconnected\s+over: Connected\s+step on the way: Connecting/);
  await page.locator("#message").fill(sample("event-vm-ha-started"));
  await says(known, /EVENT_ERROR: trouble where there is an error/);
  await page.locator("#message").fill('{"EVENT_NAME": "VmCrash"}');
  await says(known, /Ended by\s+nothing/);
  await page.locator("#language").click();
  await says(known, /由什么结束\s+没有什么来结束/);
  await page.locator("#message").fill('{"EVENT_NAME": "Unheard"}');
  await says(page.locator("#preview .event-card .title"), /Unheard/);
  assert.equal(await known.count(), 0);
});

for (const [what, text, mark, where] of [
  ["at the end", '{"ALARM_NAME": "disk"', "", /line 1, column 22/],
  ["after emojis, counted in characters", '{"ALARM_NAME": "😀😀" x}', "x", /line 1, column 21/],
  ["in a late line", '{\n  "ALARM_NAME": "disk",\n  ALARM_UUID: 1\n}', "A", /line 3, column 3/],
]) {
  test(`the place is right ${what}`, async () => {
    const page = await world.browser.open("/#try");
    await page.locator("#message").fill(text);
    const problem = page.locator("#preview .problem");
    await says(problem, where);
    assert.equal(await problem.locator("mark").textContent(), mark);
  });
}

test("a message is sent through the local API, and the answer is what ZStack's administrator would see", async () => {
  const page = await world.browser.open("/#try");
  const message = alarm();
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#send").click();
  await says(page.locator("#answer .status"), "200");
  const answer = JSON.parse(await page.locator("#answer pre").textContent());
  assert.equal(answer.alerts[0].alert_key, keyOf(message));
  await page.locator('nav a[href="#alerts"]').click();
  await alertOf(page, keyOf(message)).waitFor();
  await count(alertOf(page, keyOf(message)), 1);
});

test("what the relay would refuse is told before it is sent", async () => {
  const page = await world.browser.open("/#try");
  await page.locator("#message").fill("x".repeat(200_000));
  await says(page.locator("#preview"), /131072/);
});
