// The wall: cards of photos, a page at a time as one scrolls, new ones at the top as they come.
import { photoAddress, pictureAddress } from "./api.js";
import { caption } from "./caption.js";
import { h, show } from "./dom.js";
import { photoWords } from "./words.js";

const pageSize = 60;

/** One photo: picture, verdict, label, and why somebody should look at it. */
export function card(record) {
  return h(
    "a",
    {
      class: "card",
      href: photoAddress(record.path),
      dataset: { path: record.path },
      "aria-label": photoWords(record)
    },
    record.state === "failed" ? h("span", { class: "nothing", "aria-hidden": "true" }, "⊘") : h("img", {
      src: pictureAddress(record, "thumbnail"), alt: "", loading: "lazy", decoding: "async",
      onerror: (event) => event.target.classList.add("missing"),
    }),
    h("span", { class: "caption" }, caption(record)),
  );
}

export class Wall {
  /**
   * @param {HTMLElement} place where the pages of cards go
   * @param {HTMLElement} end at which more is wanted when it comes into sight
   * @param {(offset: number, limit: number) => Promise<object[]>} load
   */
  constructor(place, end, load) {
    this.place = place;
    this.load = load;
    this.observer = new IntersectionObserver((entries) => entries.some(
      (entry) => entry.isIntersecting
    ) && this.more(), {
      rootMargin: "1200px",
    });
    this.end = end;
    this.shown = new Map();
    // Nothing comes before the first reset.
    this.isComplete = true;
    this.observer.observe(end);
  }

  /** Begins anew, with other filters. */
  async reset() {
    this.generation = (this.generation ?? 0) + 1;
    this.shown = new Map();
    this.offset = 0;
    this.isComplete = false;
    this.isLoading = false;
    this.first = null;
    show(this.place);
    await this.more();
  }

  async more() {
    if (this.isLoading || this.isComplete) return;
    this.isLoading = true;
    const generation = this.generation;
    try {
      const records = await this.load(this.offset, pageSize);
      if (generation !== this.generation) return;
      this.offset += records.length;
      this.isComplete = records.length < pageSize;
      const page = h("div", { class: "cards page" });
      this.first ??= page;
      for (const record of records) if (!this.shown.has(record.path)) page.append(this.remember(record));
      this.place.append(page);
      this.place.toggleAttribute("data-empty", this.shown.size === 0);
    } finally {
      if (generation === this.generation) this.isLoading = false;
    }
    // Where the end is still in sight, the observer does not speak again by itself.
    if (!this.isComplete && this.end.getBoundingClientRect().top < innerHeight + 1200) this.more();
  }

  /** Puts what has come or changed to the top; `records` are the newest, newest first. */
  refresh(records) {
    if (!this.first) return;
    for (const record of records.toReversed()) {
      const old = this.shown.get(record.path);
      if (old?.dataset.version === version(record)) continue;
      const hadFocus = old?.contains(document.activeElement);
      if (old) old.remove();
      else this.offset += 1;
      const fresh = this.remember(record);
      fresh.classList.add("fresh");
      this.first.prepend(fresh);
      if (hadFocus) fresh.focus();
    }
    this.place.toggleAttribute("data-empty", this.shown.size === 0);
  }

  remember(record) {
    const element = card(record);
    element.dataset.version = version(record);
    this.shown.set(record.path, element);
    return element;
  }
}

const version = (record) => `${record.updated} ${record.state} ${record.correction ?? ""}`;

/** Arrow keys walk over the cards of `place` as they lie. */
export function walkWithArrows(place) {
  place.addEventListener("keydown", (event) => {
    const cards = [...place.querySelectorAll(".card")];
    const now = cards.indexOf(document.activeElement);
    if (now < 0) return;
    const columns = cards.filter((each) => each.offsetTop === cards[now].offsetTop).length || 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    cards[Math.min(Math.max(now + step, 0), cards.length - 1)].focus();
  });
}
