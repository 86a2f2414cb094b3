// Draws the traffic as SVG: above, messages received and events delivered per second; below, with its own scale, the
// length of the retry queue.

import { el, svg } from "./dom.js";
import { number, t } from "./language.js";

const LEFT = 40;
const RIGHT = 8;
const TOP = 26;
const RATES = 110;
const GAP = 42;
const QUEUE = 70;
const BOTTOM = 20;
const HEIGHT = TOP + RATES + GAP + QUEUE + BOTTOM;

/** Draws the last `seconds` into `plot`, `width` pixels wide. `points` has one point per second, the oldest first. */
export function drawChart(plot, points, seconds, width) {
  const end = points.at(-1)?.at ?? 0;
  const right = width - RIGHT;
  const x = (at) => right - ((end - at) / 1000 / (seconds - 1)) * (right - LEFT);
  const rates = scale(points.flatMap(({ arrived, delivered }) => [arrived, delivered]), TOP, RATES);
  const queue = scale(points.map(({ queued }) => queued), TOP + RATES + GAP, QUEUE);
  plot.replaceChildren(
    svg(
      "svg",
      { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-labelledby": "chart-text" },
      ...minutes(seconds, width, right),
      ...axis(rates, t("perSecond"), right),
      ...axis(queue, t("waiting"), right),
      svg("path.arrivals", { d: area(points, x, rates, "arrived") }),
      svg("path.deliveries", { d: line(points, x, rates, "delivered") }),
      svg("path.queue", { d: area(points, x, queue, "queued") }),
    ),
  );
}

/** Maps values to pixels. The maximum is 1, 2 or 5 times a power of ten, so that the axis has round numbers. */
function scale(values, top, height) {
  const most = Math.max(2, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  const max = [1, 2, 5, 10].map((step) => step * power).find((round) => round >= most);
  return { top, height, max, y: (value) => top + height - (value / max) * height };
}

function axis({ top, height, max, y }, title, right) {
  const ticks = max % 2 === 0 ? [0, max / 2, max] : [0, max];
  return [
    svg("text.axis-title", { x: 0, y: top - 12 }, title),
    ...ticks.flatMap((tick) => [
      svg("line.grid", { x1: LEFT, x2: right, y1: y(tick), y2: y(tick) }),
      svg("text.tick", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, number(tick)),
    ]),
    svg("line.base", { x1: LEFT, x2: right, y1: top + height, y2: top + height }),
  ];
}

function minutes(seconds, width, right) {
  const all = seconds / 60;
  const each = width < 420 ? 2 : 1;
  const ticks = Array.from({ length: all + 1 }, (_, minute) => all - minute).filter((ago) => ago % each === 0);
  return ticks.map((ago) => {
    const x = right - (ago / all) * (right - LEFT);
    const anchor = ago === 0 ? "end" : "middle";
    return svg("text.tick", { x, y: HEIGHT - 4, "text-anchor": anchor }, t("minutesAgo", ago));
  });
}

/** The path of a line with one point per second. */
function line(points, x, { y }, name) {
  const places = points.map((point) => `${x(point.at).toFixed(1)} ${y(point[name]).toFixed(1)}`);
  return places.length > 0 ? `M${places.join("L")}` : "";
}

/** The same, closed at the bottom. */
function area(points, x, scale, name) {
  if (points.length === 0) return "";
  const base = scale.y(0).toFixed(1);
  return `${line(points, x, scale, name)}V${base}H${x(points[0].at).toFixed(1)}Z`;
}

/** The entries of the chart's legend. */
export function legend() {
  const entry = (name, shape) =>
    el("li", svg("svg", { viewBox: "0 0 20 12", width: 20, height: 12, "aria-hidden": "true" }, shape), t(name));
  return [
    entry("arrivals", svg("path.arrivals", { d: "M1 11V5L7 2L13 6L19 3V11Z" })),
    entry("deliveries", svg("path.deliveries", { d: "M1 9L7 4L13 8L19 3" })),
    entry("queueLength", svg("path.queue", { d: "M1 11V8L10 3L19 7V11Z" })),
  ];
}
