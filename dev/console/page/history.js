// Shows the history of an expanded alert, event by event.

import { api } from "./api.js";
import { badge, box, el, keepPlace, pretty } from "./dom.js";
import { t, time } from "./language.js";

/**
 * Fetches and shows the history of a row's alert. It is called whenever the alert changes. Only one request per alert
 * runs at a time, so that an alert storm does not become a storm of requests.
 */
export async function showHistory(row) {
  if (row.loading) {
    row.again = true;
    return;
  }
  row.loading = true;
  if (!row.body.hasChildNodes()) row.body.replaceChildren(el("p.hint", t("loading")));
  const show = await api("GET", `alerts/${row.alert.id}`).then(
    (alert) => () => showDetail(row, alert),
    (error) => () => showError(row, error.status === 404 ? t("gone") : error.message),
  );
  row.loading = false;
  if (row.removed) return;
  keepPlace(row.body, show);
  if (row.again) {
    row.again = false;
    showHistory(row);
  }
}

/**
 * An entry's message is known once the local API has reported it. Until then the history is fetched every
 * REFETCH_INTERVAL milliseconds, for at most REFETCH_TIMEOUT milliseconds.
 */
const REFETCH_TIMEOUT = 10_000;
const REFETCH_INTERVAL = 2_000;

/** Fetches the history again if the message of a recent entry is missing. */
export function refetchMissingSource(row) {
  const { missing } = row;
  const now = Date.now();
  if (!missing || row.loading || now > missing.until || now < missing.next) return;
  missing.next = now + REFETCH_INTERVAL;
  showHistory(row);
}

/** Remembers the newest entry whose message is missing, if there is one. */
function noteMissingSource(row, { history }) {
  const entry = history.findLast(({ message }) => !message);
  const of = entry && `${entry.at} ${entry.repeats}`;
  if (row.missing?.of !== of) row.missing = entry && { of, until: Date.now() + REFETCH_TIMEOUT, next: 0 };
}

/** Marks a row as removed, so that a late answer is ignored. */
export function markRemoved(row) {
  row.removed = true;
}

function showError(row, message) {
  row.body.replaceChildren(el("p.problem-line", message));
}

function showDetail(row, alert) {
  noteMissingSource(row, alert);
  const facts = el(
    "dl.facts",
    fact("alertKey", el("code", alert.alert_key)),
    fact("opened", time(alert.opened_at)),
    alert.closed_at && fact("closedAt", time(alert.closed_at)),
    alert.channel && fact("channel", alert.channel),
  );
  const list = row.body.querySelector(".history") ?? el("ol.history");
  const head = el("div.head", facts, alert.forgotten > 0 && el("p.hint.forgotten", t("forgotten", alert.forgotten)));
  if (list.isConnected) row.body.querySelector(".head").replaceWith(head);
  else row.body.replaceChildren(head, list);
  alert.history.forEach((_, index) => showAt(list, index, alert));
  while (list.children.length > alert.history.length) list.lastElementChild.remove();
}

/** The data that each shown entry was built from. An unchanged entry stays, with its selection and scroll position. */
const builtFrom = new WeakMap();

function showAt(list, index, alert) {
  const [before, entry] = [alert.history[index - 1], alert.history[index]];
  const node = list.children[index];
  const of = JSON.stringify([document.documentElement.lang, entry, alert.title]);
  if (node && builtFrom.get(node) === of) return;
  const fresh = showEntry(entry, before, alert);
  builtFrom.set(fresh, of);
  if (node) node.replaceWith(fresh);
  else list.append(fresh);
}

const fact = (name, value) => el("div", el("dt", t(name)), el("dd", value));

function showEntry(entry, before, alert) {
  return el(
    "li.entry",
    { "data-status": entry.status },
    el(
      "p.entry-head",
      badge(entry.status, "status"),
      el("time.when", { datetime: new Date(entry.at).toISOString() }, time(entry.at)),
      entry.repeats > 0 && el("span.repeats", t("repeats", entry.repeats, time(entry.last_at))),
    ),
    entry.title !== (before ?? alert).title && el("p.entry-title", entry.title),
    entry.description && el("p.description", entry.description),
    entry.cut.length > 0 && showCut(entry.cut),
    entry.changed.length > 0 && showChanges(entry.changed),
    Object.keys(entry.labels).length > 0 && [el("h3", t("labels")), showLabels(entry.labels)],
    el(
      "div.compare",
      el("div.source", el("h3", t("source")), ...showSource(entry.message)),
      el("div.event", el("h3", t("event")), box(JSON.stringify(entry.event, null, 2), t("event"))),
    ),
  );
}

/** The names of what was cut because of Flashduty's limits. */
export function showCut(names) {
  return el("p.cut", t("cut", names));
}

function showSource(message) {
  if (!message) return [el("p.hint", t("noSource"))];
  return [
    box(pretty(message.text), t("source")),
    el("p.hint", t("sourceAt", time(message.at), message.url)),
  ];
}

function showLabels(labels) {
  return el("dl.labels", ...Object.entries(labels).map(([name, value]) => el("div", el("dt", name), el("dd", value))));
}

function showChanges(changes) {
  const rows = changes.map(({ field, before, after }) => {
    const [old, now] = differing(before, after);
    const arrow = el("span.arrow", { "aria-hidden": "true" }, "→");
    return el("div", el("dt", field), el("dd", side("del", old), arrow, side("ins", now)));
  });
  return el("div.changed", el("h3", t("changes")), el("dl.changes", ...rows));
}

const side = (tag, text) => (text === null ? el("span.none", t("nothing")) : el(tag, text));

/** Of two texts with several lines, only the lines that the other text does not have. */
function differing(before, after) {
  if (before === null || after === null || !`${before}${after}`.includes("\n")) return [before, after];
  const [old, now] = [before.split("\n"), after.split("\n")];
  const only = (lines, other) => lines.filter((line) => !other.includes(line)).join("\n") || null;
  return [only(old, now), only(now, old)];
}
