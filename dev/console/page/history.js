// An unfolded alert: what happened to it, event by event.

import { api } from "./api.js";
import { badge, box, el, keepPlace, pretty } from "./dom.js";
import { t, time } from "./language.js";

/**
 * Fetches what is known of a row's alert and shows it; called again whenever the alert changes. While a request is on
 * its way another one waits, so that a storm on one alert does not become a storm of requests.
 */
export async function showHistory(row) {
  if (row.asking) {
    row.again = true;
    return;
  }
  row.asking = true;
  if (!row.body.hasChildNodes()) row.body.replaceChildren(el("p.hint", t("loading")));
  const show = await api("GET", `alerts/${row.alert.id}`).then(
    (alert) => () => showDetail(row, alert),
    (error) => () => showError(row, error.status === 404 ? t("gone") : error.message),
  );
  row.asking = false;
  if (row.gone) return;
  keepPlace(row.body, show);
  if (row.again) {
    row.again = false;
    showHistory(row);
  }
}

/** How long, and how often in it, an entry's message is asked for: it is known once the API has answered ZStack. */
const SEEK = 10_000;
const EACH = 2_000;

/** Fetches the history again where an entry in it came without its message not long ago. */
export function askAgain(row) {
  const { missing } = row;
  const now = Date.now();
  if (!missing || row.asking || now > missing.until || now < missing.next) return;
  missing.next = now + EACH;
  showHistory(row);
}

/** Remembers the newest entry without its message, if there is one. */
function noteMissing(row, { history }) {
  const entry = history.findLast(({ original }) => !original);
  const of = entry && `${entry.at} ${entry.repeats}`;
  if (row.missing?.of !== of) row.missing = entry && { of, until: Date.now() + SEEK, next: 0 };
}

/** The row is no more: an answer that is on its way is not for it. */
export function forget(row) {
  row.gone = true;
}

function showError(row, message) {
  row.body.replaceChildren(el("p.problem-line", message));
}

function showDetail(row, alert) {
  noteMissing(row, alert);
  const facts = el(
    "dl.facts",
    fact("alertKey", el("code", alert.alert_key)),
    fact("opened", time(alert.opened_at)),
    alert.closed_at && fact("closedAt", time(alert.closed_at)),
  );
  const list = row.body.querySelector(".history") ?? el("ol.history");
  const head = el("div.head", facts, alert.forgotten > 0 && el("p.hint.forgotten", t("forgotten", alert.forgotten)));
  if (list.isConnected) row.body.querySelector(".head").replaceWith(head);
  else row.body.replaceChildren(head, list);
  alert.history.forEach((_, index) => showAt(list, index, alert));
  while (list.children.length > alert.history.length) list.lastElementChild.remove();
}

/** What each entry in the page was made of: one that is the same stays, with what is selected or scrolled in it. */
const made = new WeakMap();

function showAt(list, index, alert) {
  const [before, entry] = [alert.history[index - 1], alert.history[index]];
  const node = list.children[index];
  const of = JSON.stringify([document.documentElement.lang, entry, alert.title]);
  if (node && made.get(node) === of) return;
  const fresh = showEntry(entry, before, alert);
  made.set(fresh, of);
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
      el("div.original", el("h3", t("original")), ...showOriginal(entry.original)),
      el("div.event", el("h3", t("event")), box(JSON.stringify(entry.event, null, 2), t("event"))),
    ),
  );
}

/** What a limit of Flashduty's cost. */
export function showCut(names) {
  return el("p.cut", t("cut", names));
}

function showOriginal(original) {
  if (!original) return [el("p.hint", t("noOriginal"))];
  return [
    box(pretty(original.text), t("original")),
    el("p.hint", t("originalAt", time(original.at), original.url)),
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

/** Of two texts of several lines, those lines that the other has not. */
function differing(before, after) {
  if (before === null || after === null || !`${before}${after}`.includes("\n")) return [before, after];
  const [old, now] = [before.split("\n"), after.split("\n")];
  const only = (lines, other) => lines.filter((line) => !other.includes(line)).join("\n") || null;
  return [only(old, now), only(now, old)];
}
