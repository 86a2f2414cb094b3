// Building the page. Everything a message says goes in as text, never as markup: a name like
// `<img onerror=…>` stays a name.

import { t } from "./language.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `el("p.hint", { id: "x" }, "text", otherElement)`. The attributes may be left out; those that
 * are null or false are, and `on…` are listeners.
 */
export function el(tag, ...children) {
  const [name, ...classes] = tag.split(".");
  return build(document.createElement(name), classes, children);
}

/** The same in SVG. */
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

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Sets an element's text where it differs: what does not change is neither laid out nor read out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * One of our own texts with `code` and [links](#try) in it. Only for texts of texts.js.
 */
export function prose(text) {
  return text.split(/(`[^`]+`|\[[^\]]+\]\(#[a-z]+\))/).filter(Boolean).map((part) => {
    const link = /^\[([^\]]+)\]\((#[a-z]+)\)$/.exec(part);
    if (link) return el("a", { href: link[2] }, link[1]);
    return part.length > 2 && part.startsWith("`") ? el("code", part.slice(1, -1)) : part;
  });
}

/** A text in a box of its own that wraps, and scrolls with the keyboard, too, where it is long. */
export function box(text, label) {
  return el("pre", { tabindex: 0, role: "group", "aria-label": label }, text);
}

/** JSON with line breaks; any other text as it came. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * Lets `update` change what is in `container`, and gives the keyboard focus and the scrolled boxes back to what
 * stands in the same places afterwards.
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

/** Says something to screen readers, in a region that waits for its turn; what comes at once is said at once. */
export function announce(text) {
  pending.push(text);
  if (pending.length > 1) return;
  setTimeout(() => {
    byId("announcer").textContent = pending.join(". ");
    pending = [];
  }, 100);
}

/** A button that copies a text. */
export function copyButton(text) {
  const onclick = async ({ currentTarget: button }) => {
    const done = await navigator.clipboard.writeText(text).then(() => t("copied"), () => t("copyFailed"));
    button.textContent = done;
    announce(done);
    setTimeout(() => (button.textContent = t("copy")), 2000);
  };
  return el("button.quiet", { type: "button", onclick }, t("copy"));
}

/** Severities differ in colour, word and shape. */
const SHAPES = {
  Critical: "M8 0 16 8 8 16 0 8Z",
  Warning: "M8 1 16 15H0Z",
  Info: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Z",
  Ok: "M6 14 0 8 2.5 5.5 6 9 13.5 1.5 16 4Z",
};

/** A status with its shape and its word; `role` is its class. */
export function badge(status, role) {
  const path = svg("path", { d: SHAPES[status] ?? SHAPES.Info });
  const shape = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
  return el(`span.badge.${role}`, { "data-status": status }, shape, el("span", t(status)));
}
