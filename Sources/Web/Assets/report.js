// A report in a file: puts words to the pictures that the daemon has written into it. Nothing is asked for from elsewhere.
import { caption, labelled, signs } from "./caption.js";
import { h, id, show } from "./dom.js";
import { animals, verdictBars, verdictWords } from "./evidence.js";
import { facts } from "./facts.js";
import { headline, meter, notes } from "./glance.js";
import { networksTable, scrolling, trends } from "./trends.js";
import { count, counted, fileName, percent, photoWords, recordWord, remarks, time, verdict } from "./words.js";

const read = (name) => JSON.parse(id(name).textContent);
const report = read("about");
const { all } = report.overview;
const at = (text) => time(text, report.timeZone);
/** The verdict whose photos alone are shown. */
let only = null;

// MARK: At a glance, as soon as it is there

function glance() {
  show(id("range"), range());
  show(id("headline"), headline(all, { none: "No photo is like that." }));
  show(id("remarks"), notes(all), report.waiting ? h("li", {}, `${count(report.waiting)} not done yet`) : null);
  show(id("meter"), meter(all, (word) => word === only, choose));
  for (const section of ["doubtful", "photos", "time", "networks", "answers"]) {
    const link = document.querySelector(`nav a[href="#${section}"]`);
    if (section === "doubtful" && !all.doubtful && !all.failed) link.hidden = true;
  }
}

function range() {
  const { filter } = report;
  const parts = [
    filter.since ? `from ${at(filter.since)}` : null,
    `until ${at(filter.until)}`,
    filter.label ? `called ${filter.label}` : null,
    filter.verdict ? `verdict "${verdict(filter.verdict).name}"` : null,
    filter.folder ? `in ${filter.folder}` : null,
    filter.words ? `with "${filter.words}" in the name` : null,
    filter.minProbability != null ? `at least ${percent(filter.minProbability)}` : null,
    filter.maxProbability != null ? `at most ${percent(filter.maxProbability)}` : null,
  ].filter(Boolean);
  return `Photos ${parts.join(", ")}`;
}

/** Leaves the photos of a verdict, or all again. */
function choose(word) {
  only = only === word ? null : word;
  show(id("meter"), meter(all, (each) => each === only, choose));
  for (const each of document.querySelectorAll("[data-word]")) each.hidden = only !== null && each.dataset.word !== only;
  id("wall").classList.toggle("only", only !== null);
}

// MARK: Photos

const photo = (element) => JSON.parse(element.dataset.photo);

function wall() {
  for (const card of document.querySelectorAll("figure.card")) {
    const record = photo(card);
    card.dataset.word = recordWord(record) ?? "";
    card.title = record.path;
    card.querySelector("img")?.setAttribute("alt", photoWords(record));
    show(card.querySelector("figcaption"), caption(record));
  }
}

function doubts() {
  for (const article of document.querySelectorAll(".doubt")) {
    const record = photo(article);
    const found = article.dataset.verdict ? JSON.parse(article.dataset.verdict) : null;
    article.dataset.word = recordWord(record) ?? "";
    article.title = record.path;
    article.setAttribute("aria-label", photoWords(record));
    const said = found?.reasons.includes("small-margin") ? [] : remarks({ margin: record.margin });
    show(
      article.querySelector(".words"),
      h("h3", {}, fileName(record.path)),
      h("p", { class: "row" }, signs(record), h("b", {}, labelled(record))),
      record.error ? h("p", { class: "error" }, record.error) : null,
      record.warning ? h("p", { class: "error" }, record.warning) : null,
      found ? verdictWords(found) : null,
      animals(article.dataset.animals ? JSON.parse(article.dataset.animals) : null),
      said.length ? h("ul", { class: "reasons" }, said.map((text) => h("li", {}, text))) : null,
      found ? h("details", {}, h("summary", {}, "In numbers"), verdictBars(found)) : null
    );
  }
}

function counts({ doubtful, others, leftOut, withoutPicture }) {
  const needed = all.doubtful + all.failed;
  id("doubtful").hidden = !needed;
  show(id("doubtful-count"), counted(needed, "photo"));
  show(id("wall-count"), counted(others, "photo"));
  id("photos").hidden = !others && !leftOut;
  const parts = [
    leftOut ? `${counted(leftOut, "photo")} of ${count(doubtful + others + leftOut)} are counted above and not shown, so that the file does not become too large. A report of fewer days, of one label or of one verdict shows them (interpretctl report --since … --until … --label … --verdict …), and so does the evidence page.` : null,
    withoutPicture ? `${counted(withoutPicture, "picture")} could not be made: the file is gone, or cannot be read.` : null,
  ].filter(Boolean);
  id("left-out").hidden = !parts.length;
  show(id("left-out"), parts.join(" "));
}

// MARK: What stands behind them

function charts() {
  const { periods, networks } = report.overview;
  if (!periods.length) return show(id("charts"), h("p", { class: "faint" }, "No photos in this time."));
  const drawn = trends(periods, networks, report.period, report.timeZone);
  const panel = (name, ...content) => h("section", { class: "panel" }, h("h3", {}, name), content);
  show(id("charts"),
    panel("Verdicts", drawn.verdicts), panel("Labels", drawn.labels), panel("Confidence", drawn.confidence));
}

function networks() {
  show(
    id("network-list"),
    h("div", { class: "panel" }, networksTable(report.overview.networks, report.timeZone)),
    report.networks.map(network)
  );
}

function network({ model, audit, card }) {
  return h("section", { class: "panel", "aria-label": model.name },
    h("h3", {}, model.name, " ", h("code", { title: model.sha256 }, model.sha256.slice(0, 8))),
    h("p", {}, `Tells ${counted(model.labels.length, "label")} apart: ${model.labels.slice(0, 20).join(", ")}${model.labels.length > 20 ? " …" : ""}.`),
    facts(model),
    h("h3", {}, "Shortcuts"), shortcuts(audit),
    card ? h(
      "details", {},
      h("summary", {}, "What its model card says"),
      h("pre", { tabindex: 0, "aria-label": `Model card of ${model.name}` }, card)
    ) : null);
}

function shortcuts({ photos, suspicious, obstacle }) {
  if (obstacle) return h("p", { class: "faint" }, obstacle);
  if (!suspicious.length) return h("p", {}, `None found in the evidence of ${counted(photos, "photo")}.`);
  return [
    h("p", {}, `In the evidence of ${counted(photos, "photo")}:`),
    h("ul", { class: "facts" }, suspicious.map(({ label, share, reasons }) =>
      h("li", {}, h("b", {}, label), `, ${count(share.photos)} of ${count(share.of)}: ${reasons.join("; ")}`))),
  ];
}

function answers() {
  const { counts: given, right, labels, latest } = report.answers;
  const total = Object.values(given).reduce((sum, number) => sum + number, 0);
  if (!total) {
    return show(id("answer-list"), h("p", { class: "faint" }, "Nobody has answered about these photos. On the evidence page: open one and press Yes, No or Wrong box."));
  }
  const names = { yes: "right", no: "wrong label", "wrong-box": "wrong box" };
  show(
    id("answer-list"),
    h(
      "div", { class: "panel" },
      h("p", {}, `${counted(total, "photo")}: ${Object.entries(names).map(([word, text]) => `${count(given[word] ?? 0)} ${text}`).join(", ")}. The network's label was right in ${count(right)} of ${count(labels)} (${percent(labels ? right / labels : null)}); people answer about doubtful photos first, so this is no measure of all photos.`),
      latest.length ? scrolling("What people have corrected", ["photo", "network", "person", "answer", "when"], latest.map((each) =>
        h(
          "tr", {},
          h("th", { scope: "row", title: each.photo }, fileName(each.photo)), h("td", {}, each.predicted ?? "–"),
          h("td", {}, each.label), h("td", {}, names[each.answer] ?? each.answer), h("td", {}, at(each.time))
        ))) : null
    )
  );
}

glance();
document.addEventListener("DOMContentLoaded", () => {
  wall();
  doubts();
  counts(read("contents"));
  charts();
  networks();
  answers();
  show(id("colophon"), `Made by interpretd ${report.version} on ${at(report.created)} from ${report.inbox}. This file asks nothing from the network.`);
});
