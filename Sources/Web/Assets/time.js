// Verdicts, labels and confidence by hour and day, and what changed with the network.
import { ask, save } from "./api.js";
import { line, stackedBars } from "./charts.js";
import { h, id, show } from "./dom.js";
import { count, counted, percent, time, verdicts } from "./words.js";

let period = new URLSearchParams(location.search).get("period") === "hour" ? "hour" : "day";

async function load() {
  for (const button of document.querySelectorAll("[data-period]")) button.setAttribute(
    "aria-pressed",
    String(button.dataset.period === period)
  );
  const now = new Date();
  const since = new Date(now - (period === "hour" ? 72 * 3600_000 : 90 * 86_400_000));
  const parameters = { period, secondsFromGMT: -now.getTimezoneOffset() * 60 };
  const [{ periods }, { networks }, answers] = await Promise.all([
    ask(
      "overview",
      { ...parameters, filter: { since: since.toISOString() } }
    ), ask("overview", parameters), ask("corrections"),
  ]);
  showNetworks(networks);
  showAnswers(answers);
  if (!periods.length) {
    for (const name of ["verdict-chart", "label-chart", "confidence-chart"]) show(
      id(name),
      h("p", { class: "faint" }, "No photos in this time.")
    );
    return;
  }
  const names = periods.map(({ start }) => new Date(start).toLocaleString(
    "en",
    period === "hour" ? {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      hour12: false
    } : { day: "numeric", month: "short" }
  ));
  const kinds = [
    ...Object.entries(verdicts).map(([word, { sign, name, tone }]) => ({ word, sign, name, tone })),
    { sign: "–", name: "not judged or not done", tone: "none" }
  ];
  show(id("verdict-chart"), stackedBars(periods.map(({ share }, index) => {
    const parts = kinds.slice(0, -1).map(
      ({ word }) => (word === "nothing-to-find" ? share.ofNothing : share.verdicts[word] ?? 0)
    );
    return { name: names[index], parts: [...parts, share.photos - parts.reduce((sum, part) => sum + part, 0)] };
  }), kinds, { description: `Photos by verdict, by ${period}` }));

  const labels = topLabels(periods);
  show(id("label-chart"), stackedBars(periods.map(({ share }, index) => {
    const parts = labels.map((label) => share.labels[label] ?? 0);
    const rest = Object.values(share.labels).reduce(
      (sum, part) => sum + part,
      0
    ) - parts.reduce((sum, part) => sum + part, 0);
    return { name: names[index], parts: [...parts, rest] };
  }), [...labels, "others"].map((name, index) => ({ name, tone: "", color: colors[index] })), { description: `Photos by label, by ${period}` }));

  const marks = networks.slice(1).map(({ first, name }) => ({
    index: Math.max(
      0,
      periods.findLastIndex(({ start }) => new Date(start) <= new Date(first))
    ), name: `${name} from ${time(first)}`,
  }));
  show(id("confidence-chart"),
    line(
      periods.map(({ share }, index) => ({ name: names[index], value: share.meanProbability })),
      { description: `Mean probability of the best class, by ${period}`, marks }
    ),
    h(
      "p", { class: "faint" },
      `Mean probability of the best class. ${throughput(periods)}${marks.length ? " A dashed line: another network." : ""}`
    ));
}

/** Distinct in lightness as well as in hue (Okabe and Ito 2008). */
const colors = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8780"];

function topLabels(periods) {
  const sums = new Map();
  for (const { share } of periods) for (const [label, number] of Object.entries(share.labels)) sums.set(
    label,
    (sums.get(label) ?? 0) + number
  );
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, colors.length - 1).map(([label]) => label);
}

function throughput(periods) {
  const most = periods.reduce((best, each) => (each.share.photos > best.share.photos ? each : best));
  return `Most in one ${period}: ${counted(most.share.photos, "photo")}, ${time(most.start)}.`;
}

function showNetworks(networks) {
  const judged = ({ verdicts: found }) => Object.values(found).reduce((sum, number) => sum + number, 0);
  const row = ({ name, sha256, first, last, share }) => h("tr", {},
    h("th", { scope: "row" }, name, " ", sha256 ? h("code", { title: sha256 }, sha256.slice(0, 8)) : null),
    h("td", {}, time(first)), h("td", {}, time(last)), h("td", {}, count(share.photos)),
    h("td", {}, judged(share) ? percent((share.verdicts["looks-at-animal"] ?? 0) / judged(share)) : "–"),
    h("td", {}, percent(share.meanProbability)), h("td", {}, count(share.doubtful)));
  show(id("networks"), networks.length ? h("div", {
    class: "scrolling",
    tabindex: 0,
    role: "region",
    "aria-label": "Networks"
  }, h("table", {},
    h(
      "thead", {},
      h(
        "tr", {},
        [
          "network",
          "first photo",
          "last photo",
          "photos",
          "on the animal",
          "confidence",
          "doubtful"
        ].map((name) => h("th", { scope: "col" }, name))
      )
    ),
    h("tbody", {}, networks.map(row)))) : h("p", { class: "faint" }, "No photo is done yet."));
}

function showAnswers({ counts }) {
  const words = { yes: "right", no: "with the wrong label", "wrong-box": "with the wrong box" };
  const total = Object.values(counts).reduce((sum, number) => sum + number, 0);
  const files = {
    truth: ["truth.json", "application/json", "for interpretctl evaluate"],
    csv: ["corrections.csv", "text/csv", "CSV"],
    coco: ["corrections.coco.json", "application/json", "COCO"]
  };
  show(id("answers"),
    h(
      "p", {},
      total ? `${counted(total, "photo")}: ${Object.entries(words).map(([word, text]) => `${count(counts[word] ?? 0)} ${text}`).join(", ")}.` : "Nobody has answered yet: open a photo and press Yes, No or Wrong box."
    ),
    h("div", { class: "row choices" }, Object.entries(files).map(([format, [name, type, text]]) =>
      h(
        "button",
        {
          type: "button",
          dataset: { format },
          disabled: !total,
          onclick: async () => save(name, (await ask("corrections", { format })).file, type)
        },
        `Export ${text}`
      ))));
}

for (const button of document.querySelectorAll("[data-period]")) {
  button.addEventListener("click", () => {
    period = button.dataset.period;
    history.replaceState(null, "", `/time?period=${period}`);
    load().catch(complain);
  });
}

function complain(error) {
  id("complaint").textContent = error.message;
  id("complaint").hidden = false;
}

load().catch(complain);
