// Headless Chromium. Every page collects the errors that occur on it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** These keep Chromium from sending requests of its own. */
const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-lcd-text", // letters look the same on every machine, and pictures are smaller
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

/** Milliseconds until a page must show what a test waits for. */
export const SOON = 15_000;

export class Browser {
  static async start(address) {
    const browser = new Browser();
    browser.address = address;
    browser.folder = await mkdtemp(join(tmpdir(), "console-tests-"));
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      // Chromium's sandbox works neither for root nor in most containers. Only the console's own pages are opened.
      args: [...FLAGS, "--no-sandbox"],
      env: { ...process.env, HOME: browser.folder },
    });
    return browser;
  }

  async end() {
    await this.chromium?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Opens a page of the console in a new browser context, without stored data. */
  async open(path = "/", options = {}) {
    const context = await this.chromium.newContext({
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(SOON);
    const errors = [];
    await context.exposeFunction("reportViolation", (what) => errors.push(`violation of the Content-Security-Policy: ${what}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        window.reportViolation(`${violatedDirective} ${blockedURI}`),
      );
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      const { url } = message.location();
      if (["error", "warning"].includes(message.type())) errors.push(`browser console: ${message.text()} ${url}`);
    });
    page.on("pageerror", (error) => errors.push(`exception: ${error.stack}`));
    page.on("dialog", (dialog) => {
      errors.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${this.address}/`) && !request.url().startsWith("data:")) {
        errors.push(`request to another address: ${request.url()}`);
      }
    });
    await page.goto(`${this.address}${path}`);
    await page.locator("#connection[data-state=live]").waitFor();
    return Object.assign(page, { errors });
  }

  /** Closes all pages. Returns the errors that occurred on them. */
  async closePages() {
    const errors = [];
    for (const context of this.chromium.contexts()) {
      errors.push(...context.pages().flatMap((page) => page.errors ?? []));
      await context.close();
    }
    return errors;
  }
}
