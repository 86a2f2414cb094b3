// The page: which section is shown, in which language, and the stream that keeps it up to date.

import { alertsChanged, alertsCleared, seekOriginals, startAlerts, webhookChanged } from "./alerts.js";
import { byId, copyButton, el, prose, setText } from "./dom.js";
import { onLanguage, switchLanguage, t, translate } from "./language.js";
import { startStorm } from "./storm.js";
import { startTry } from "./try.js";
import { refused, refusalsCleared, skyText, startWeather, traffic, weatherChanged } from "./weather.js";

const SECTIONS = ["alerts", "try", "weather"];

/** How long to wait before a new stream, in milliseconds, where the browser has given the old one up. */
const RECONNECT = 3000;

let stack = { ready: false, webhook_url: null };
let connection = "connecting";

/** Shows the section that the URL names, or the first. */
function route(focus) {
  const asked = SECTIONS.find((section) => location.hash === `#${section}`) ?? SECTIONS[0];
  for (const section of SECTIONS) {
    byId(section).hidden = section !== asked;
    const link = document.querySelector(`nav a[href="#${section}"]`);
    if (section === asked) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  if (focus) byId(`${asked}-heading`).focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("section", { detail: asked }));
}

function showConnection(state) {
  connection = state;
  byId("connection").dataset.state = state;
  setText(byId("connection"), t(state));
}

/** The state of the world outside this page: what other sections should know of the weather, and ZStack's URL. */
function showSky() {
  const text = skyText();
  byId("sky").hidden = text === "";
  setText(byId("sky"), text);
}

function showStack() {
  const url = stack.webhook_url;
  const deployed = url && [t("webhook"), " ", el("code", url), " ", copyButton(url), " ", ...prose(t("password"))];
  byId("webhook").replaceChildren(...(deployed || prose(t("noWebhook"))));
  byId("send-hint").replaceChildren(...prose(t(url ? "sendHint" : "noWebhook")));
  webhookChanged(url);
}

/**
 * The stream begins with the whole state, also when it begins again: the first lists replace what is known, and
 * those that follow add to it.
 */
function connect() {
  const stream = new EventSource("/api/stream");
  const whole = new Set();
  const on = (name, callback) =>
    stream.addEventListener(name, ({ data }) => callback(JSON.parse(data), whole.delete(name)));
  stream.addEventListener("open", () => {
    ["alerts", "traffic", "refused"].forEach((name) => whole.add(name));
    showConnection("live");
  });
  stream.addEventListener("error", () => {
    showConnection("lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT);
  });
  on("alerts", alertsChanged);
  on("cleared", () => {
    // The lists to come replace everything anyway, and keep what is unfolded.
    if (whole.size > 0) return;
    alertsCleared();
    refusalsCleared();
  });
  on("weather", (weather) => {
    weatherChanged(weather);
    showSky();
  });
  on("traffic", (points, all) => {
    traffic(points, all);
    seekOriginals();
    showSky();
  });
  on("refused", refused);
  on("stack", (now) => {
    stack = now;
    showStack();
  });
}

function showLanguage() {
  setText(byId("language"), t("otherLanguage"));
  byId("language").lang = t("otherLanguage") === "English" ? "en" : "zh-CN";
  showConnection(connection);
  showSky();
  showStack();
}

translate();
startAlerts();
startTry();
startWeather();
startStorm();
onLanguage(showLanguage);
showLanguage();
byId("language").addEventListener("click", switchLanguage);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The hash is the section's.
  event.preventDefault();
  byId("content").focus();
});
window.addEventListener("hashchange", () => route(true));
route(false);
connect();
