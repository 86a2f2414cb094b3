// The section "Set up ZStack": runs zstack-setup.py against the stand-in of ZStack, and shows what it prints.

import { api } from "./api.js";
import { byId, prose, setText } from "./dom.js";
import { languageTag, onLanguage, t } from "./language.js";

/** The buttons, each with its task. */
const TASKS = { "setup-plan": "plan", "setup-do": "set_up", "setup-undo": "take_back" };

let setup = { ready: false, can_take_back: false, run: null };
let problem = "";
/** The task that was asked for, until its run is seen. */
let asked = null;

export function startSetup() {
  for (const [id, task] of Object.entries(TASKS)) byId(id).addEventListener("click", () => start(task));
  onLanguage(show);
  show();
}

/** Shows the newest run. Another tab may have started it. */
export function setupChanged(now) {
  setup = now;
  asked = null;
  show();
}

const running = () => asked !== null || (setup.run !== null && setup.run.end === null);

const can = (task) => setup.ready && !running() && (task !== "take_back" || setup.can_take_back);

async function start(task) {
  if (!can(task)) return;
  asked = task;
  problem = "";
  show();
  const language = languageTag() === "en" ? "en" : "zh";
  try {
    await api("POST", "setup", { task, language });
  } catch (error) {
    asked = null;
    problem = error.message;
    show();
  }
}

/** What the newest run is doing, or how it ended. */
function state({ task, end }) {
  if (end === null) return t("setupRunning")[task];
  if (end.how !== "exited") return t("setupEnded")[end.how];
  return end.status === 0 ? t("setupDone")[task] : t("setupFailed", end.status);
}

function show() {
  // The earlier run is over.
  const run = asked === null ? setup.run : { task: asked, output: "", end: null };
  byId("setup-lead").replaceChildren(...prose(t("setupLead")));
  const text = run ? state(run) : t(setup.ready ? "setupNew" : "setupNotReady");
  // An unchanged text is not read out again.
  if (byId("setup-state").dataset.text !== text) byId("setup-state").replaceChildren(...prose(text));
  byId("setup-state").dataset.text = text;
  byId("setup-state").dataset.success = run?.end?.how === "exited" && run.end.status === 0;
  byId("setup-error").hidden = problem === "";
  setText(byId("setup-error"), problem);
  showOutput(byId("setup-output"), run);
  // Not `disabled`, because that would remove the keyboard focus.
  for (const [id, task] of Object.entries(TASKS)) byId(id).setAttribute("aria-disabled", !can(task));
}

/** Shows the output. Whoever has scrolled to its end follows it. */
function showOutput(node, run) {
  const text = run?.output ?? "";
  node.hidden = text === "";
  node.lang = run?.language === "zh" ? "zh-CN" : "en";
  const atEnd = node.scrollTop + node.clientHeight >= node.scrollHeight - 4;
  const isMore = run?.end === null || node.textContent !== "";
  setText(node, text);
  if (atEnd && isMore) node.scrollTop = node.scrollHeight;
}
