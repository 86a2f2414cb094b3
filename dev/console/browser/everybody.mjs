// Tests of both languages, both colour schemes, phones, the keyboard and screen readers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alarm, keyOf, sample } from "./support/messages.mjs";
import { alertOf, count, deliver, says, tabTo, until, suite } from "./support/suite.mjs";

const VIEWS = ["alerts", "try", "faults", "setup"];

const hasChinese = (text) => /\p{Script=Han}/u.test(text);

test("Chinese and English", async () => {
  const page = await suite.browser.open();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  const words = async () => (await page.locator("nav, #faults").allTextContents()).join(" ");
  assert.ok(!hasChinese(await words()));
  const message = alarm({ ALARM_NAME: "磁盘", ALARM_RESOURCE_NAME: "db" });
  await deliver(message);
  await says(alertOf(page, keyOf(message)).locator(".state"), "Open");

  await page.locator("#language").click();
  assert.match(await page.locator("html").getAttribute("lang"), /^zh/);
  assert.ok(hasChinese(await words()));
  await says(alertOf(page, keyOf(message)).locator(".title"), "db / 磁盘");
  assert.ok(hasChinese(await alertOf(page, keyOf(message)).locator(".state").innerText()));
  await page.reload();
  assert.match(await page.locator("html").getAttribute("lang"), /^zh/, "the language is not stored");
  await page.goto(`${suite.run.console}/?lang=en`);
  assert.equal(await page.locator("html").getAttribute("lang"), "en", "the language of the URL is not used");

  const chinese = await suite.browser.open("/", { locale: "zh-CN" });
  assert.match(await chinese.locator("html").getAttribute("lang"), /^zh/);
  for (const view of VIEWS) {
    await chinese.locator(`nav a[href="#${view}"]`).click();
    assert.ok(hasChinese(await chinese.locator(`#${view} h2`).innerText()), view);
  }
});

/** The contrast between an element's text and its background, as WCAG defines it. */
const contrast = (locator) =>
  locator.evaluate((element) => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const opaque = (it) => {
      for (; it; it = it.parentElement) {
        const [r, g, b, alpha = 1] = channels(getComputedStyle(it).backgroundColor);
        if (alpha > 0.99) return [r, g, b];
      }
      return [255, 255, 255];
    };
    const light = (rgb) =>
      rgb
        .map((it) => it / 255)
        .map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
        .reduce((sum, it, index) => sum + it * [0.2126, 0.7152, 0.0722][index], 0);
    const both = [light(channels(getComputedStyle(element).color).slice(0, 3)), light(opaque(element))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  });

test("light and dark", async () => {
  const message = alarm();
  await deliver(message, { channel: "database" });
  const seen = [];
  for (const colorScheme of ["light", "dark"]) {
    const page = await suite.browser.open("/", { colorScheme });
    const alert = alertOf(page, keyOf(message));
    await alert.locator("summary").first().click();
    await alert.locator(".entry").first().waitFor();
    for (const part of ["h1", "nav a[aria-current]", "#language"]) {
      assert.ok((await contrast(page.locator(part))) >= 4.5, `${part}, ${colorScheme}`);
    }
    const parts = ["summary .title", "summary .chip", "summary .age", "summary .severity > span", ".description", ".labels dt", "pre"];
    for (const part of parts) {
      assert.ok((await contrast(alert.locator(part).first())) >= 4.5, `${part}, ${colorScheme}`);
    }
    seen.push(await page.locator("body").evaluate((it) => getComputedStyle(it).backgroundColor));
  }
  assert.notEqual(seen[0], seen[1]);
});

test("no view scrolls sideways on a phone", async () => {
  const long = "x".repeat(300);
  const message = alarm({ ALARM_RESOURCE_NAME: long, ALARM_NAME: `磁盘${long}`, [`ALARM_${long}`]: long });
  await deliver(message);
  // As long as the name of a channel can be.
  const event = { ...JSON.parse(sample("event-nic-down")), EVENT_LABELS: { channel: "x".repeat(64) } };
  const { alerts } = await deliver(event);
  for (const width of [320, 390]) {
    const page = await suite.browser.open("/", { viewport: { width, height: 640 }, hasTouch: true, isMobile: true });
    await says(alertOf(page, alerts[0].alert_key).locator(".channel-of"), /^channel x{64}$/);
    const alert = alertOf(page, keyOf(message));
    await alert.locator("summary").first().click();
    await alert.locator(".entry").first().waitFor();
    for (const details of await alert.locator("details:not([open]) > summary").all()) await details.click();
    const wide = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(await wide(), 0, `alerts at ${width}`);

    await page.locator('nav a[href="#try"]').click();
    for (const text of [JSON.stringify(message), `{"ALARM_NAME": "${long}" ${long}"`]) {
      await page.locator("#message").fill(text);
      await says(page.locator("#preview .message"), /xxx/);
      assert.equal(await wide(), 0, `try at ${width}`);
    }
    for (const name of ["x".repeat(64), long]) {
      await page.locator("#channel").fill(name);
      await page.locator("#channel-note").waitFor();
      assert.equal(await wide(), 0, `try with a channel of ${name.length} characters at ${width}`);
    }
    await page.locator('nav a[href="#faults"]').click();
    await page.locator("#chart svg").first().waitFor();
    assert.equal(await wide(), 0, `faults at ${width}`);
    await page.locator('nav a[href="#setup"]').click();
    assert.equal(await wide(), 0, `setup at ${width}`);
  }
});

test("an alert can be expanded and a message sent with the keyboard alone", async () => {
  const message = alarm();
  await deliver(message);
  const page = await suite.browser.open();
  await alertOf(page, keyOf(message)).waitFor();
  await tabTo(page, `details.alert[data-key="${keyOf(message)}"] > summary`);
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, "none", "the focus is not visible");
  await page.keyboard.press("Enter");
  await alertOf(page, keyOf(message)).locator(".entry").first().waitFor();
  // New events do not remove the focus.
  await deliver(alarm());
  await deliver({ ...message, ALARM_CURRENT_VALUE: "99.00%" });
  await count(alertOf(page, keyOf(message)).locator(".entry"), 2);
  const focus = await page.evaluate(() => document.activeElement.closest("details.alert")?.dataset.key);
  assert.equal(focus, keyOf(message));

  await page.reload();
  await tabTo(page, 'nav a[href="#try"]');
  await page.keyboard.press("Enter");
  await tabTo(page, "#message");
  const other = alarm();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify(other));
  await tabTo(page, "#send");
  await page.keyboard.press("Enter");
  await says(page.locator("#answer .status"), "200");
  await tabTo(page, 'nav a[href="#faults"]');
  await page.keyboard.press("Enter");
  await tabTo(page, "#faults-form [name=fault]");
  await page.keyboard.press("ArrowDown");
  const isChosen = (name) => page.locator(`#faults-form [name=fault][value=${name}]`).isChecked();
  await until(() => isChosen("refuse"), () => "the down arrow does not choose the next option");
  await page.keyboard.press("ArrowUp");
  await until(() => isChosen("none"), () => "the up arrow does not choose the first option");
});

test("screen readers hear of new alerts, and every control has a name", async () => {
  const page = await suite.browser.open();
  await deliver(alarm({ ALARM_NAME: "announced" }));
  const announced = async () =>
    (await page.locator("[aria-live], [role=status], [role=alert]").allTextContents()).join(" ");
  await until(async () => (await announced()).includes("announced"), () => "the new alert is not announced");
  for (const view of VIEWS) {
    await page.locator(`nav a[href="#${view}"]`).click();
    await page.locator(`nav a[href="#${view}"][aria-current=page]`).waitFor();
    const nameless = await page.locator("input, select, textarea, button, a").evaluateAll((all) =>
      all
        .filter((it) => it.checkVisibility())
        .filter((it) => !it.labels?.length && !it.textContent.trim())
        .filter((it) => !it.getAttribute("aria-label") && !it.getAttribute("aria-labelledby"))
        .map((it) => it.outerHTML),
    );
    assert.deepEqual(nameless, [], view);
  }
});
