// The first page: one glance, what needs a person, and all photos.
import { ask, listen } from "./api.js";
import { announce, debounced, h, id, show } from "./dom.js";
import * as filters from "./filters.js";
import { acceptPhotos } from "./upload.js";
import { Wall, card, walkWithArrows } from "./wall.js";
import { count, counted, fileName, percent, verdict, verdicts } from "./words.js";

let state = filters.fromAddress();
filters.toForm(state);

const wall = new Wall(id("wall"), id("wall-end"), (offset, limit) =>
  ask("photos", { limit, offset, ...filters.toRequest(state) }));
walkWithArrows(id("wall"));
walkWithArrows(id("doubtful-cards"));

// MARK: One glance

async function glance() {
  const filter = filters.toRequest(state);
  const [overview, doubtful, failed] = await Promise.all([
    ask("overview", { filter }),
    ask("photos", { ...filter, limit: 12, order: "most-doubtful", doubtful: true }),
    ask("photos", { ...filter, limit: 6, state: "failed" }),
  ]);
  const { all } = overview;
  const needed = all.doubtful + all.failed;
  const judged = Object.values(all.verdicts).reduce((sum, number) => sum + number, 0);
  const right = all.verdicts["looks-at-animal"] ?? 0;
  show(id("headline"), ...headline(all, judged, right));
  show(id("remarks"), ...remarks(all));
  show(id("meter"), meter(all));
  fillChoices(id("filter-label"), Object.keys(all.labels).sort());
  id("doubtful").hidden = needed === 0;
  show(id("doubtful-count"), counted(needed, "photo"));
  show(id("doubtful-cards"), [...failed, ...doubtful].map(card));
  id("doubtful-all").hidden = all.doubtful <= doubtful.length || state.doubtful;
  id("doubtful-all").textContent = `Show all ${count(all.doubtful)}`;
}

function headline(all, judged, right) {
  const when = state.since && state.since === filters.daysAgo(0) ? " today" : "";
  if (!all.photos) return [filters.isAny(state) ? "No photo is like that." : "No photos yet."];
  const parts = [h("span", {}, `${counted(all.photos, "photo")}${when}. `)];
  if (judged) {
    parts.push(h("span", {}, h("strong", {}, percent(right / judged)), " were decided on the animal. "));
    if (all.doubtful) {
      const those =
        all.doubtful === 1 ? "This one was not, or is in doubt." : `These ${count(all.doubtful)} were not, or are in doubt.`;
      parts.push(h("a", { href: "#doubtful" }, those));
    } else parts.push("Nothing needs you.");
  }
  return parts;
}

function remarks(all) {
  const parts = [];
  if (all.failed) parts.push(`${count(all.failed)} cannot be read`);
  if (all.corrected) parts.push(`${count(all.corrected)} answered by a person`);
  if (all.meanProbability != null) parts.push(`${percent(all.meanProbability)} confident on average`);
  return parts.map((text) => h("li", {}, text));
}

/** Leaves the photos of a verdict, or all again. */
function choose(word) {
  if (state.verdict) change({ verdict: "", doubtful: false });
  else if (word === "nothing-to-find") change({ verdict: "undecided" });
  else change({ verdict: word, doubtful: word === "undecided" });
}

/** One bar of all verdicts; each piece is a filter. */
function meter(all) {
  return Object.keys(verdicts).map((word) => {
    const number = word === "nothing-to-find" ? all.ofNothing : all.verdicts[word] ?? 0;
    if (!number) return null;
    const { sign, name, tone } = verdict(word);
    return h(
      "button",
      { type: "button", class: `piece ${tone}`, style: { "flex-grow": number }, onclick: () => change(
        { verdict: state.verdict === word ? "" : word }
      ),
        "aria-pressed": String(state.verdict === word), title: `${count(number)}: ${name}` },
      h(
        "span", { "aria-hidden": "true" },
        sign
      ), " ", h("b", {}, count(number)), " ", h("span", { class: "name" }, name));
  });
}

function fillChoices(select, labels) {
  const wanted = new Set([...labels, state.label].filter(Boolean));
  for (const label of wanted) {
    if ([...select.options].some((option) => option.value === label)) continue;
    select.append(h("option", { value: label }, label));
  }
  select.value = state.label;
}

// MARK: Filters

function change(changes) {
  state = { ...state, ...changes };
  filters.toForm(state);
  apply();
}

function apply() {
  filters.toAddress(state);
  id("filter-clear").hidden = !filters.isAny(state);
  for (const button of document.querySelectorAll("[data-days]")) {
    const since = button.dataset.days === "" ? "" : filters.daysAgo(Number(button.dataset.days));
    button.setAttribute("aria-pressed", String(state.since === since && !state.until));
  }
  wall.reset().catch(complain);
  glance().catch(complain);
}

const applyForm = debounced(250, () => {
  state = filters.fromForm();
  apply();
});
id("filters").addEventListener("input", applyForm);
id("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  applyForm();
});
id("filter-clear").addEventListener("click", () => {
  id("filters").reset();
  change({ verdict: "", label: "", min: "", max: "", since: "", until: "", folder: "", words: "", doubtful: false });
});
id("doubtful-all").addEventListener("click", () => {
  change({ doubtful: true });
  id("wall").scrollIntoView({ block: "start" });
});
for (const button of document.querySelectorAll("[data-days]")) {
  button.addEventListener("click", () =>
    change({ since: button.dataset.days === "" ? "" : filters.daysAgo(Number(button.dataset.days)), until: "" }));
}

// MARK: What happens meanwhile

const refresh = debounced(400, async () => {
  try {
    await glance();
    wall.refresh(await ask("photos", { limit: 30, ...filters.toRequest(state) }));
  } catch (error) {
    complain(error);
  }
});

listen(
  (event) => {
    if (event.event === "photo-done") announce(`${fileName(event.path)}: ${event.label ?? "done"}`);
    refresh();
  },
  (stands) => {
    id("connection").textContent = stands ? "live" : "reconnecting …";
    id("connection").classList.toggle("broken", !stands);
    if (stands) refresh();
  },
);

function complain(error) {
  if (error.name === "AbortError") return;
  id("complaint").textContent = error.message;
  id("complaint").hidden = false;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  id("filter-words").focus();
});

acceptPhotos();
apply();
