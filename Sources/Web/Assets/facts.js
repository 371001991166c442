// What is known of a network, in words: for the page of models and for a report.
import { h } from "./dom.js";
import { counted } from "./words.js";

/** What it is told and how it was made, and which methods were tried on it. */
export function facts({ name, remarks, facts: known, checks, methods }) {
  const tried = Object.entries(checks ?? {});
  const failing = tried.filter(([, found]) => found !== "passes").map(([method, found]) => `${method} ${found}`);
  const texts = [
    ...(remarks ?? []), ...(known ?? []),
    methods.length === 0 ? null : tried.length
      ? `${counted(tried.length, "method")} tried on this network with random weights: ${failing.length ? failing.join(", ") : "all pass"}`
      : `nobody has tried the methods on this network; 'interpretctl check ${name}' does`,
  ];
  return h("ul", { class: "facts" }, [...new Set(texts)].filter(Boolean).map((text) => h("li", {}, text)));
}
