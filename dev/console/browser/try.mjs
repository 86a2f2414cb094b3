// Tests of the section "Try a message": the preview, and the place where a template's JSON is broken.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { alarm, fill, keyOf, NAIVE, sample } from "./support/messages.mjs";
import { ROOT } from "./support/make-run.mjs";
import { alertOf, count, says, until, suite } from "./support/suite.mjs";

/** A name that breaks the JSON of a template without escaping. */
const NAME = '磁盘 "数据" 已满';

const field = (page, name) => page.locator("#preview table.fields tr", { has: page.locator(`th:text-is("${name}")`) });

test("the preview shows the event while the message is typed, and nothing is pushed", async () => {
  const page = await suite.browser.open("/#try");
  const message = alarm({ ALARM_NAME: NAME, ALARM_RESOURCE_NAME: "订单数据库-01" });
  await page.locator("#message").fill(JSON.stringify(message));
  await page.locator("#query").fill("cloud=beijing");
  const card = page.locator("#preview .event-card");
  await says(card.locator(".title"), `订单数据库-01 / ${NAME}`);
  await says(card.locator(".status"), /Critical/);
  await says(field(page, "alert_key").locator(".value"), keyOf(message, { cloud: "beijing" }));
  await says(field(page, "labels.check").locator(".from"), /ALARM_NAME/);
  await says(field(page, "labels.cloud").locator(".from"), /cloud/);

  // Typed character by character.
  await page.locator("#message").fill("");
  await page.locator("#message").pressSequentially('{"ALARM_NAME": "disk"}');
  await says(card.locator(".title"), /disk/);
  await page.locator('nav a[href="#alerts"]').click();
  assert.equal(await alertOf(page, keyOf(message)).count(), 0);
});

test("every sample can be selected and previewed", async () => {
  const page = await suite.browser.open("/#try");
  const select = page.locator("#sample");
  await until(async () => (await select.locator("option").count()) > 10, () => "there are no samples");
  const names = await select.locator("option").evaluateAll((all) => all.map((it) => it.value).filter(Boolean));
  for (const name of names) {
    await select.selectOption(name);
    const kind = { alarm: "alarm", event: "event", test: "test" }[name.split("-")[0]];
    await page.locator(`#preview .message${kind ? `[data-kind=${kind}]` : ""} .event-card`).first().waitFor();
  }
});

test("a broken template is explained at the exact place, and the recommended template is shown", async () => {
  const page = await suite.browser.open("/#try");
  const broken = fill(NAIVE, { ...alarm(), ALARM_NAME: NAME });
  await page.locator("#message").fill(broken);
  const problem = page.locator("#preview .message[data-kind=alarm] .problem");
  await problem.waitFor();
  // The first quotation mark ended the value. Parsing stopped at the next character.
  await says(problem.locator("mark"), "数");
  const marked = await problem.locator("pre", { has: page.locator("mark") }).textContent();
  assert.equal(marked, broken);
  const before = await problem.locator("mark").evaluate((mark) => mark.previousSibling.textContent);
  assert.equal(before, broken.slice(0, broken.indexOf('"数') + 1));
  await says(problem.locator(".explanation"), /quotation mark/i);
  await says(problem, /line 2, column 22; the values were still read/);
  // The values were found by their names. A value that is not valid JSON is shown as it is.
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
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill(fill(NAIVE, { ...alarm(), ALARM_NAME: "C:\\data" }));
  const problem = page.locator("#preview .message[data-kind=alarm] .problem");
  await says(problem.locator(".explanation"), /^A value contains a backslash/);
  await says(problem, /line 2, column \d+/);
});

test("for an event's broken template, the recommended template for events is shown", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill('{"EVENT_NAME": "HostDisconnected", "EVENT_ERROR": "line 1\nline 2"}');
  await says(page.locator("#preview .explanation"), /line break/i);
  const template = await page.locator("#preview .template pre").textContent();
  assert.equal(template, readFileSync(`${ROOT}/docs/templates/event.txt`, "utf8"));
});

test("broken JSON in which no value is found is shown as an error", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill('{"alertname": "12" disk"}');
  const problem = page.locator("#preview .message[data-kind=raw] .problem[data-read=false]");
  await says(problem.locator(".problem-title"), "Broken JSON at line 1, column 20");
  await says(problem.locator(".explanation"), /The message is not lost/);
  await says(page.locator("#preview .shape"), /broken JSON$/);
  assert.equal(await problem.locator(".salvaged").count(), 0);
});

test("the recognised format is shown in both languages", async () => {
  const page = await suite.browser.open("/#try");
  const shape = page.locator("#preview .shape").first();
  const shapes = [
    ["alarm", "plain", "", /^Format: JSON with ZStack's field names$/, /^格式：使用 ZStack 字段名的 JSON$/],
    ["facts-alarm-chinese", "facts", "sections", /facts.* · in sections$/, /控制台自动填写的消息模板.*外层：sections$/],
    ["template-everything", "plain", "sections", /field names · in sections$/, /字段名的 JSON.*外层：sections$/],
    ["template-own-names", "own_names", "sections", /custom field names/, /自定义字段名/],
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

test("the previewed event is in the language of the page", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill(sample("event-host-disconnected"));
  const title = page.locator("#preview .event-card .title");
  const error = field(page, "description").locator(".value");
  await says(title, "host-11 / HostDisconnected");
  await page.locator("#language").click();
  await says(title, "host-11 / 主机失联");
  await says(error, /错误：cannot reach the agent/);
  await page.locator("#language").click();
  await says(title, "host-11 / HostDisconnected");
});

test("each fact is a separate source", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill(sample("facts-recovery-chinese"));
  await says(page.locator("#preview .event-card .status"), /Ok/);
  const from = (name) => field(page, name).locator(".from .chip");
  await count(from("alert_key"), 2);
  assert.deepEqual(await from("alert_key").allInnerTexts(), ["UUID", "报警资源UUID"]);
  assert.deepEqual(await from("event_status").allInnerTexts(), ["报警恢复详情"]);
});

test("the catalogue's information about an event is shown, and each alert that the event closes", async () => {
  const page = await suite.browser.open("/#try");
  const known = page.locator("#preview .known");
  await page.locator("#message").fill(sample("event-router-connected"));
  await says(known, /Closes\s+VRouterDisconnected · 路由器失联\s+VRouterPaused · 路由器异常停机/);
  const cards = page.locator("#preview .event-card");
  await count(cards, 2);
  const keys = await field(page, "alert_key").locator(".value").allInnerTexts();
  const router = JSON.parse(sample("event-router-connected")).EVENT_RESOURCE_ID;
  assert.deepEqual(keys, [`zstack:event:VRouterDisconnected:${router}`, `zstack:event:VRouterPaused:${router}`]);

  await page.locator("#message").fill(sample("event-nic-down"));
  await says(known, /Closed by\s+HostPhysicalNicStatusUp · 主机网络链路上线 · Host NIC Connected/);
  await says(known, /Distinguished by\s+PhysicalNicName/);
  await page.locator("#message").fill(sample("event-host-connecting"));
  await says(known, /NewStatus\s+problem: Disconnected\s+over: Connected\s+intermediate: Connecting/);
  await page.locator("#message").fill(sample("event-vm-ha-started"));
  await says(known, /EVENT_ERROR: a problem if there is an error/);
  await page.locator("#message").fill('{"EVENT_NAME": "VmCrash"}');
  await says(known, /Closed by\s+nothing/);
  await page.locator("#language").click();
  await says(known, /由以下事件关闭\s+无/);
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
    const page = await suite.browser.open("/#try");
    await page.locator("#message").fill(text);
    const problem = page.locator("#preview .problem");
    await says(problem, where);
    assert.equal(await problem.locator("mark").textContent(), mark);
  });
}

test("a sent message goes through the local API, and its answer is shown", async () => {
  const page = await suite.browser.open("/#try");
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

test("the preview shows that the relay would reject a message", async () => {
  const page = await suite.browser.open("/#try");
  await page.locator("#message").fill("x".repeat(200_000));
  await says(page.locator("#preview"), /131072/);
});
