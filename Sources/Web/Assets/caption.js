// What stands below a photo's picture: verdict, label, and why somebody should look at it.
import { h } from "./dom.js";
import { fileName, percent, recordWord, remarks, verdictChip } from "./words.js";

/** The signs of a photo: its verdict or how far it is, and what a person has answered. */
export const signs = (record) => [
  record.state === "done" ? verdictChip(recordWord(record)) : h(
    "span", { class: "chip none" },
    record.state === "failed" ? "cannot be read" : record.state
  ),
  record.correction ? h(
    "span", { class: "chip answer" },
    record.correction === "yes" ? "✓ confirmed" : "✎ corrected"
  ) : null,
];

/** The best class and how probable it is, and what else was named, as "cat 93 %, dog"; nothing of a photo that is not done. */
export const labelled = ({ state, label, probability, furtherLabels }) =>
  (state === "done"
    ? [`${label ?? "–"} ${probability == null ? "" : percent(probability)}`.trim(), ...(furtherLabels ?? [])].join(", ")
    : "");

/** All of it, as children of a `.caption`. */
export function caption(record) {
  const doubts = remarks(record);
  return [
    signs(record),
    h("span", { class: "label" }, labelled(record)),
    h("span", { class: "file" }, fileName(record.path)),
    doubts.length ? h("span", { class: "doubts" }, doubts.join(" · ")) : null,
  ];
}
