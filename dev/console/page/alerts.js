// The list of alerts. The page knows all alerts, but only the first ones have rows. Rows are updated one by one, so
// that expanded alerts, the keyboard focus and the scroll position stay as they are.

import { api } from "./api.js";
import { channelLabel } from "./channels.js";
import { announce, badge, byId, copyButton, el, keepPlace, prose, setText } from "./dom.js";
import { markRemoved, refetchMissingSource, showHistory } from "./history.js";
import { number, onLanguage, span, t, time } from "./language.js";

/** The most alerts with rows. It keeps the page fast in an alert storm. */
const MAX_ROWS = 200;

/** Milliseconds for which changes are collected before screen readers hear of them. */
const ANNOUNCE_DELAY = 1500;

/** A stream starts with all alerts, in lists of this length. A shorter list is the last one. */
const CHUNK = 500;

/** If no list follows for so many milliseconds, the one before was the last one, too. */
const CHUNK_TIMEOUT = 2500;

/** Every alert by its id: `{ alert, row }`. The row is null if the alert is not among the first MAX_ROWS. */
const known = new Map();

/** The same entries in the order of the list. */
let sorted = [];

/** While a stream sends all alerts: when it started, and the ids of known alerts that it has not sent yet. */
let replay = null;

let filter = "all";
let webhook = null;

export function startAlerts() {
  for (const radio of document.querySelectorAll("[name=alert-filter]")) {
    radio.addEventListener("change", () => {
      filter = radio.value;
      showCounts();
    });
  }
  byId("clear").addEventListener("click", () => api("DELETE", "alerts").catch((error) => announce(error.message)));
  setInterval(() => rows().forEach(showAge), 1000);
  onLanguage(() => {
    for (const row of rows()) {
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

/** Shows new and changed alerts. If `whole` is true, a stream has started and sends all alerts. */
export function alertsChanged(alerts, whole) {
  if (whole) startReplay();
  const changes = { opened: [], closed: [] };
  const fresh = new Set();
  for (const alert of alerts) {
    const entry = entryOf(alert);
    const isChange = !replay || alert.updated_at >= replay.since;
    if (isChange && !entry && alert.open) changes.opened.push(alert);
    if (isChange && entry?.alert.open && !alert.open) changes.closed.push(alert);
    if (isChange && !entry) fresh.add(alert);
    replay?.missing.delete(alert.id);
    if (entry) change(entry, alert);
    else add(alert);
  }
  if (replay) clearTimeout(replay.timer);
  if (replay && alerts.length < CHUNK) endReplay();
  else if (replay) replay.timer = setTimeout(afterTimeout, CHUNK_TIMEOUT);
  showAll(fresh);
  refetchMissingSources();
  announceChanges(changes);
}

export function alertsCleared() {
  if (replay) clearTimeout(replay.timer);
  replay = null;
  [...known.values()].forEach(remove);
  showAll();
  announce(t("cleared"));
}

/** Fetches the history of expanded alerts again if a message in it is missing. */
export function refetchMissingSources() {
  for (const row of rows()) if (row.details.open) refetchMissingSource(row);
}

function startReplay() {
  if (replay) clearTimeout(replay.timer);
  replay = { since: Date.now(), missing: new Set(known.keys()), timer: null };
}

function afterTimeout() {
  endReplay();
  showAll();
}

/** Removes the alerts that the stream did not send, because they no longer exist. */
function endReplay() {
  for (const id of replay.missing) remove(known.get(id));
  replay = null;
}

/** Shows the webhook URL for ZStack. It is null until the local API is deployed. */
export function webhookChanged(url) {
  webhook = url;
  showEmpty();
}

/** After a restart of the console, the same id can be another alert. */
const identity = (alert) => `${alert.id} ${alert.opened_at} ${alert.alert_key}`;

/** The entry of an alert, or undefined if the alert is new. */
function entryOf(alert) {
  const entry = known.get(alert.id);
  if (!entry || identity(entry.alert) === identity(alert)) return entry;
  remove(entry);
  return undefined;
}

function add(alert) {
  const entry = { alert, row: null };
  known.set(alert.id, entry);
  sorted.push(entry);
}

function change(entry, alert) {
  entry.alert = alert;
  if (!entry.row) return;
  entry.row.alert = alert;
  showRow(entry.row);
  if (entry.row.details.open) showHistory(entry.row);
}

function remove(entry) {
  known.delete(entry.alert.id);
  dropRow(entry);
}

const rows = () => sorted.slice(0, MAX_ROWS).flatMap(({ row }) => row ?? []);

/** Creates a row. The row of a new alert is highlighted for a moment. */
function makeRow(alert, fresh) {
  const parts = Object.fromEntries(
    ["title", "resource", "state", "count"].map((name) => [name, el(`span.${name}`)]),
  );
  parts.age = el("time.age");
  parts.severity = el("span.severity");
  parts.channel = el("span.channel-of");
  const { severity, title, channel, resource, state, age, count } = parts;
  const summary = el("summary", severity, title, channel, resource, state, age, count);
  const body = el("div.alert-body");
  const details = el("details.alert", summary, body);
  const item = el("li", { class: fresh && "fresh", onanimationend: () => item.removeAttribute("class") }, details);
  const row = { alert, item, details, body, parts };
  details.addEventListener("toggle", () => {
    if (details.open) showHistory(row);
    else row.item.hidden = isFiltered(row);
  });
  showRow(row);
  return row;
}

function dropRow(entry) {
  if (!entry.row) return;
  entry.row.item.remove();
  markRemoved(entry.row);
  entry.row = null;
}

function showRow(row) {
  const { alert, parts } = row;
  const { id, alert_key: key, severity, open } = alert;
  Object.assign(row.details.dataset, { id, key, severity, open });
  if (parts.severity.textContent !== t(alert.severity)) {
    const fresh = badge(alert.severity, "severity");
    parts.severity.replaceWith(fresh);
    parts.severity = fresh;
  }
  setText(parts.title, alert.title);
  setText(parts.resource, alert.resource);
  parts.channel.replaceChildren(...[channelLabel(alert.channel)].filter(Boolean));
  setText(parts.state, t(alert.open ? "open" : "closed"));
  setText(parts.count, t("events", alert.events));
  showAge(row);
}

function showAge(row) {
  const { alert, parts } = row;
  const since = alert.open ? alert.opened_at : alert.closed_at;
  const age = span(Date.now() - since);
  setText(parts.age, alert.open ? age : t("ago", age));
  if (row.since === since) return;
  row.since = since;
  parts.age.dateTime = new Date(since).toISOString();
  parts.age.title = time(since);
}

/** Open alerts come before closed ones, and newer before older ones. */
function order({ alert: a }, { alert: b }) {
  if (a.open !== b.open) return a.open ? -1 : 1;
  return (a.open ? b.opened_at - a.opened_at : b.closed_at - a.closed_at) || b.id - a.id;
}

function showAll(fresh = new Set()) {
  arrange(fresh);
  showCounts();
}

/**
 * Creates the missing rows, and moves every row to its place. It starts from the end, so that a row that moves down
 * does not move the others. Most changes move no row.
 */
function arrange(fresh) {
  const list = byId("alert-list");
  sorted = sorted.filter((entry) => known.get(entry.alert.id) === entry).sort(order);
  for (const entry of sorted.slice(MAX_ROWS)) dropRow(entry);
  let next = null;
  for (const entry of sorted.slice(0, MAX_ROWS).reverse()) {
    entry.row ??= makeRow(entry.alert, fresh.has(entry.alert));
    const { item } = entry.row;
    if (item.parentNode !== list || item.nextElementSibling !== next) move(list, item, next);
    next = item;
  }
}

/** Moves an element and keeps the keyboard focus in it. `moveBefore` does that itself, if the browser has it. */
function move(list, item, next) {
  if (list.moveBefore && item.isConnected) return list.moveBefore(item, next);
  const focused = item.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(item, next);
  focused?.focus({ preventScroll: true });
}

/** Whether the filter hides a row. An expanded alert stays visible, because somebody is reading it. */
function isFiltered(row) {
  return filter === "open" && !row.alert.open && !row.details.open;
}

function showCounts() {
  const all = known.size;
  const open = sorted.filter(({ alert }) => alert.open).length;
  for (const row of rows()) row.item.hidden = isFiltered(row);
  setText(byId("count-all"), number(all));
  setText(byId("count-open"), number(open));
  byId("alert-limit").hidden = (filter === "open" ? open : all) <= MAX_ROWS;
  setText(byId("alert-limit"), t("fullList", MAX_ROWS));
  byId("alert-empty").hidden = all > 0 && !(filter === "open" && open === 0);
  byId("alert-empty").dataset.filtered = all > 0;
  document.title = t("title", open) + t("name");
}

/** What an empty list shows: the next step, or that the filter hides all alerts. */
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

let unannounced = { opened: [], closed: [] };
let timer = null;

/** Announces opened and closed alerts to screen readers. If there are several, only their number. */
function announceChanges({ opened, closed }) {
  unannounced.opened.push(...opened);
  unannounced.closed.push(...closed);
  if (timer || unannounced.opened.length + unannounced.closed.length === 0) return;
  timer = setTimeout(() => {
    const announceList = (list, one, many) => {
      if (list.length > 0) announce(list.length === 1 ? t(one, list[0]) : t(many, list.length));
    };
    announceList(unannounced.opened, "newAlert", "newAlerts");
    announceList(unannounced.closed, "closedAlert", "closedAlerts");
    unannounced = { opened: [], closed: [] };
    timer = null;
  }, ANNOUNCE_DELAY);
}
