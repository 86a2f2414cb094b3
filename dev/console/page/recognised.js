// Shows in which format a message was recognised, and what ZStack's catalogue says about its event.

import { el, prose } from "./dom.js";
import { t } from "./language.js";

/** The recognised format, and what the message was wrapped in. */
export function showShape({ shape, wrapped, salvaged }) {
  const names = t(salvaged ? "salvagedShapes" : "shapes");
  const wrappers = wrapped.map((wrapper) => t("wrappers")[wrapper] ?? wrapper);
  return el(
    "p.shape",
    { "data-shape": shape, "data-wrapped": wrapped.join(" ") },
    el("span.hint", t("recognised")),
    names[shape] ?? shape,
    wrappers.length > 0 && el("span.hint", " · ", t("wrappedIn", wrappers)),
    salvaged && el("span.hint", " · ", t("foundByName", salvaged.found)),
  );
}

/** The values of broken JSON that are not valid JSON themselves. */
export function showSalvaged({ as_text: values }) {
  if (values.length === 0) return el("p.salvaged", t("allAsJson"));
  const items = values.map(({ name, value }) => el("div", el("dt", el("code", name)), el("dd", value)));
  return el("div.salvaged", el("p", t("asText")), el("dl", ...items));
}

/** What the catalogue says about an event. */
export function showKnown(known) {
  const { ends, ended_by: endedBy, state, told_apart_by: apart, never_over: neverOver } = known;
  return el(
    "dl.known",
    item("knownEvent", [named(known)]),
    ends.length > 0 && item("knownEnds", ends.map(named)),
    endedBy.length > 0 && item("knownEndedBy", endedBy.map(named)),
    state && item("knownState", showState(state)),
    neverOver && item("knownEndedBy", [t("knownNeverOver")]),
    apart.length > 0 && item("knownApart", apart.map((label) => el("code", label))),
  );
}

const item = (name, values) => el("div", el("dt", t(name)), el("dd", ...values.map((value) => el("span", value))));

/** An event's name in messages, and its names in ZStack's console. */
function named({ name, chinese, english }) {
  const names = [el("span", { lang: "zh-CN" }, chinese), english && el("span", { lang: "en" }, english)];
  return el("span", el("code", name), ...names.filter(Boolean).flatMap((name) => [" · ", name]));
}

function showState(state) {
  if (state.in === "error") return [el("span", ...prose(t("knownByError")))];
  const values = { knownTrouble: state.trouble, knownOver: state.over, knownSteps: state.steps };
  const shown = Object.entries(values).filter(([, values]) => values.length > 0);
  return [el("code", state.name), ...shown.map(([name, values]) => t(name, values.join(", ")))];
}
