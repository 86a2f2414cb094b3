// The list of alerts. All are known, and the first of them have rows. Rows are patched one by one, so that what is
// unfolded, the keyboard focus and the place on the page stay as they are while alerts come and go.

import { api } from "./api.js";
import { announce, badge, byId, copyButton, el, keepPlace, prose, setText } from "./dom.js";
import { askAgain, forget, showHistory } from "./history.js";
import { number, onLanguage, span, t, time } from "./language.js";

/** The most alerts shown: in a storm of thousands nobody reads further, and the page stays quick. */
const MOST = 200;

/** How long news are collected before they are read out, in milliseconds. */
const NEWS = 1500;

/** A stream begins with all alerts, in lists of this length; a shorter one is the last of them, */
const CHUNK = 500;

/** and so is any after which nothing comes for so long, in milliseconds. */
const SILENCE = 2500;

/** Every alert by its id: `{ alert, row }`, where the row is null beyond the MOST that are shown. */
const known = new Map();

/** The same, in the order of the list. */
let sorted = [];

/** While a stream tells of all alerts: since when, and which of those known before it has not named yet. */
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

/** Alerts that are new or changed; with `whole` a stream begins: these, and those to come, are all there are. */
export function alertsChanged(alerts, whole) {
  if (whole) startReplay();
  const news = { opened: [], closed: [] };
  const fresh = new Set();
  for (const alert of alerts) {
    const entry = knownAs(alert);
    const isNews = !replay || alert.updated_at >= replay.since;
    if (isNews && !entry && alert.open) news.opened.push(alert);
    if (isNews && entry?.alert.open && !alert.open) news.closed.push(alert);
    if (isNews && !entry) fresh.add(alert);
    replay?.unnamed.delete(alert.id);
    if (entry) change(entry, alert);
    else learn(alert);
  }
  if (replay) clearTimeout(replay.timer);
  if (replay && alerts.length < CHUNK) endReplay();
  else if (replay) replay.timer = setTimeout(afterSilence, SILENCE);
  showAll(fresh);
  seekOriginals();
  tell(news);
}

export function alertsCleared() {
  if (replay) clearTimeout(replay.timer);
  replay = null;
  [...known.values()].forEach(remove);
  showAll();
  announce(t("cleared"));
}

/** Asks again for what is unfolded without the message it was made of: that may become known a moment later. */
export function seekOriginals() {
  for (const row of rows()) if (row.details.open) askAgain(row);
}

function startReplay() {
  if (replay) clearTimeout(replay.timer);
  replay = { since: Date.now(), unnamed: new Set(known.keys()), timer: null };
}

function afterSilence() {
  endReplay();
  showAll();
}

/** What the stream has not named is no more. */
function endReplay() {
  for (const id of replay.unnamed) remove(known.get(id));
  replay = null;
}

/** Where ZStack can send alarms to; null while nothing is deployed. */
export function webhookChanged(url) {
  webhook = url;
  showEmpty();
}

/** Ids begin anew when the console does; then the same id is another alert. */
const identity = (alert) => `${alert.id} ${alert.opened_at} ${alert.alert_key}`;

/** What is known of an alert; undefined where nothing is. */
function knownAs(alert) {
  const entry = known.get(alert.id);
  if (!entry || identity(entry.alert) === identity(alert)) return entry;
  remove(entry);
  return undefined;
}

function learn(alert) {
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

const rows = () => sorted.slice(0, MOST).flatMap(({ row }) => row ?? []);

/** A row for an alert; one that is new lights up for a moment. */
function makeRow(alert, fresh) {
  const parts = Object.fromEntries(
    ["title", "resource", "state", "count"].map((name) => [name, el(`span.${name}`)]),
  );
  parts.age = el("time.age");
  parts.severity = el("span.severity");
  const summary = el("summary", parts.severity, parts.title, parts.resource, parts.state, parts.age, parts.count);
  const body = el("div.unfolded");
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
  forget(entry.row);
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

/** Open ones first, then closed ones; each newest first. */
function order({ alert: a }, { alert: b }) {
  if (a.open !== b.open) return a.open ? -1 : 1;
  return (a.open ? b.opened_at - a.opened_at : b.closed_at - a.closed_at) || b.id - a.id;
}

function showAll(fresh = new Set()) {
  arrange(fresh);
  showCounts();
}

/**
 * Gives the first alerts their rows, and puts every row where it belongs, from the end, so that one that moves down
 * moves alone and the others stay. Most changes move nothing.
 */
function arrange(fresh) {
  const list = byId("alert-list");
  sorted = sorted.filter((entry) => known.get(entry.alert.id) === entry).sort(order);
  for (const entry of sorted.slice(MOST)) dropRow(entry);
  let next = null;
  for (const entry of sorted.slice(0, MOST).reverse()) {
    entry.row ??= makeRow(entry.alert, fresh.has(entry.alert));
    const { item } = entry.row;
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
  const all = known.size;
  const open = sorted.filter(({ alert }) => alert.open).length;
  for (const row of rows()) row.item.hidden = isFiltered(row);
  setText(byId("count-all"), number(all));
  setText(byId("count-open"), number(open));
  byId("alert-limit").hidden = (filter === "open" ? open : all) <= MOST;
  setText(byId("alert-limit"), t("fullList", MOST));
  byId("alert-empty").hidden = all > 0 && !(filter === "open" && open === 0);
  byId("alert-empty").dataset.filtered = all > 0;
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
