// Weather: the switches of the stand-in, and what comes of them.

import { api } from "./api.js";
import { drawChart, legend } from "./chart.js";
import { byId, el, prose, setText } from "./dom.js";
import { number, onLanguage, t, time } from "./language.js";

/** How much of the past is shown: five minutes of seconds, and so many refusals. */
const SECONDS = 300;
const MOST = 50;

let weather = { fault: "fair", status: 503, millis: 3000, rate_limit: "documented" };
let points = [];
let refusals = [];
let width = 0;

export function startWeather() {
  const form = byId("weather-form");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    // Who chooses what to refuse with, or how slow to be, wants just that.
    if (target.id === "refuse-status") form.elements.fault.value = "refuse";
    if (target.id === "slow-millis") form.elements.fault.value = "slow";
    apply();
  });
  new ResizeObserver(([{ contentRect }]) => {
    width = Math.floor(contentRect.width);
    showTraffic();
  }).observe(byId("plot"));
  document.addEventListener("section", showTraffic);
  onLanguage(showAll);
  showAll();
}

async function apply() {
  const fault = byId("weather-form").elements.fault.value;
  const millis = byId("slow-millis").valueAsNumber;
  const error = await api("PUT", "weather", {
    fault,
    status: Number(byId("refuse-status").value),
    millis: Number.isFinite(millis) ? Math.round(millis) : weather.millis,
    rate_limit: byId("rate-limit").value,
  }).then(() => null, (error) => error);
  byId("weather-error").hidden = !error;
  setText(byId("weather-error"), error?.message ?? "");
  if (error) showForm();
}

/** The weather as it is, whoever made it: another tab, or a script. */
export function weatherChanged(now) {
  weather = now;
  showForm();
}

function showForm() {
  const form = byId("weather-form");
  form.elements.fault.value = weather.fault;
  byId("rate-limit").value = weather.rate_limit;
  set("refuse-status", weather.status);
  set("slow-millis", weather.millis);
}

/** Not while somebody is typing in it, nor to what the field does not offer. */
function set(id, value) {
  const field = byId(id);
  const offered = !field.options || [...field.options].some((option) => option.value === String(value));
  if (value && offered && document.activeElement !== field) field.value = value;
}

/** What other sections should know: why alerts may not arrive just now. Empty when all is well. */
export function skyText() {
  const last = points.at(-1);
  const { fault, status, millis, rate_limit: limit } = weather;
  return [
    fault === "refuse" && t("skyRefuse", status),
    fault === "slow" && t("skySlow", number(millis)),
    fault === "away" && t("skyAway"),
    limit === "tight" && t("skyTight"),
    last?.queued > 0 && t("skyQueued", number(last.queued)),
    last?.dead > 0 && t("skyDead", last.dead),
  ].filter(Boolean).join(" · ");
}

/** Points of the chart, one a second; with `whole` they are all there are. */
export function traffic(more, whole) {
  const fresh = new Set(more.map((point) => point.at));
  points = [...(whole ? [] : points.filter((point) => !fresh.has(point.at))), ...more];
  points = points.sort((a, b) => a.at - b.at).slice(-SECONDS);
  showTraffic();
}

const sum = (name) => points.reduce((total, point) => total + point[name], 0);

function showTraffic() {
  const last = points.at(-1) ?? { queued: 0, dead: 0 };
  const longest = Math.max(0, ...points.map((point) => point.queued));
  const sums = Object.fromEntries(["arrived", "delivered", "refused"].map((name) => [name, sum(name)]));
  const counts = { ...sums, queued: last.queued, dead: last.dead, longest };
  const words = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, number(count)]));
  for (const id of ["arrived", "delivered", "refused", "queued", "dead"]) setText(byId(id), words[id]);
  if (byId("weather").hidden || width === 0) return;
  setText(byId("chart-text"), t("chart", words));
  drawChart(byId("plot"), points, SECONDS, width);
}

/** Pushes that Flashduty did not take; with `whole` they are all there are. */
export function refused(more, whole) {
  refusals = [...(whole ? [] : refusals), ...more].slice(-MOST);
  if (whole) byId("refusals").replaceChildren();
  more.slice(-MOST).forEach((one) => byId("refusals").prepend(showRefusal(one)));
  while (byId("refusals").children.length > MOST) byId("refusals").lastElementChild.remove();
  byId("no-refusals").hidden = refusals.length > 0;
}

export function refusalsCleared() {
  refused([], true);
}

function showRefusal({ at, status, title, violations, weather: byWeather }) {
  return el(
    "li",
    el("time.when", { datetime: new Date(at).toISOString() }, time(at)),
    el("span.status", status ?? t("unanswered")),
    el("span.title", title),
    el("ul", ...violations.map((it) => el("li", { lang: "en" }, it)), byWeather && el("li", t("byWeather"))),
  );
}

function showAll() {
  byId("legend").replaceChildren(...legend());
  byId("dead-hint").replaceChildren(...prose(t("deadHint")));
  refused(refusals, true);
  showTraffic();
}
