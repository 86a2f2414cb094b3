// ZStack's messages, and message templates filled in as ZStack does it.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { ROOT } from "./make-run.mjs";

export const uuid = () => randomUUID().replaceAll("-", "");

/** The body of one of the samples in events/. */
export const sample = (name) => JSON.parse(readFileSync(`${ROOT}/events/${name}.json`, "utf8")).body;

/** The sample alarm, changed to a new resource. */
export function alarm(fields = {}) {
  const id = uuid();
  return { ...JSON.parse(sample("alarm")), ALARM_RESOURCE_ID: id, ALARM_LABELS: [`VMUuid = ${id}`], ALARM_DATA_UUID: uuid(), ...fields };
}

/** The recovery of an alarm. */
export function recovery(alarm) {
  const states = { ALARM_PREVIOUS_STATUS: alarm.ALARM_CURRENT_STATUS, ALARM_CURRENT_STATUS: "OK" };
  return { ...alarm, ...states, ALARM_DATA_UUID: uuid() };
}

/** The alert key of an alarm. It starts with the cloud if the URL names one. */
export const keyOf = (alarm, { cloud } = {}) =>
  `zstack:${cloud ? `cloud=${cloud}:` : ""}alarm:${alarm.ALARM_UUID}:${alarm.ALARM_RESOURCE_ID}`;

/** A template as people may write it: every value in quotation marks, without escaping. */
export const NAIVE = `{
  "ALARM_NAME": "\${ALARM_NAME}",
  "ALARM_CURRENT_STATUS": "\${ALARM_CURRENT_STATUS}",
  "ALARM_RESOURCE_NAME": "\${ALARM_RESOURCE_NAME}"
}`;

/** The effect of each expression in the recommended templates. */
const PRINTED = {
  "groovy.json.StringEscapeUtils.escapeJava(''+it)": (value) => JSON.stringify(String(value)).slice(1, -1),
  "groovy.json.StringEscapeUtils.escapeJava(groovy.json.JsonOutput.toJson(it))": (value) =>
    JSON.stringify(JSON.stringify(value)).slice(1, -1),
  "groovy.json.JsonOutput.toJson(['']+it+'')[2..<-2]": (value) => JSON.stringify(["", ...value, ""]).slice(2, -2),
};

/** Fills in a message template as Groovy does. tests/relay/templates contains the results of Groovy itself. */
export function fill(template, values) {
  return template.replace(/\$\{(\w+)(?:\.with\{(.*?)\})?\}/g, (_, name, expression) =>
    expression ? PRINTED[expression](values[name]) : String(values[name]),
  );
}
