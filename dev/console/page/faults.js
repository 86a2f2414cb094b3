// The section "Faults": sets the faults that the stand-in simulates, and shows the traffic and the refused pushes.

import { api } from "./api.js";
import { channelLabel, onChannels } from "./channels.js";
import { drawChart, legend } from "./chart.js";
import { byId, el, prose, setText } from "./dom.js";
import { number, onLanguage, t, time } from "./language.js";

/** How many seconds the chart shows. */
const SECONDS = 300;
/** The most refused pushes that are shown. */
const MAX_REFUSALS = 50;

let faults = { fault: "none", status: 503, millis: 3000, channel: null, rate_limit: "documented" };
let points = [];
let refusals = [];
let width = 0;

export function startFaults() {
  const form = byId("faults-form");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    // Choosing a status or a delay also chooses its fault.
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
  onChannels(showForm);
  showAll();
}

async function apply() {
  const fault = byId("faults-form").elements.fault.value;
  const millis = byId("slow-millis").valueAsNumber;
  const error = await api("PUT", "faults", {
    fault,
    status: Number(byId("refuse-status").value),
    millis: Number.isFinite(millis) ? Math.round(millis) : faults.millis,
    channel: byId("fault-channel").value,
    rate_limit: byId("rate-limit").value,
  }).then(() => null, (error) => error);
  byId("faults-error").hidden = !error;
  setText(byId("faults-error"), error?.message ?? "");
  if (error) showForm();
}

/** Shows the faults that are set. Another tab or a script may have changed them. */
export function faultsChanged(now) {
  faults = now;
  showForm();
}

function showForm() {
  const form = byId("faults-form");
  form.elements.fault.value = faults.fault;
  byId("rate-limit").value = faults.rate_limit;
  set("fault-channel", faults.channel ?? "");
  set("refuse-status", faults.status);
  set("slow-millis", faults.millis);
}

/** Sets a field, unless it has the focus or does not offer the value. */
function set(id, value) {
  const field = byId(id);
  const offered = !field.options || [...field.options].some((option) => option.value === String(value));
  if (offered && document.activeElement !== field) field.value = value;
}

/** Says why alerts may not arrive at the moment. Empty if there is no reason. */
export function bannerText() {
  const last = points.at(-1);
  const { fault, status, millis, channel, rate_limit: limit } = faults;
  const only = (text) => (channel ? t("bannerOnly", text, channel) : text);
  return [
    fault === "refuse" && only(t("bannerRefuse", status)),
    fault === "slow" && only(t("bannerSlow", number(millis))),
    fault === "unavailable" && only(t("bannerUnavailable")),
    limit === "tight" && t("bannerTight"),
    last?.queued > 0 && t("bannerQueued", number(last.queued)),
    last?.dead > 0 && t("bannerDead", last.dead),
  ].filter(Boolean).join(" · ");
}

/** Adds points of the chart, one per second. If `whole` is true, they replace all earlier ones. */
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
  if (byId("faults").hidden || width === 0) return;
  setText(byId("chart-text"), t("chart", words));
  drawChart(byId("plot"), points, SECONDS, width);
}

/** Adds pushes that Flashduty refused. If `whole` is true, they replace all earlier ones. */
export function refused(more, whole) {
  refusals = [...(whole ? [] : refusals), ...more].slice(-MAX_REFUSALS);
  if (whole) byId("refusals").replaceChildren();
  more.slice(-MAX_REFUSALS).forEach((one) => byId("refusals").prepend(showRefusal(one)));
  while (byId("refusals").children.length > MAX_REFUSALS) byId("refusals").lastElementChild.remove();
  byId("no-refusals").hidden = refusals.length > 0;
}

export function refusalsCleared() {
  refused([], true);
}

function showRefusal({ at, status, title, channel, violations, fault }) {
  return el(
    "li",
    el("time.when", { datetime: new Date(at).toISOString() }, time(at)),
    el("span.status", status ?? t("unanswered")),
    el("span.title", title, channel && " ", channelLabel(channel)),
    el("ul", ...violations.map((it) => el("li", { lang: "en" }, it)), fault && el("li", t("simulated"))),
  );
}

function showAll() {
  byId("legend").replaceChildren(...legend());
  byId("dead-hint").replaceChildren(...prose(t("deadHint")));
  refused(refusals, true);
  showTraffic();
}
