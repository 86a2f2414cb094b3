// Builds elements of the page. Text from messages is always inserted as text, never as markup: a name like
// `<img onerror=…>` is shown as it is.

import { t } from "./language.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Creates an element: `el("p.hint", { id: "x" }, "text", otherElement)`. The attributes are optional. An attribute that
 * is null or false is not set. An attribute `on…` adds a listener.
 */
export function el(tag, ...children) {
  const [name, ...classes] = tag.split(".");
  return build(document.createElement(name), classes, children);
}

/** Creates an SVG element in the same way. */
export function svg(tag, ...children) {
  const [name, ...classes] = tag.split(".");
  return build(document.createElementNS(SVG, name), classes, children);
}

function build(node, classes, children) {
  const plain = children.length > 0 && Object.getPrototypeOf(children[0] ?? "") === Object.prototype;
  const attributes = plain ? children.shift() : {};
  if (classes.length > 0) node.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes)) {
    if (isNothing(value)) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => !isNothing(child)));
  return node;
}

const isNothing = (value) => value === null || value === undefined || value === false;

export const byId = (id) => document.getElementById(id);

/** Sets an element's text if it differs. An unchanged text is neither laid out nor read out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Renders `code` and [links](#try) in a text. Only for the page's own texts, not for text from messages. */
export function prose(text) {
  return text.split(/(`[^`]+`|\[[^\]]+\]\(#[a-z]+\))/).filter(Boolean).map((part) => {
    const link = /^\[([^\]]+)\]\((#[a-z]+)\)$/.exec(part);
    if (link) return el("a", { href: link[2] }, link[1]);
    return part.length > 2 && part.startsWith("`") ? el("code", part.slice(1, -1)) : part;
  });
}

/** A box with preformatted text. Long text can be scrolled with the keyboard too. */
export function box(text, label) {
  return el("pre", { tabindex: 0, role: "group", "aria-label": label }, text);
}

/** Indents JSON. Returns any other text unchanged. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * Runs `update`, which replaces the content of `container`. Afterwards the keyboard focus and the scroll positions are
 * restored on the elements at the same places.
 */
export function keepPlace(container, update) {
  const focus = container.contains(document.activeElement) ? path(container, document.activeElement) : null;
  const scrolled = [...container.querySelectorAll("pre")].map((pre) => pre.scrollTop);
  update();
  container.querySelectorAll("pre").forEach((pre, index) => {
    if (scrolled[index]) pre.scrollTop = scrolled[index];
  });
  const again = focus?.reduce((node, index) => node?.children[index], container);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
}

function path(container, node) {
  const indexes = [];
  for (let at = node; at !== container; at = at.parentElement) {
    indexes.unshift([...at.parentElement.children].indexOf(at));
  }
  return indexes;
}

let pending = [];

/** Announces a text to screen readers. Texts that come within 100 ms are announced together. */
export function announce(text) {
  pending.push(text);
  if (pending.length > 1) return;
  setTimeout(() => {
    byId("announcer").textContent = pending.join(". ");
    pending = [];
  }, 100);
}

/** A button that copies a text to the clipboard. */
export function copyButton(text) {
  const onclick = async ({ currentTarget: button }) => {
    const done = await navigator.clipboard.writeText(text).then(() => t("copied"), () => t("copyFailed"));
    button.textContent = done;
    announce(done);
    setTimeout(() => (button.textContent = t("copy")), 2000);
  };
  return el("button.quiet", { type: "button", onclick }, t("copy"));
}

/** Each severity has its own shape. */
const SHAPES = {
  Critical: "M8 0 16 8 8 16 0 8Z",
  Warning: "M8 1 16 15H0Z",
  Info: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Z",
  Ok: "M6 14 0 8 2.5 5.5 6 9 13.5 1.5 16 4Z",
};

/** A status with its shape and its word. `role` is the CSS class. */
export function badge(status, role) {
  const path = svg("path", { d: SHAPES[status] ?? SHAPES.Info });
  const shape = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
  return el(`span.badge.${role}`, { "data-status": status }, shape, el("span", t(status)));
}
