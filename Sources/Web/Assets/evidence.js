// The verdict in words and bars: what hiding the animal costs, and where the evidence lies.
import { h, show } from "./dom.js";
import { percent, reasonName, verdictChip, verdictWord } from "./words.js";

const middle = (fillings) => [fillings.blurred, fillings.mean, fillings.inpainted].sort((a, b) => a - b)[1];

/** One bar of a share 0…1, with a 95 % interval or a mark where there is one. */
function bar(name, share, { interval, expected, explained } = {}) {
  return [
    h("dt", { title: explained }, name),
    h("dd", { class: "track" },
      h("span", { class: "fill", style: { "--share": `${share * 100}%` } }),
      interval ? h(
        "span",
        {
          class: "whisker",
          style: { "--from": `${interval[0] * 100}%`, "--width": `${Math.max(0, interval[1] - interval[0]) * 100}%` }
        }
      ) : null,
      expected === undefined ? null : h("span", { class: "expected", style: { "--at": `${expected * 100}%` } })),
    h("dd", { class: "number" }, percent(share)),
  ];
}

/** Fills the panel about the verdict. */
export function showVerdict(place, sidecar) {
  const found = sidecar.verdict;
  if (!found) {
    const sentence = sidecar.evidence?.sentence ?? sidecar.note ?? "Nobody judged this photo.";
    show(place, verdictChip(null), h("p", { class: "sentence" }, sentence), oldEvidence(sidecar.evidence));
    return;
  }
  show(place, verdictChip(verdictWord(found)), verdictWords(found), animals(sidecar.animals), verdictBars(found));
}

/** What each of several animals is by itself. */
export function animals(named) {
  if (!named) return null;
  return h("p", { class: "faint" },
    `Several animals were found. By itself each is called: ${named.map((one) => `${one.label} ${percent(one.probability)}`).join(", ")}.`);
}

/** A verdict's sentence, and what decided. */
export const verdictWords = (found) => [
  h("p", { class: "sentence" }, found.sentence),
  found.reasons.length ? h(
    "ul", { class: "reasons", "aria-label": "What decided" },
    found.reasons.map((word) => h("li", {}, reasonName(word)))
  ) : null,
];

/** The same in bars and numbers. */
export const verdictBars = (found) => [
  hiding(found), where(found.where), opinion(found), certainty(found.certainty)
];

function hiding({ label, certainty, without, only, elsewhere, spot }) {
  if (!without) return null;
  return [
    h("h3", {}, `How probable "${label}" is`),
    h("dl", { class: "bars" },
      bar("as it is", certainty.probability),
      bar("animal hidden", middle(without), { explained: "the middle of three ways to fill what is hidden" }),
      elsewhere ? bar("as much hidden elsewhere", elsewhere.mean, { interval: elsewhere.interval }) : null,
      only ? bar("only the animal", middle(only)) : null,
      spot ? bar("its decisive spot hidden", spot.without) : null),
    elsewhere ? null : h("p", { class: "faint" }, "There is no place elsewhere as large as the animal."),
  ];
}

function where(found) {
  if (!found) return null;
  const shares = [
    ["class map", found.cam],
    ["hiding pieces", found.occlusion],
    ["relevance", found.lrp]
  ].filter(([, share]) => share != null);
  return [
    h("h3", {}, "Share of the evidence on the animal"),
    h("dl", { class: "bars" }, shares.map(([name, share]) => bar(name, share, { expected: found.expected }))),
    h(
      "p", { class: "faint" },
      `The mark: ${percent(found.expected)}, what a map would have that knows nothing of the animal.`
    ),
  ];
}

/** What another network sees where this one sees its class. */
function opinion({ label, opinion: other }) {
  if (!other) return null;
  const own = other.label === label ? "" : `, and "${label}" ${percent(other.agreement)}`;
  return h("p", { class: "faint" },
    `Another network${other.model ? ` (${other.model.name})` : ""} sees "${other.label}" ${percent(other.probability)} here${own}.`);
}

function certainty({ margin, runnerUp, familiar }) {
  const parts = [runnerUp ? `Next is "${runnerUp.label}" with ${percent(runnerUp.probability)}; the margin is ${percent(margin)}.` : null,
    familiar === false ? "The photo is unlike those that the network learned from." : null];
  return h("p", { class: "faint" }, parts.filter(Boolean).join(" "));
}

function oldEvidence(evidence) {
  if (!evidence) return null;
  return h("dl", { class: "bars" },
    bar("as it is", evidence.probability), bar("box hidden", evidence.boxHidden),
    evidence.elsewhereHidden == null ? null : bar("as much hidden elsewhere", evidence.elsewhereHidden),
    bar("only the box", evidence.onlyBox));
}

/** Fills the panel of the top scores. */
export function showScores(place, sidecar) {
  show(place, h("h2", {}, "Top scores"),
    h("dl", { class: "bars" }, sidecar.predictions.slice(0, 6).map(({ label, probability, score }) =>
      probability == null
        ? [h("dt", {}, label), h("dd", {}), h("dd", { class: "number" }, score.toFixed(2))]
        : bar(label, probability, { explained: `score ${score.toFixed(3)}` }))),
    h("p", { class: "faint" }, `By ${sidecar.model.name}`));
}
