// Each network: what it is, what each class responds to, its layers, and what their units see.
import { ask, jpegAddress } from "./api.js";
import { announce, h, id, show } from "./dom.js";
import { facts } from "./facts.js";
import { strongest } from "./units.js";
import { count, percent } from "./words.js";

async function load() {
  const { models, refused, notices } = await ask("models");
  show(id("models"),
    (notices ?? []).map((text) => h("p", { class: "panel" }, text)),
    models.map(panel),
    refused.map(({ name, error }) => h(
      "section", { class: "panel" },
      h("h2", {}, name),
      h("p", { class: "error" }, error)
    )));
}

const kinds = {
  exclusive: "exactly one class holds",
  independent: "each label holds or not",
  raw: "numbers without a probability"
};

function panel(model) {
  const properties = [
    ["is", { classification: "a classifier", segmentation: "a segmentation network" }[model.task] ?? "a network"],
    ["labels", model.labels.length > 12 ? counts(model.labels.length, "label") : model.labels.join(", ")],
    ["nothing to find", model.backgroundLabels.join(", ")],
    ["finds the animal by", model.animalLabels?.join(", ")],
    ["doubts an animal's name", model.doubtBelow == null ? null : `below ${percent(model.doubtBelow)}`],
    ["scores", model.scores ? `${kinds[model.scores.kind] ?? model.scores.kind} (${model.scores.reason})` : null],
    ["weights", count(model.parameters)],
    ["memory of a pass", model.planBytes ? `${(model.planBytes.forward / 1048576).toFixed(1)} MiB` : null],
    ["methods", model.methods.length ? counts(model.methods.length, "method") : null],
    ["file", h("code", { title: model.sha256 }, model.sha256.slice(0, 16))],
    ["folder", model.path],
  ].filter(([, text]) => text);
  return h("section", { class: "panel model", "aria-label": model.name },
    h("h2", {}, model.name, " ", model.isDefault ? h("span", { class: "chip good" }, "default") : null),
    h("h3", {}, "What should be known of it"),
    facts(model),
    h(
      "div",
      { class: "scrolling", tabindex: 0, role: "region", "aria-label": `Facts about ${model.name}` },
      h(
        "table", {},
        h("tbody", {}, properties.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))))
      )
    ),
    model.task === "segmentation" ? null : responses(model),
    layers(model));
}

const counts = (number, name) => `${count(number)} ${name}${number === 1 ? "" : "s"}`;

/** A picture for each class, made by gradient ascent when somebody wants it. */
function responses(model) {
  const place = h("div", { class: "cards" });
  const progress = h("progress", { max: 1, hidden: true, "aria-label": "How far the picture is" });
  const status = h("p", { class: "faint", role: "status" });
  const make = async (label) => {
    progress.hidden = false;
    status.textContent = `What "${label}" responds to …`;
    try {
      const { targets } = await ask(
        "visualize",
        { model: model.name, classLabels: [label], regularized: true, images: true },
        { onProgress: ({ fraction }) => (progress.value = fraction) }
      );
      const [start] = targets[0].starts;
      place.append(h("figure", { class: "card" }, h(
        "img",
        { src: jpegAddress(start.image), alt: `What the class ${label} responds to` }
      ),
        h(
          "figcaption", { class: "caption" },
          h("span", { class: "label" }, label),
          h("span", { class: "file" }, start.probability == null ? "" : percent(start.probability))
        )));
      status.textContent = "";
      announce(`The picture of ${label} is there.`);
    } catch (error) {
      status.textContent = error.message;
    }
    progress.hidden = true;
  };
  const choice = h(
    "select", { "aria-label": "Class" },
    model.labels.slice(0, 2000).map((label) => h("option", {}, label))
  );
  return [h("h3", {}, "What each class responds to"),
    h("p", { class: "faint" }, "A picture made from noise so that the class's score is as high as possible."),
    h(
      "div", { class: "fields row" },
      choice,
      h("button", { type: "button", onclick: () => make(choice.value) }, "Make a picture")
    ), progress, status, place];
}

function layers(model) {
  const place = h("div", { class: "scrolling", tabindex: 0, role: "region", "aria-label": `Layers of ${model.name}` });
  return h("details", { ontoggle: async (event) => {
    if (!event.target.open || place.childElementCount) return;
    const { models } = await ask("models", { model: model.name, layers: true });
    show(place, h("table", {},
      h(
        "thead", {},
        h("tr", {}, ["layer", "computes", "shape", "sees", "units"].map((name) => h("th", { scope: "col" }, name)))
      ),
      h("tbody", {}, models[0].layers.map((layer) => row(layer, model)))));
  } }, h("summary", {}, "Layers and what their units see"), place);
}

function row(layer, model) {
  const units = layer.shape.length === 4 ? layer.shape[1] : null;
  const gallery = h("div", { class: "unit" });
  return h("tr", {},
    h("th", { scope: "row" }, h("code", {}, layer.name), layer.isCAMLayer ? " · class maps are read here" : ""),
    h("td", {}, layer.operator), h("td", {}, layer.shape.map((extent) => extent ?? "?").join(" × ")),
    h("td", {}, layer.receptiveField ? `${layer.receptiveField} px` : "all"),
    h("td", {}, units ? h("form", { class: "row", onsubmit: (event) => {
      event.preventDefault();
      const matches = h("div", { class: "cards" });
      const unit = Number(new FormData(event.target).get("unit"));
      show(gallery, h("p", { class: "faint" }, `Unit ${unit} is excited most by`), matches);
      strongest(matches, layer.name, unit, model.name);
    } }, h("input", { name: "unit", type: "number", min: 0, max: units - 1, value: 0, "aria-label": `Unit of ${layer.name}` }), h("button", {}, "Show")) : null, gallery));
}

load().catch((error) => {
  id("complaint").textContent = error.message;
  id("complaint").hidden = false;
});
