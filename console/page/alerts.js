// The list of alerts. Rows are patched one by one, so that what is unfolded, the keyboard focus and the place on
// the page stay as they are while alerts come and go.

import { api } from "./api.js";
import { announce, badge, byId, copyButton, el, keepPlace, prose, setText } from "./dom.js";
import { forget, showHistory } from "./history.js";
import { number, onLanguage, span, t, time } from "./language.js";

/** The most alerts shown: in a storm of thousands nobody reads further, and the page stays quick. */
const MOST = 200;

/** How long news are collected before they are read out, in milliseconds. */
const NEWS = 1500;

const rows = new Map();
let filter = "all";
let full = false;
let webhook = null;

export function startAlerts() {
  for (const radio of document.querySelectorAll("[name=alert-filter]")) {
    radio.addEventListener("change", () => {
      filter = radio.value;
      showCounts();
    });
  }
  byId("clear").addEventListener("click", () => api("DELETE", "alerts").catch((error) => announce(error.message)));
  setInterval(() => rows.forEach(showAge), 1000);
  onLanguage(() => {
    for (const row of rows.values()) {
      row.since = null;
      showRow(row);
      if (row.details.open) showHistory(row);
    }
    showEmpty();
    showCounts();
  });
  showEmpty();
  showCounts();
}

/** Alerts that are new or changed; with `whole` they are all there are. */
export function alertsChanged(alerts, whole) {
  if (whole) {
    const known = new Set(alerts.map(identity));
    for (const row of [...rows.values()]) if (!known.has(identity(row.alert))) remove(row);
    full = alerts.length >= MOST;
  }
  const news = { opened: [], closed: [] };
  for (const [index, alert] of alerts.entries()) {
    const row = rows.get(alert.id);
    // The newest come first: what is not among them would be shown only to be dropped.
    if (!row && index >= MOST) continue;
    if (!row && alert.open) news.opened.push(alert);
    else if (row?.alert.open && !alert.open) news.closed.push(alert);
    change(row ?? add(alert, whole), alert);
  }
  full ||= alerts.length > MOST;
  arrange();
  showCounts();
  if (!whole) tell(news);
}

export function alertsCleared() {
  [...rows.values()].forEach(remove);
  full = false;
  showCounts();
  announce(t("cleared"));
}

/** Where ZStack can send alarms to; null while nothing is deployed. */
export function webhookChanged(url) {
  webhook = url;
  showEmpty();
}

/** Ids begin anew when the console does; then the same id is another alert. */
const identity = (alert) => `${alert.id} ${alert.opened_at} ${alert.alert_key}`;

function add(alert, known) {
  const parts = Object.fromEntries(
    ["title", "resource", "state", "count"].map((name) => [name, el(`span.${name}`)]),
  );
  parts.age = el("time.age");
  parts.severity = el("span.severity");
  const summary = el("summary", parts.severity, parts.title, parts.resource, parts.state, parts.age, parts.count);
  const body = el("div.unfolded");
  const details = el("details.alert", summary, body);
  // New ones light up for a moment.
  const item = el("li", { class: !known && "fresh", onanimationend: () => item.removeAttribute("class") }, details);
  const row = { alert, item, details, body, parts };
  details.addEventListener("toggle", () => {
    if (details.open) showHistory(row);
    else row.item.hidden = isFiltered(row);
  });
  rows.set(alert.id, row);
  return row;
}

function remove(row) {
  row.item.remove();
  forget(row);
  rows.delete(row.alert.id);
}

function change(row, alert) {
  row.alert = alert;
  const { id, alert_key: key, severity, open } = alert;
  Object.assign(row.details.dataset, { id, key, severity, open });
  showRow(row);
  if (row.details.open) showHistory(row);
}

function showRow(row) {
  const { alert, parts } = row;
  if (parts.severity.textContent !== t(alert.severity)) {
    const fresh = badge(alert.severity, "severity");
    parts.severity.replaceWith(fresh);
    parts.severity = fresh;
  }
  setText(parts.title, alert.title);
  setText(parts.resource, alert.resource);
  setText(parts.state, t(alert.open ? "open" : "closed"));
  setText(parts.count, t("events", alert.events));
  showAge(row);
}

function showAge(row) {
  const { alert, parts } = row;
  const since = alert.open ? alert.opened_at : alert.closed_at ?? alert.updated_at;
  const age = span(Date.now() - since);
  setText(parts.age, alert.open ? age : t("ago", age));
  if (row.since === since) return;
  row.since = since;
  parts.age.dateTime = new Date(since).toISOString();
  parts.age.title = time(since);
}

/** Open ones first, then closed ones; each newest first. */
function order({ alert: a }, { alert: b }) {
  if (a.open !== b.open) return a.open ? -1 : 1;
  return (a.open ? b.opened_at - a.opened_at : b.closed_at - a.closed_at) || b.id - a.id;
}

/**
 * Puts every row where it belongs, from the end, so that one that moves down moves alone and the others stay. Most
 * changes move nothing.
 */
function arrange() {
  const list = byId("alert-list");
  const sorted = [...rows.values()].sort(order);
  if (sorted.length > MOST) full = true;
  sorted.splice(MOST).forEach(remove);
  let next = null;
  for (const { item } of sorted.reverse()) {
    if (item.parentNode !== list || item.nextElementSibling !== next) move(list, item, next);
    next = item;
  }
}

/** Moving an element takes the focus from it, but where the browser has `moveBefore`. */
function move(list, item, next) {
  if (list.moveBefore && item.isConnected) return list.moveBefore(item, next);
  const focused = item.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(item, next);
  focused?.focus({ preventScroll: true });
}

/** What is unfolded stays in sight, though the filter would hide it: somebody is reading it. */
function isFiltered(row) {
  return filter === "open" && !row.alert.open && !row.details.open;
}

function showCounts() {
  const all = [...rows.values()];
  const open = all.filter((row) => row.alert.open).length;
  all.forEach((row) => (row.item.hidden = isFiltered(row)));
  setText(byId("count-all"), number(all.length));
  setText(byId("count-open"), number(open));
  byId("alert-limit").hidden = !full;
  setText(byId("alert-limit"), t("fullList", MOST));
  byId("alert-empty").hidden = all.length > 0 && !(filter === "open" && open === 0);
  byId("alert-empty").dataset.filtered = all.length > 0;
  document.title = t("title", open) + t("name");
}

/** A newcomer's next step; where only the filter hides everything, a line that says so. */
function showEmpty() {
  const target = webhook
    ? [el("p", t("emptyZstack")), el("p", el("code", webhook), " ", copyButton(webhook))]
    : [el("p", ...prose(t("noWebhook")))];
  keepPlace(byId("alert-empty"), () =>
    byId("alert-empty").replaceChildren(
      el("div.nothing-yet", el("h3", t("emptyTitle")), el("p", ...prose(t("emptyTry"))), ...target),
      el("p.nothing-open", t("noneOpen")),
    ),
  );
}

let unsaid = { opened: [], closed: [] };
let timer = null;

/** Reads out what is new; of many at once only how many. */
function tell({ opened, closed }) {
  unsaid.opened.push(...opened);
  unsaid.closed.push(...closed);
  if (timer || unsaid.opened.length + unsaid.closed.length === 0) return;
  timer = setTimeout(() => {
    const say = (list, one, many) => {
      if (list.length > 0) announce(list.length === 1 ? t(one, list[0]) : t(many, list.length));
    };
    say(unsaid.opened, "newAlert", "newAlerts");
    say(unsaid.closed, "closedAlert", "closedAlerts");
    unsaid = { opened: [], closed: [] };
    timer = null;
  }, NEWS);
}
