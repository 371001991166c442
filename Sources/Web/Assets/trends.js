// What was found over time, as charts, and what changed with the network: for the page over time and for a report.
import { line, stackedBars } from "./charts.js";
import { h } from "./dom.js";
import { count, counted, percent, time, verdicts } from "./words.js";

const lengths = { hour: 3600_000, day: 86_400_000, week: 604_800_000 };
const nothing = { photos: 0, ofNothing: 0, verdicts: {}, labels: {}, meanProbability: null };
/** Where there would be more columns, periods without photos are left out. */
const mostColumns = 400;

/** Distinct in lightness as well as in hue (Okabe and Ito 2008). */
const colors = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8780"];

/** The daemon leaves out periods without photos; in a chart they are as wide as the others. */
function withGaps(periods, period) {
  const columns = (Date.parse(periods.at(-1).start) - Date.parse(periods[0].start)) / lengths[period];
  if (columns > mostColumns) return periods;
  const filled = [];
  for (const each of periods) {
    while (filled.length && Date.parse(each.start) - Date.parse(filled.at(-1).start) > lengths[period]) {
      filled.push({ start: new Date(Date.parse(filled.at(-1).start) + lengths[period]).toISOString(), share: nothing });
    }
    filled.push(each);
  }
  return filled;
}

/**
 * The charts of an overview's periods.
 * @param {object[]} given as `overview` has them, at least one
 * @param {object[]} networks as `overview` has them
 * @param {"hour"|"day"|"week"} period
 * @param {string} [zone] whose clock; the browser's where it is left out
 * @returns {{verdicts: Node, labels: Node, confidence: Node[]}}
 */
export function trends(given, networks, period, zone) {
  const periods = withGaps(given, period);
  const names = periods.map(({ start }) => new Date(start).toLocaleString("en", {
    day: "numeric",
    month: "short",
    ...(period === "hour" ? { hour: "2-digit", minute: "2-digit", hour12: false } : {}),
    timeZone: zone
  }));
  const marks = networks.slice(1).map(({ first, name }) => ({
    index: Math.max(0, periods.findLastIndex(({ start }) => new Date(start) <= new Date(first))),
    name: `${name} from ${time(first, zone)}`,
  }));
  return {
    verdicts: byVerdict(periods, names, period),
    labels: byLabel(periods, names, period),
    confidence: [
      line(
        periods.map(({ share }, index) => ({ name: names[index], value: share.meanProbability })),
        { description: `Mean probability of the best class, by ${period}`, marks }
      ),
      h(
        "p", { class: "faint" },
        `Mean probability of the best class. ${throughput(periods, period, zone)}${marks.length ? " A dashed line: another network." : ""}`
      )
    ],
  };
}

function byVerdict(periods, names, period) {
  const kinds = [
    ...Object.entries(verdicts).map(([word, { sign, name, tone }]) => ({ word, sign, name, tone })),
    { sign: "–", name: "not judged or not done", tone: "none" }
  ];
  return stackedBars(periods.map(({ share }, index) => {
    const parts = kinds.slice(0, -1).map(
      ({ word }) => (word === "nothing-to-find" ? share.ofNothing : share.verdicts[word] ?? 0)
    );
    return { name: names[index], parts: [...parts, share.photos - parts.reduce((sum, part) => sum + part, 0)] };
  }), kinds, { description: `Photos by verdict, by ${period}` });
}

function byLabel(periods, names, period) {
  const labels = topLabels(periods);
  const sum = (parts) => parts.reduce((total, part) => total + part, 0);
  const named = periods.map(({ share }) => labels.map((label) => share.labels[label] ?? 0));
  const rest = periods.map(({ share }, index) => sum(Object.values(share.labels)) - sum(named[index]));
  return stackedBars(
    names.map((name, index) => ({
      name,
      parts: rest.some(Boolean) ? [...named[index], rest[index]] : named[index]
    })),
    [...labels, ...(rest.some(Boolean) ? ["others"] : [])].map((name, index) => ({ name, tone: "", color: colors[index] })),
    { description: `Photos by label, by ${period}` }
  );
}

function topLabels(periods) {
  const sums = new Map();
  for (const { share } of periods) for (const [label, number] of Object.entries(share.labels)) sums.set(
    label,
    (sums.get(label) ?? 0) + number
  );
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, colors.length - 1).map(([label]) => label);
}

function throughput(periods, period, zone) {
  const most = periods.reduce((best, each) => (each.share.photos > best.share.photos ? each : best));
  return `Most in one ${period}: ${counted(most.share.photos, "photo")}, ${time(most.start, zone)}.`;
}

/** Each network that decided, and how that went. */
export function networksTable(networks, zone) {
  if (!networks.length) return h("p", { class: "faint" }, "No photo is done yet.");
  const names = ["network", "first photo", "last photo", "photos", "on the animal", "confidence", "doubtful"];
  const judged = ({ verdicts: found }) => Object.values(found).reduce((sum, number) => sum + number, 0);
  const row = ({ name, sha256, first, last, share }) => h("tr", {},
    h("th", { scope: "row" }, name, " ", sha256 ? h("code", { title: sha256 }, sha256.slice(0, 8)) : null),
    h("td", {}, time(first, zone)), h("td", {}, time(last, zone)), h("td", {}, count(share.photos)),
    h("td", {}, judged(share) ? percent((share.verdicts["looks-at-animal"] ?? 0) / judged(share)) : "–"),
    h("td", {}, percent(share.meanProbability)), h("td", {}, count(share.doubtful)));
  return scrolling("Networks", names, networks.map(row));
}

/** A table that scrolls sideways where it is too wide. */
export function scrolling(description, names, rows) {
  return h("div", { class: "scrolling", tabindex: 0, role: "region", "aria-label": description }, h("table", {},
    h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows)));
}
