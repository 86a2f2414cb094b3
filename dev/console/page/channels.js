// The channels that this run deployed, and the fields that offer them.

import { el } from "./dom.js";
import { onLanguage, t } from "./language.js";

let channels = [];
const listeners = [];

export function startChannels() {
  onLanguage(offer);
}

/** Shows the channels that this run deployed. */
export function channelsChanged(names) {
  channels = names;
  offer();
  listeners.forEach((callback) => callback());
}

/** Calls `callback` whenever the channels change. */
export function onChannels(callback) {
  listeners.push(callback);
}

export const isDeployed = (name) => channels.includes(name);

/** Offers the channels in every select and every list with `data-channels`. A select keeps its first option: no channel. */
function offer() {
  const options = (text) => channels.map((name) => el("option", { value: name }, text(name)));
  for (const select of document.querySelectorAll("select[data-channels]")) {
    const chosen = select.value;
    select.replaceChildren(select.options[0], ...options((name) => t("inChannel", name)));
    select.value = isDeployed(chosen) ? chosen : "";
  }
  for (const list of document.querySelectorAll("datalist[data-channels]")) list.replaceChildren(...options(() => null));
}

/** A label with the channel of an alert or a push. Null if it has none. */
export const channelLabel = (name) => (name ? el("span.chip", t("inChannel", name)) : null);
