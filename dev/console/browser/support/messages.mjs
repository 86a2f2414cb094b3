// ZStack's messages, and its message templates filled in.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { ROOT } from "./make-run.mjs";

export const uuid = () => randomUUID().replaceAll("-", "");

/** The body of one of the samples in events/. */
export const sample = (name) => JSON.parse(readFileSync(`${ROOT}/events/${name}.json`, "utf8")).body;

/** The sample alarm, about a resource of its own. */
export function alarm(fields = {}) {
  const id = uuid();
  return { ...JSON.parse(sample("alarm")), ALARM_RESOURCE_ID: id, ALARM_LABELS: [`VMUuid = ${id}`], ALARM_DATA_UUID: uuid(), ...fields };
}

/** The message that the alarm is over. */
export function recovery(alarm) {
  const states = { ALARM_PREVIOUS_STATUS: alarm.ALARM_CURRENT_STATUS, ALARM_CURRENT_STATUS: "OK" };
  return { ...alarm, ...states, ALARM_DATA_UUID: uuid() };
}

/** The key of an alarm's alert; with the cloud of the URL in front, where that names one. */
export const keyOf = (alarm, { cloud } = {}) =>
  `zstack:${cloud ? `cloud=${cloud}:` : ""}alarm:${alarm.ALARM_UUID}:${alarm.ALARM_RESOURCE_ID}`;

/** A template that people may write: every value between quotation marks, as it is. */
export const NAIVE = `{
  "ALARM_NAME": "\${ALARM_NAME}",
  "ALARM_CURRENT_STATUS": "\${ALARM_CURRENT_STATUS}",
  "ALARM_RESOURCE_NAME": "\${ALARM_RESOURCE_NAME}"
}`;

/** What the expressions of our templates do with a value. */
const PRINTED = {
  "groovy.json.StringEscapeUtils.escapeJava(''+it)": (value) => JSON.stringify(String(value)).slice(1, -1),
  "groovy.json.StringEscapeUtils.escapeJava(groovy.json.JsonOutput.toJson(it))": (value) =>
    JSON.stringify(JSON.stringify(value)).slice(1, -1),
  "groovy.json.JsonOutput.toJson(['']+it+'')[2..<-2]": (value) => JSON.stringify(["", ...value, ""]).slice(2, -2),
};

/** A message template filled in as Groovy does it; tests/relay/templates has what Groovy itself makes of them. */
export function fill(template, values) {
  return template.replace(/\$\{(\w+)(?:\.with\{(.*?)\})?\}/g, (_, name, expression) =>
    expression ? PRINTED[expression](values[name]) : String(values[name]),
  );
}
