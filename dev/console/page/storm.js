// Sends twenty alarms and their recoveries: the samples `alarm` and `alarm-recovery`, each with its own resource.

import { api } from "./api.js";
import { announce, byId, setText } from "./dom.js";
import { onLanguage, t } from "./language.js";

const SIZE = 20;
const STORED = "triggered";

/**
 * The resources whose alarms were triggered here, each with the channel of its alarm. Stored for this tab, so that they
 * can recover after a reload.
 */
let triggered = JSON.parse(sessionStorage.getItem(STORED) ?? "[]");
let count = Math.max(0, ...triggered.map(({ name }) => Number(name.replace("vm-", ""))));
let running = false;
let line = () => t("stormHint");

export function startStorm() {
  byId("storm").addEventListener("click", () => run(Array.from({ length: SIZE }, resource), "alarm", "triggering"));
  byId("recover").addEventListener("click", () => run([...triggered], "alarm-recovery", "recovering"));
  onLanguage(show);
  show();
}

/** 32 hex digits, like ZStack's UUIDs. */
const uuid = () => crypto.randomUUID().replaceAll("-", "");

function resource() {
  count += 1;
  return { id: uuid(), name: `vm-${String(count).padStart(2, "0")}`, channel: byId("storm-channel").value };
}

/** Sends the sample for each resource, one after the other, as ZStack does. */
async function run(resources, sampleName, progress) {
  if (running || resources.length === 0) return;
  const counts = { sent: 0, delivered: 0, queued: 0, failed: 0 };
  running = true;
  byId("storm-progress").max = resources.length;
  try {
    const { body, query } = (await api("GET", "samples")).find((sample) => sample.name === sampleName);
    for (const each of resources) {
      showProgress(() => t(progress, counts.sent + 1, resources.length), counts.sent);
      const message = { body: forResource(body, each), query, channel: each.channel ?? "" };
      const { status } = await api("POST", "send", message);
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

/** The sample, changed to another resource. */
function forResource(body, { id, name }) {
  return JSON.stringify({
    ...JSON.parse(body),
    ALARM_RESOURCE_ID: id,
    ALARM_RESOURCE_NAME: name,
    ALARM_LABELS: [`VMUuid = ${id}`],
    ALARM_TIME: Date.now(),
    ALARM_DATA_UUID: uuid(),
  });
}

function remember(resource, isTriggered) {
  triggered = isTriggered ? [...triggered, resource] : triggered.filter((other) => other.id !== resource.id);
  sessionStorage.setItem(STORED, JSON.stringify(triggered));
}

function showProgress(text, done) {
  line = text;
  byId("storm-progress").value = done;
  show();
}

function show() {
  const open = triggered.length > 0 && !running ? ` ${t("stormOpen", triggered.length)}` : "";
  setText(byId("storm-text"), line() + open);
  byId("storm-progress").hidden = !running;
  // Not `disabled`, because that would remove the keyboard focus.
  byId("storm").setAttribute("aria-disabled", running);
  byId("recover").setAttribute("aria-disabled", running || triggered.length === 0);
}
