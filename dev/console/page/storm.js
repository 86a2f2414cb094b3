// Twenty alarms, and their recoveries: the samples `alarm` and `alarm-recovery`, each for a resource of its own.

import { api } from "./api.js";
import { announce, byId, setText } from "./dom.js";
import { onLanguage, t } from "./language.js";

const SIZE = 20;
const STORED = "raised";

/** Which resources have an alarm that was raised here. Kept in the tab, so that they can recover after a reload. */
let raised = JSON.parse(sessionStorage.getItem(STORED) ?? "[]");
let count = Math.max(0, ...raised.map(({ name }) => Number(name.replace("vm-", ""))));
let running = false;
let line = () => t("stormHint");

export function startStorm() {
  byId("storm").addEventListener("click", () => run(Array.from({ length: SIZE }, resource), "alarm", "raising"));
  byId("calm").addEventListener("click", () => run([...raised], "alarm-recovery", "calming"));
  onLanguage(show);
  show();
}

/** 32 hex digits, as ZStack's UUIDs. */
const uuid = () => crypto.randomUUID().replaceAll("-", "");

function resource() {
  count += 1;
  return { id: uuid(), name: `vm-${String(count).padStart(2, "0")}` };
}

/** Sends the sample for each resource, one after the other, as ZStack would. */
async function run(resources, sampleName, progress) {
  if (running || resources.length === 0) return;
  const counts = { sent: 0, delivered: 0, queued: 0, failed: 0 };
  running = true;
  byId("storm-progress").max = resources.length;
  try {
    const { body, query } = (await api("GET", "samples")).find((sample) => sample.name === sampleName);
    for (const each of resources) {
      say(() => t(progress, counts.sent + 1, resources.length), counts.sent);
      const { status } = await api("POST", "send", { body: about(body, each), query });
      counts.sent += 1;
      counts[status === 200 ? "delivered" : status === 202 ? "queued" : "failed"] += 1;
      if (status < 300) remember(each, sampleName === "alarm");
    }
    line = () => t("stormDone", counts);
  } catch (error) {
    line = () => t("stormBlocked", error.message);
  }
  running = false;
  show();
  announce(line());
}

/** The sample for another resource. */
function about(body, { id, name }) {
  return JSON.stringify({
    ...JSON.parse(body),
    ALARM_RESOURCE_ID: id,
    ALARM_RESOURCE_NAME: name,
    ALARM_LABELS: [`VMUuid = ${id}`],
    ALARM_TIME: Date.now(),
    ALARM_DATA_UUID: uuid(),
  });
}

function remember(resource, isRaised) {
  raised = isRaised ? [...raised, resource] : raised.filter((other) => other.id !== resource.id);
  sessionStorage.setItem(STORED, JSON.stringify(raised));
}

function say(text, done) {
  line = text;
  byId("storm-progress").value = done;
  show();
}

function show() {
  const open = raised.length > 0 && !running ? ` ${t("stormOpen", raised.length)}` : "";
  setText(byId("storm-text"), line() + open);
  byId("storm-progress").hidden = !running;
  // Not `disabled`, which would take the focus away.
  byId("storm").setAttribute("aria-disabled", running);
  byId("calm").setAttribute("aria-disabled", running || raised.length === 0);
}
