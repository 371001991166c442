// The units that a photo excites most unusually, each with the photos that excite it most.
import { ask, photoAddress, pictureAddress } from "./api.js";
import { h, show } from "./dom.js";
import { count, fileName } from "./words.js";

/** Fills the panel; nothing is asked before a person wants to know. */
export function showUnits(place, record) {
  const answer = h("div", { "aria-live": "polite" });
  show(place, h("h2", {}, "Units"),
    h(
      "p", { class: "faint" },
      "What in the network answered this photo most unusually, and the photos that excite it most."
    ),
    h("button", { type: "button", id: "units-ask", onclick: async (event) => {
      event.target.disabled = true;
      show(answer, h("p", { class: "faint" }, "Looking …"));
      try {
        const { unusual, model } = await ask("units", { photo: record.path, count: 5 });
        show(
          answer,
          unusual.length ? unusual.map((unit) => standing(unit, model.name)) : h("p", {}, "Nothing unusual.")
        );
      } catch (error) {
        show(answer, h("p", { class: "error" }, error.message));
        event.target.disabled = false;
      }
    } }, "Show the strongest units"),
    answer);
}

function standing({ layer, unit, value, rank, percentile }, model) {
  const matches = h("div", { class: "matches" });
  strongest(matches, layer, unit, model);
  return h("div", { class: "unit" },
    h("p", {}, h("b", {}, `Unit ${unit}`), " of ", h("code", {}, layer)),
    h(
      "p", { class: "faint" },
      `answers with ${value.toFixed(2)}; rank ${count(rank)}, more than ${percentile.toFixed(1)} % of the other photos`
    ),
    matches);
}

/** Fills `place` with the photos that excite a unit most. */
export async function strongest(place, layer, unit, model) {
  try {
    const result = await ask("units", { layer, unit, count: 5, model });
    show(place, result.strongest.map(({ photo, value }) =>
      h("a", { href: photoAddress(photo), title: `${fileName(photo)}: ${value.toFixed(2)}` },
        h("img", { src: pictureAddress(
          { path: photo, updated: "" },
          "thumbnail"
        ), alt: fileName(photo), loading: "lazy",
          // Photos of the index that are not of the inbox are not shown here.
          onerror: (event) => event.target.replaceWith(h("span", { title: "not in the inbox" })) }))));
  } catch (error) {
    show(place, h("p", { class: "error" }, error.message));
  }
}
