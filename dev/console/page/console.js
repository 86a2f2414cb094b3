// Starts the page: shows the section that the URL names, and updates everything from the console's event stream.

import { alertsChanged, alertsCleared, refetchMissingSources, startAlerts, webhookChanged } from "./alerts.js";
import { channelsChanged, startChannels } from "./channels.js";
import { byId, copyButton, el, prose, setText } from "./dom.js";
import { bannerText, faultsChanged, refused, refusalsCleared, startFaults, traffic } from "./faults.js";
import { onLanguage, switchLanguage, t, translate } from "./language.js";
import { setupChanged, startSetup } from "./setup.js";
import { startStorm } from "./storm.js";
import { startTry } from "./try.js";

const SECTIONS = ["alerts", "try", "faults", "setup"];

/** Milliseconds until a new stream is opened after the browser gave up the old one. */
const RECONNECT = 3000;

let stack = { ready: false, webhook_url: null, channels: [] };
let connection = "connecting";

/** Shows the section that the URL names, or the first one. */
function route(focus) {
  const chosen = SECTIONS.find((section) => location.hash === `#${section}`) ?? SECTIONS[0];
  for (const section of SECTIONS) {
    byId(section).hidden = section !== chosen;
    const link = document.querySelector(`nav a[href="#${section}"]`);
    if (section === chosen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  if (focus) byId(`${chosen}-heading`).focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("section", { detail: chosen }));
}

function showConnection(state) {
  connection = state;
  byId("connection").dataset.state = state;
  setText(byId("connection"), t(state));
}

/** Shows in every section why alerts may not arrive at the moment. */
function showBanner() {
  const text = bannerText();
  byId("fault-banner").hidden = text === "";
  setText(byId("fault-banner"), text);
}

function showStack() {
  const url = stack.webhook_url;
  const channels = stack.channels.map((name) => t("channelUrl", name));
  const deployed = url && [
    ...[t("webhook"), " ", el("code", url), " ", copyButton(url), " "],
    ...prose([...channels, t("password")].join(" ")),
  ];
  byId("webhook").replaceChildren(...(deployed || prose(t("noWebhook"))));
  byId("send-hint").replaceChildren(...prose(t(url ? "sendHint" : "noWebhook")));
  webhookChanged(url);
}

/**
 * Opens the stream. Every stream starts with the whole state, also after a reconnect: the first list of each kind
 * replaces what the page knows, and the later ones add to it.
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
    // The first lists replace everything anyway, and keep alerts expanded.
    if (whole.size > 0) return;
    alertsCleared();
    refusalsCleared();
  });
  on("faults", (faults) => {
    faultsChanged(faults);
    showBanner();
  });
  on("traffic", (points, all) => {
    traffic(points, all);
    refetchMissingSources();
    showBanner();
  });
  on("refused", refused);
  on("setup", setupChanged);
  on("stack", (now) => {
    stack = now;
    channelsChanged(stack.channels);
    showStack();
  });
}

function showLanguage() {
  setText(byId("language"), t("otherLanguage"));
  byId("language").lang = t("otherLanguage") === "English" ? "en" : "zh-CN";
  showConnection(connection);
  showBanner();
  showStack();
}

translate();
startAlerts();
startChannels();
startTry();
startFaults();
startStorm();
startSetup();
onLanguage(showLanguage);
showLanguage();
byId("language").addEventListener("click", switchLanguage);
document.querySelector(".skip").addEventListener("click", (event) => {
  // Following the link would change the hash, which selects the section.
  event.preventDefault();
  byId("content").focus();
});
window.addEventListener("hashchange", () => route(true));
route(false);
connect();
