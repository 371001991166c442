// The filters: a form, the page's address, and the request's `filter` say the same thing.
import { id } from "./dom.js";

const fields = ["verdict", "label", "min", "max", "since", "until", "folder", "words"];

/** What the address says. */
export function fromAddress() {
  const parameters = new URLSearchParams(location.search);
  const state = Object.fromEntries(fields.map((name) => [name, parameters.get(name) ?? ""]));
  state.doubtful = parameters.get("doubtful") === "1";
  return state;
}

/** Writes the filters into the address, which can be shared then. */
export function toAddress(state) {
  const parameters = new URLSearchParams();
  for (const name of fields) if (state[name]) parameters.set(name, state[name]);
  if (state.doubtful) parameters.set("doubtful", "1");
  const query = parameters.toString();
  history.replaceState(null, "", query ? `/?${query}` : "/");
}

/** Puts the filters into the form. */
export function toForm(state) {
  for (const name of fields) id(`filter-${name}`).value = state[name];
  id("filter-doubtful").checked = state.doubtful;
}

/** Reads them from it. */
export function fromForm() {
  const state = Object.fromEntries(fields.map((name) => [name, id(`filter-${name}`).value.trim()]));
  state.doubtful = id("filter-doubtful").checked;
  return state;
}

/** Whether anything is filtered at all. */
export const isAny = (state) => state.doubtful || fields.some((name) => state[name]);

/** As the daemon takes it, in `photos` and as the filter of `overview`. Days are those of the browser's clock, the last one included. */
export function toRequest(state) {
  const filter = {};
  if (state.verdict) filter.verdict = state.verdict;
  if (state.label) filter.label = state.label;
  if (state.min) filter.minProbability = Number(state.min) / 100;
  if (state.max) filter.maxProbability = Number(state.max) / 100;
  if (state.since) filter.since = day(state.since, 0).toISOString();
  if (state.until) filter.until = day(state.until, 1).toISOString();
  if (state.folder.startsWith("/")) filter.folder = state.folder;
  if (state.words) filter.words = state.words;
  if (state.doubtful) filter.doubtful = true;
  return filter;
}

/** Midnight of a day like 2026-06-01, some days later. */
function day(text, later) {
  const [year, month, date] = text.split("-").map(Number);
  return new Date(year, month - 1, date + later);
}

/** The day some days ago, as a date field has it. */
export function daysAgo(number) {
  const date = new Date();
  date.setDate(date.getDate() - number);
  return [
    date.getFullYear(),
    date.getMonth() + 1,
    date.getDate()
  ].map((part) => String(part).padStart(2, "0")).join("-");
}
