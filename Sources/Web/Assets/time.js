// Verdicts, labels and confidence by hour and day, and what changed with the network.
import { ask, save } from "./api.js";
import { h, id, show } from "./dom.js";
import { networksTable, trends } from "./trends.js";
import { count, counted } from "./words.js";

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
  show(id("networks"), networksTable(networks));
  showAnswers(answers);
  if (!periods.length) {
    for (const name of ["verdict-chart", "label-chart", "confidence-chart"]) show(
      id(name),
      h("p", { class: "faint" }, "No photos in this time.")
    );
    return;
  }
  const charts = trends(periods, networks, period);
  show(id("verdict-chart"), charts.verdicts);
  show(id("label-chart"), charts.labels);
  show(id("confidence-chart"), charts.confidence);
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
