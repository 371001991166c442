// One glance at many photos, as a sentence and as a bar. The first page and a report say it in the same words.
import { h } from "./dom.js";
import { count, counted, percent, verdict, verdicts } from "./words.js";

/**
 * How many were decided on the animal, and how many need a person.
 * @param {object} all as `overview` counts
 * @param {string} [options.when] follows the number of photos
 * @param {string} [options.none] is said where there are no photos
 */
export function headline(all, { when = "", none = "No photos yet." } = {}) {
  if (!all.photos) return [none];
  const judged = Object.values(all.verdicts).reduce((sum, number) => sum + number, 0);
  const parts = [h("span", {}, `${counted(all.photos, "photo")}${when}. `)];
  if (judged) {
    const right = (all.verdicts["looks-at-animal"] ?? 0) / judged;
    parts.push(h("span", {}, h("strong", {}, percent(right)), " were decided on the animal. "));
  }
  if (all.doubtful) {
    const those =
      all.doubtful === 1 ? "This one was not, or is in doubt." : `These ${count(all.doubtful)} were not, or are in doubt.`;
    parts.push(h("a", { href: "#doubtful" }, those));
  } else if (judged) parts.push(all.failed ? "None of them needs you." : "Nothing needs you.");
  return parts;
}

/** What else should be known of them, as list items. */
export function notes(all) {
  return [
    all.failed ? `${count(all.failed)} cannot be read` : null,
    all.corrected ? `${count(all.corrected)} answered by a person` : null,
    all.meanProbability != null ? `${percent(all.meanProbability)} confident on average` : null,
  ].filter(Boolean).map((text) => h("li", {}, text));
}

/**
 * One bar of all verdicts.
 * @param {(word: string) => boolean} isChosen
 * @param {(word: string) => void} onChoose a verdict was pressed
 */
export function meter(all, isChosen, onChoose) {
  return Object.keys(verdicts).map((word) => {
    const number = word === "nothing-to-find" ? all.ofNothing : all.verdicts[word] ?? 0;
    if (!number) return null;
    const { sign, name, many, tone } = verdict(word);
    const words = number === 1 ? name : many ?? name;
    return h(
      "button",
      {
        type: "button",
        class: `piece ${tone}`,
        style: { "flex-grow": number },
        onclick: () => onChoose(word),
        "aria-pressed": String(isChosen(word)),
        title: `${count(number)}: ${words}`
      },
      h("span", { "aria-hidden": "true" }, sign), " ", h("b", {}, count(number)), " ", h("span", { class: "name" }, words)
    );
  });
}
