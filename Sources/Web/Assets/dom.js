// Makes elements without any text ever being read as HTML.

/** `h("a", { href: "/", class: "x", onclick: f }, "text", child, …)`; null and false children are left out. */
export function h(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** The same for SVG. */
export function svg(name, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child);
  }
}

/** Puts `children` in the place of whatever is in `element`. */
export function show(element, ...children) {
  element.replaceChildren();
  add(element, children);
}

/** The element with this id. */
export const id = (name) => document.getElementById(name);

/** Tells people who do not see the page what has happened. */
export function announce(text) {
  const place = id("announcements");
  if (place) place.textContent = text;
}

/** Calls `work` once it has not been asked for again for so long. */
export function debounced(milliseconds, work) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
