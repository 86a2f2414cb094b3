// Headless Chromium, and pages on which nothing may go wrong unnoticed.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** Quiet: no look-ups of its own, wherever it runs. */
const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-lcd-text", // the same letters on every screen, and smaller pictures
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

/** How long a page may take to show what is waited for, in milliseconds. */
export const SOON = 15_000;

export class Browser {
  static async start(address) {
    const browser = new Browser();
    browser.address = address;
    browser.folder = await mkdtemp(join(tmpdir(), "console-tests-"));
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      // Chromium's sandbox does not work for root, nor in most containers; it shows only our own pages here.
      args: [...FLAGS, "--no-sandbox"],
      env: { ...process.env, HOME: browser.folder },
    });
    return browser;
  }

  async end() {
    await this.chromium?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A page of the console, as somebody sees it who was never there before. */
  async open(path = "/", options = {}) {
    const context = await this.chromium.newContext({
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(SOON);
    const wrong = [];
    await context.exposeFunction("tellViolation", (what) => wrong.push(`against the Content-Security-Policy: ${what}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        window.tellViolation(`${violatedDirective} ${blockedURI}`),
      );
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      const { url } = message.location();
      if (["error", "warning"].includes(message.type())) wrong.push(`on the browser's console: ${message.text()} ${url}`);
    });
    page.on("pageerror", (error) => wrong.push(`thrown: ${error.stack}`));
    page.on("dialog", (dialog) => {
      wrong.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${this.address}/`) && !request.url().startsWith("data:")) {
        wrong.push(`a request for ${request.url()}`);
      }
    });
    await page.goto(`${this.address}${path}`);
    await page.locator("#connection[data-state=live]").waitFor();
    return Object.assign(page, { wrong });
  }

  /** Closes every page; tells what went wrong on them. */
  async closePages() {
    const wrong = [];
    for (const context of this.chromium.contexts()) {
      wrong.push(...context.pages().flatMap((page) => page.wrong ?? []));
      await context.close();
    }
    return wrong;
  }
}
