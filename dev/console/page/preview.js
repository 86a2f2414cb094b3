// Shows the preview of a message: its events field by field, or where and why parsing stopped.

import { badge, box, copyButton, el, prose } from "./dom.js";
import { showCut } from "./history.js";
import { t } from "./language.js";
import { showKnown, showSalvaged, showShape } from "./recognised.js";

/** The most messages that are shown. A request can hold thousands. */
const MAX_MESSAGES = 50;

/** The elements of a preview. */
export function showPreview({ error, messages }, templates) {
  const rejected = error && el("p.problem-line", t("rejected"), " ", el("span", { lang: "en" }, error.message));
  const shown = messages
    .slice(0, MAX_MESSAGES)
    .map((message, index) => showMessage(message, index + 1, messages.length, templates));
  const more = messages.length > MAX_MESSAGES && el("p.hint", t("moreMessages", messages.length - MAX_MESSAGES));
  return [rejected, ...shown, more].filter(Boolean);
}

const KINDS = { alarm: "alarm", event: "eventKind", test: "test", raw: "raw" };

function showMessage(message, n, all, templates) {
  return el(
    "article.message",
    { "data-kind": message.kind },
    el("h4", t("messageOf", n, all), " ", el("span.kind", t(KINDS[message.kind] ?? "raw"))),
    showShape(message),
    message.problem && showProblem(message, templates),
    message.known && showKnown(message.known),
    message.traced === false && el("p.hint", t("untraced")),
    ...message.events.map((event) => showEvent(event, message.traced !== false)),
  );
}

function showProblem({ problem, salvaged, text }, templates) {
  const { broken, read } = problem;
  const causes = t("causes");
  const explanation = [...(causes[problem.cause] ?? causes.other), t(read ? "readAll" : "notLost")];
  const place = t(read ? "brokenReadAt" : "brokenAt", problem.line, problem.column);
  return el(
    "div.problem",
    { "data-read": String(read) },
    el("p.problem-title", broken ? place : t("unreadable")),
    broken && markedText(problem),
    salvaged && showSalvaged(salvaged),
    el(
      "div.explanation",
      ...explanation.map((paragraph) => el("p", ...prose(paragraph))),
      el("p.hint", t(broken && !read ? "relaySaysBytes" : "relaySays"), " ", el("span", { lang: "en" }, problem.why)),
    ),
    templates && showTemplate(text, templates),
  );
}

/** The text with a mark where parsing stopped. An invisible character at the mark is named. */
function markedText({ before, at, after }) {
  const invisible = { "": "endOfText", "\n": "lineBreak", "\r": "lineBreak", "\t": "tab" }[at];
  const control = at < " " ? `U+${(at.codePointAt(0) ?? 0).toString(16).padStart(4, "0").toUpperCase()}` : null;
  const name = invisible ? t(invisible) : control;
  const mark = el("mark", { "data-name": name && t("invisible", name) }, at);
  return el("pre.marked", { tabindex: 0, role: "group", "aria-label": t("markedText") }, before, mark, after);
}

/** The recommended template, for events if the text looks like an event, else for alarms. */
function showTemplate(text, { alarm, event }) {
  const forEvents = text.includes("EVENT_") && !text.includes("ALARM_");
  const template = forEvents ? event : alarm;
  const title = t(forEvents ? "eventTemplate" : "alarmTemplate");
  return el("div.template", el("h4", title, " ", copyButton(template)), box(template, title));
}

/** Whether the JSON of the events is expanded. This stays from preview to preview. */
let expanded = false;

function showEvent({ status, title, event, cut, violations, fields }, traced) {
  const json = el(
    "details",
    { open: expanded, ontoggle: ({ target }) => (expanded = target.open) },
    el("summary", t("eventPushed")),
    box(JSON.stringify(event, null, 2), t("eventPushed")),
  );
  return el(
    "div.event-card",
    { "data-status": status },
    el("p.card-head", badge(status, "status"), el("span.title", title), el("span.hint", t("asTitle"))),
    violations.length > 0 && showViolations(violations),
    cut.length > 0 && showCut(cut),
    el(
      "table.fields",
      el("thead", el("tr", ...["field", "value", "from"].map((name) => el("th", { scope: "col" }, t(name))))),
      el("tbody", ...fields.map((field) => showField(field, traced))),
    ),
    json,
  );
}

function showViolations(violations) {
  const list = violations.map((violation) => el("li", { lang: "en" }, violation));
  return el("div.violations", el("p", t("violations")), el("ul", ...list));
}

function showField({ field, value, from }, traced) {
  const chips = from.length > 0 ? from.map(showSource) : [el("span.chip.own", t("fromOwn"))];
  return el("tr", el("th", { scope: "row" }, field), el("td.value", value), el("td.from", ...(traced ? chips : ["—"])));
}

function showSource(source) {
  const { name } = source;
  const names = { url: `?${name}`, path: `/zstack/${name}`, around: t("fromAround", name), text: t("fromText") };
  return el("span.chip", { "data-in": source.in }, names[source.in] ?? name);
}
