// Chooses English or Chinese, and formats texts, times and numbers in that language.

import { en } from "./texts-en.js";
import { zh } from "./texts-zh.js";

const LANGUAGES = { en: { texts: en, locale: "en-GB", tag: "en" }, zh: { texts: zh, locale: "zh-CN", tag: "zh-CN" } };
const STORED = "language";

let current = LANGUAGES[first()];
const listeners = [];

/** The language in the URL, else the one chosen before, else the one that the browser prefers. */
function first() {
  const asked = new URLSearchParams(location.search).get("lang");
  const guess = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  return [asked, localStorage.getItem(STORED)].find((it) => Object.hasOwn(LANGUAGES, it ?? "")) ?? guess;
}

/** A text in the current language. */
export function t(key, ...values) {
  const text = current.texts[key];
  return typeof text === "function" ? text(...values) : text ?? key;
}

/** The tag of the current language. */
export const languageTag = () => current.tag;

/** Calls `callback` whenever the language changes. */
export function onLanguage(callback) {
  listeners.push(callback);
}

/** Switches to the other language and stores the choice. The language is removed from the URL, which would win. */
export function switchLanguage() {
  const next = current === LANGUAGES.en ? "zh" : "en";
  current = LANGUAGES[next];
  localStorage.setItem(STORED, next);
  const url = new URL(location.href);
  url.searchParams.delete("lang");
  history.replaceState(null, "", url);
  translate();
  listeners.forEach((callback) => callback());
}

/** Fills in the texts of index.html: `data-text` names a text, `data-label` and `data-hint` one for an attribute. */
export function translate() {
  document.documentElement.lang = current.tag;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-hint]")) node.setAttribute("placeholder", t(node.dataset.hint));
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
for (const language of Object.values(LANGUAGES)) {
  // Created once, because creating one takes longer than formatting a hundred times.
  language.clock = new Intl.DateTimeFormat(language.locale, CLOCK);
  language.date = new Intl.DateTimeFormat(language.locale, { month: "short", day: "numeric", ...CLOCK });
  language.number = new Intl.NumberFormat(language.locale);
}

/** A time of day, with its date if that is not today. */
export function time(ms) {
  const today = new Date(ms).toDateString() === new Date().toDateString();
  return (today ? current.clock : current.date).format(ms);
}

/** A duration in its largest unit. Seconds go in steps of five: a list that changes every second is hard to read. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t("seconds", Math.floor(seconds / 5) * 5);
  if (seconds < 3600) return t("minutes", Math.floor(seconds / 60));
  if (seconds < 86400) return t("hours", Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
  return t("days", Math.floor(seconds / 86400));
}

/** A number with separated thousands. */
export function number(value) {
  return current.number.format(value);
}
