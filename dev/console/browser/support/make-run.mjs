// Runs the real `make run`, with its own ports and in its own process group.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** Milliseconds until `make run` must be ready. Everything may have to be compiled first. */
const PATIENCE = 20 * 60_000;

/** Variables that `make` sets for its recipes. They would change the behaviour of the inner `make`. */
const OF_MAKE = ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"];

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class MakeRun {
  /** Everything that it printed. */
  output = "";
  ended = false;

  /** Starts it and waits until it is ready. */
  static async start() {
    const run = new MakeRun();
    try {
      await run.#start();
    } catch (error) {
      await run.end();
      throw error;
    }
    return run;
  }

  async #start() {
    const [port, consolePort] = [await freePort(), await freePort()];
    this.console = `http://127.0.0.1:${consolePort}`;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_MAKE.includes(name)));
    const variables = [`PORT=${port}`, `CONSOLE_PORT=${consolePort}`, "HOST=127.0.0.1", "TOKEN=", "ONCE="];
    mkdirSync(`${ROOT}/.local`, { recursive: true });
    const log = createWriteStream(`${ROOT}/.local/make-run-console.log`);
    this.process = spawn("make", ["run", ...variables], {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
        log.write(text);
      });
    }
    // If the tests are interrupted, `make run` is stopped too.
    for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]]) {
      process.once(signal, () => this.end().finally(() => process.exit(status)));
    }
    await this.#ready();
    const printed = (words) => new RegExp(`^ +${words} +(\\S+)$`, "m").exec(this.output)[1];
    this.webhook = printed("URL");
    this.token = printed("Password");
  }

  async #ready() {
    const deadline = Date.now() + PATIENCE;
    while (!this.output.includes("Ctrl-C ends it")) {
      if (this.process.exitCode !== null || Date.now() > deadline) throw new Error(`make run:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Posts a message as ZStack does. */
  async post(message, { channel = "", query = "", basic = true } = {}) {
    const response = await fetch(`${this.webhook}${channel && `/${channel}`}${query && `?${query}`}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json;charset=UTF-8",
        ...(basic && { Authorization: `Basic ${Buffer.from(`zstack:${this.token}`).toString("base64")}` }),
      },
      body: typeof message === "string" ? message : JSON.stringify(message),
    });
    return { status: response.status, body: await response.json() };
  }

  /** The running processes that it started, each with its environment. */
  processes() {
    const all = processTable();
    const ours = new Set([this.process.pid]);
    for (let before = 0; before !== ours.size; ) {
      before = ours.size;
      all.forEach(({ pid, parent }) => ours.has(parent) && ours.add(pid));
    }
    return all.filter(({ pid }) => ours.has(pid));
  }

  /** Ends it as Ctrl-C does. Returns the processes that kept running after that, and kills them. */
  async end() {
    if (!this.process?.pid || this.ended) return [];
    this.ended = true;
    const started = this.processes();
    const left = () => {
      const now = processTable();
      return started.filter((it) => now.some(({ pid, since }) => pid === it.pid && since === it.since));
    };
    signal(-this.process.pid, "SIGINT");
    for (const deadline = Date.now() + 20_000; left().length > 0 && Date.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const remained = left();
    remained.forEach(({ pid }) => signal(pid, "SIGKILL"));
    return remained;
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Every process of this machine except zombies. */
function processTable() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), since: rest[17], environment }];
    } catch {
      return []; // it has just ended, or belongs to another user
    }
  });
}
