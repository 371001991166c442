// What the daemon's words and numbers are called for people. One table for all pages.
import { h } from "./dom.js";

/** Verdicts, best first, of one photo and of `many`. Each has a sign of its own, so that nobody has to tell colours apart. */
export const verdicts = {
  "looks-at-animal": { sign: "◉", name: "looks at the animal", many: "look at the animal", tone: "good" },
  "looks-partly": { sign: "◐", name: "looks partly", many: "look partly", tone: "part" },
  "looks-elsewhere": { sign: "○", name: "looks elsewhere", many: "look elsewhere", tone: "bad" },
  undecided: { sign: "?", name: "undecided", tone: "unsure" },
  "nothing-to-find": { sign: "·", name: "nothing to check", tone: "none" },
};
const nobody = { sign: "–", name: "not judged", tone: "none" };

/** The verdict of a word; of none, that nobody judged. */
export const verdict = (word) => verdicts[word] ?? nobody;

const reasonsOfNothing = ["background-label", "no-label-holds"];
/** The word for a document's verdict: one that is undecided for want of anything to find is not in doubt. */
export const verdictWord = (found) => (
  reasonsOfNothing.includes(found?.reasons[0]) ? "nothing-to-find" : found?.verdict
);

/** The word for a photo of the list: one that is undecided without being in doubt has nothing to check. */
export const recordWord = ({ verdict: word, doubtful, correction }) =>
  word === "undecided" && !doubtful && !correction ? "nothing-to-find" : word;

/** Below this margin to the next class a decision is a toss-up, as the daemon's `Doubt` has it. */
const smallMargin = 0.2;

/** What should be said of a photo besides its verdict. */
export const remarks = ({ margin, warning }) =>
  [margin != null && margin < smallMargin ? "close to another class" : null, warning].filter(Boolean);

const reasonNames = {
  "background-label": "there is nothing to find",
  "no-label-holds": "no label holds",
  "no-animal-network": "no network that finds animals is loaded",
  "animal-network-failed": "the network that finds animals failed",
  "no-animal-found": "no animal was found",
  "animal-unsure": "where the animal is, is not sure",
  "nothing-beside-animal": "there is nothing beside the animal to compare with",
  "small-margin": "another class is nearly as probable",
  unfamiliar: "the photo is unlike those it learned from",
  "methods-disagree": "the methods disagree",
  "called-otherwise": "another network sees something else",
  "animal-out-of-sight": "what decided shows nothing of the animal",
  "stays-without-animal": "the answer stays without the animal",
  "elsewhere-costs-more": "hiding something else matters more",
  "evidence-off-animal": "the evidence lies off the animal",
  "animal-needed": "needs the animal",
  "animal-suffices": "the animal is enough",
  "elsewhere-costs-less": "elsewhere matters less",
  "no-spot-decides": "no single spot decides",
  "evidence-on-animal": "the evidence lies on the animal",
  "box-on-animal": "the box is around it",
  "animal-not-needed": "the animal is not needed",
  "animal-does-not-suffice": "the animal alone is not enough",
  "elsewhere-matters": "the surroundings matter",
  "small-spot-decides": "one small spot decides",
  "evidence-not-on-animal": "the evidence is not on the animal",
  "box-not-on-animal": "the box is not around the animal",
};
export const reasonName = (word) => reasonNames[word] ?? word.replaceAll("-", " ");

/** A small sign with the verdict's word. */
export function verdictChip(word, text) {
  const { sign, name, tone } = verdict(word);
  return h("span", { class: `chip ${tone}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text ?? name);
}

const whole = new Intl.NumberFormat("en");
export const count = (number) => whole.format(number);
/** "1 photo", "1,204 photos". */
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A share of 0…1 in percent: 99.6 % is not 100 %. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.05) return "< 0.1 %";
  const digits = (value > 99 && value < 100) || (value > 0 && value < 1) ? 1 : 0;
  const text = value.toFixed(digits);
  return `${text === "100.0" ? "> 99.9" : text} %`;
}

/** A date for people, by the clock of `zone`, or the browser's own. */
export const time = (text, zone) =>
  new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "short", timeZone: zone });

/** The last part of a path. */
export const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);

/** What a photo is, in one line for people who do not see it. */
export function photoWords(record) {
  const name = fileName(record.path);
  if (record.state === "failed") return `${name}: cannot be read`;
  if (record.state !== "done") return `${name}: ${record.state}`;
  return `${name}: ${record.label ?? "no label"}, ${verdict(recordWord(record)).name}`;
}
