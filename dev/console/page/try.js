// The section "Try a message": previews a message while it is typed, and sends it.

import { api } from "./api.js";
import { isDeployed, onChannels } from "./channels.js";
import { announce, box, byId, el, keepPlace, prose } from "./dom.js";
import { languageTag, onLanguage, t } from "./language.js";
import { showPreview } from "./preview.js";

/** Milliseconds without typing before the preview is requested. */
const PAUSE = 250;

/** The sample that is selected first, so that Send works immediately. */
const FIRST = "alarm";

/** Statuses after which the message may have been sent: the console or the local API did not answer. */
const MAYBE_SENT = new Set([0, 502]);

let timer = null;
let inFlight = null;
let shown = () => [el("p.hint", t("previewEmpty"))];
let templates = null;
let samples = [];
let answer = null;

/** The headline of the preview that screen readers heard last. Only a changed one is announced. */
let headline = "";

export async function startTry() {
  byId("message").addEventListener("input", previewSoon);
  byId("query").addEventListener("input", previewSoon);
  byId("channel").addEventListener("input", channelTyped);
  byId("sample").addEventListener("change", ({ target }) => selectSample(target.value));
  byId("send").addEventListener("click", send);
  onLanguage(showInLanguage);
  onChannels(showChannelNote);
  showAll();
  [samples, templates] = await Promise.all([fetchUntilAnswered("samples"), fetchUntilAnswered("templates")]);
  showSamples();
  if (byId("message").value === "") selectSample(FIRST);
  else preview();
}

/** Repeats a request until it succeeds: the page can be loaded while the console is restarting. */
async function fetchUntilAnswered(path) {
  for (;;) {
    const answer = await api("GET", path).catch(() => null);
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function selectSample(name) {
  const sample = samples.find((sample) => sample.name === name);
  if (!sample) return;
  byId("sample").value = name;
  byId("message").value = sample.body;
  byId("query").value = sample.query;
  preview();
}

function previewSoon() {
  byId("sample").value = "";
  startPause();
}

function startPause() {
  clearTimeout(timer);
  timer = setTimeout(preview, PAUSE);
}

const request = () => ({
  body: byId("message").value,
  query: byId("query").value.replace(/^\?/, ""),
  channel: byId("channel").value,
});

/** Any sample can be sent to any channel, so the sample stays selected. */
function channelTyped() {
  const wasValid = byId("channel").getAttribute("aria-invalid") !== "true";
  showChannelNote();
  if (wasValid && !isChannelValid()) announce(t("channelInvalid"));
  startPause();
}

/** Whether the field names a channel or none. The console checks it too, by the relay's own rule. */
const isChannelValid = () => byId("channel").validity.valid;

/** Says where the message goes, or why it cannot go there. */
function showChannelNote() {
  const name = byId("channel").value;
  const valid = isChannelValid();
  const note = !valid ? "channelInvalid" : name === "" ? null : isDeployed(name) ? "channelGoes" : "channelUnknown";
  byId("channel").setAttribute("aria-invalid", String(!valid));
  byId("channel-note").className = valid ? "hint" : "problem-line";
  byId("channel-note").hidden = note === null;
  byId("channel-note").replaceChildren(...(note ? prose(t(note, name)) : []));
}

/** Requests the preview. Only the answer to the last request is shown. */
async function preview() {
  clearTimeout(timer);
  inFlight?.abort();
  const mine = (inFlight = new AbortController());
  if (byId("message").value === "") {
    show(() => [el("p.hint", t("previewEmpty"))]);
    return;
  }
  byId("preview").setAttribute("aria-busy", "true");
  try {
    const result = await api("POST", "preview", { ...request(), language: languageTag() }, mine.signal);
    if (mine === inFlight) show(() => showPreview(result, templates));
  } catch (error) {
    if (mine === inFlight && error.name !== "AbortError") show(() => [el("p.problem-line", error.message)]);
  }
}

function show(make) {
  shown = make;
  byId("preview").removeAttribute("aria-busy");
  keepPlace(byId("preview"), () => byId("preview").replaceChildren(...shown()));
  const parts = byId("preview").querySelector(".problem-title, .card-head")?.childNodes ?? [];
  const newHeadline = [...parts].map((part) => part.textContent).join(" ");
  if (newHeadline !== headline && !byId("try").hidden) announce(newHeadline);
  headline = newHeadline;
  // Scrolls the box to the mark, but not the page.
  for (const mark of byId("preview").querySelectorAll("mark")) {
    const around = mark.parentElement;
    around.scrollTop = mark.offsetTop - around.clientHeight / 2;
  }
}

async function send() {
  const button = byId("send");
  if (button.getAttribute("aria-disabled") === "true") return;
  if (!isChannelValid()) {
    answer = { invalidChannel: true };
    showAnswer();
    byId("channel").focus();
    return;
  }
  // Not `disabled`, because that would remove the keyboard focus.
  button.setAttribute("aria-disabled", "true");
  answer = { sending: true };
  showAnswer();
  answer = await api("POST", "send", request()).catch((error) => ({ error }));
  button.removeAttribute("aria-disabled");
  showAnswer();
}

function showAnswer() {
  byId("answer").replaceChildren(...(answer ? answerParts(answer) : []));
}

function answerParts({ sending, invalidChannel, error, status, body, took_ms: took }) {
  if (sending) return [el("p.hint", t("sending"))];
  if (invalidChannel) return [el("h3", t("notSent")), el("p.problem-line", ...prose(t("channelInvalid")))];
  if (error) {
    const maybeSent = MAYBE_SENT.has(error.status);
    return [
      el("h3", t(maybeSent ? "noAnswer" : "notSent")),
      el("p.problem-line", error.message),
      maybeSent && el("p.meaning", ...prose(t("mayBeTaken"))),
    ].filter(Boolean);
  }
  const success = status >= 200 && status < 300;
  return [
    el("h3", t("answer")),
    el("p", el("span.status", { "data-success": String(success) }, status), " ", el("span.hint", t("took", took))),
    box(body, t("answer")),
    el("p.meaning", ...prose(t("answers")[status] ?? t(success ? "answer2xx" : "answerOther"))),
  ];
}

function showSamples() {
  const chosen = byId("sample").value;
  const options = samples.map(({ name }) => el("option", { value: name }, name));
  byId("sample").replaceChildren(el("option", { value: "" }, t("sampleNone")), ...options);
  byId("sample").value = chosen;
}

/** Shows everything in the new language. The preview is requested again, because its events have another language, too. */
function showInLanguage() {
  showAll();
  if (templates) preview();
}

function showAll() {
  showSamples();
  showChannelNote();
  show(shown);
  showAnswer();
}
