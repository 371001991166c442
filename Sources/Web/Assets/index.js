// The first page: one glance, what needs a person, and all photos.
import { ask, listen, makeReport, save } from "./api.js";
import { announce, debounced, h, id, show } from "./dom.js";
import * as filters from "./filters.js";
import { headline, meter, notes } from "./glance.js";
import { acceptPhotos } from "./upload.js";
import { Wall, card, walkWithArrows } from "./wall.js";
import { count, counted, fileName } from "./words.js";

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
  show(id("headline"), headline(all, {
    when: state.since && state.since === filters.daysAgo(0) ? " today" : "",
    none: filters.isAny(state) ? "No photo is like that." : "No photos yet.",
  }));
  show(id("remarks"), notes(all));
  show(id("meter"), meter(all, isChosen, choose));
  fillChoices(id("filter-label"), Object.keys(all.labels).sort());
  id("doubtful").hidden = needed === 0;
  show(id("doubtful-count"), counted(needed, "photo"));
  show(id("doubtful-cards"), [...failed, ...doubtful].map(card));
  id("doubtful-all").hidden = all.doubtful <= doubtful.length || state.doubtful;
  id("doubtful-all").textContent = `Show all ${count(all.doubtful)}`;
}

/** What is not in doubt has the same word as what is. */
const isChosen = (word) => (
  word === "nothing-to-find" ? state.verdict === "undecided" && !state.doubtful : state.verdict === word
);

/** Leaves the photos of a verdict, or all again. */
function choose(word) {
  if (isChosen(word)) change({ verdict: "", doubtful: false });
  else if (word === "nothing-to-find") change({ verdict: "undecided", doubtful: false });
  else change({ verdict: word, doubtful: word === "undecided" });
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

id("report").addEventListener("click", async ({ target }) => {
  const name = target.textContent;
  target.disabled = true;
  target.textContent = "The report is being made …";
  try {
    save(`report-${filters.daysAgo(0)}.html`, await makeReport(filters.toRequest(state)), "text/html");
    announce("The report is saved.");
  } catch (error) {
    complain(error);
  }
  target.textContent = name;
  target.disabled = false;
});

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
