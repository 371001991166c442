// The picture of a photo, with one layer of evidence at a time over it, and boxes.
import { pictureAddress } from "./api.js";
import { h, id, show, svg } from "./dom.js";
import { percent } from "./words.js";

/** What can lie over the picture, and how it is read. */
const kinds = {
  overlay: {
    name: "Class evidence",
    scale: "heat",
    from: "none",
    to: "most",
    says: "What speaks for the class, from the daemon's own drawing beside the photo: outline, box and label are part of it."
  },
  saliency: {
    name: "Saliency",
    scale: "grey",
    from: "no influence",
    to: "most",
    says: "How much each pixel moves the class's score."
  },
  occlusion: {
    name: "Occlusion",
    scale: "heat",
    from: "nothing lost",
    to: "most lost",
    says: "What hiding a window there costs the class."
  },
  mask: { name: "Parts", scale: null, says: "The parts that a segmentation network sees." },
};

export class Layers {
  constructor(record, sidecar) {
    this.record = record;
    this.size = { width: sidecar.photo.width, height: sidecar.photo.height };
    this.layers = [{ name: "Picture", says: "The photo, upright." }];
    for (const [kind, layer] of Object.entries(kinds)) {
      if (sidecar.files?.[kind]) this.layers.push({ ...layer, source: pictureAddress(record, kind) });
    }
    this.boxes = sidecar.boxes.map((box) => ({ ...box, owner: "network" }));
    this.image = h(
      "img",
      {
        src: pictureAddress(record, "photo"),
        alt: `The photo ${record.path}`,
        width: this.size.width,
        height: this.size.height
      }
    );
    this.layer = h("img", { class: "layer", alt: "", hidden: true });
    this.edge = h("div", { class: "edge", hidden: true });
    this.drawing = svg(
      "svg",
      { viewBox: `0 0 ${this.size.width} ${this.size.height}`, preserveAspectRatio: "none", "aria-hidden": "true" }
    );
    show(id("stage"), this.image, this.layer, this.edge, this.drawing);
    for (const name of ["reveal", "opacity", "boxes"]) id(name).addEventListener("input", () => this.draw());
    this.drag();
    this.choose(this.layers.length > 1 ? 1 : 0);
  }

  /** Adds what was asked for on this page, and shows it. */
  add(layer) {
    this.layers.push(layer);
    this.choose(this.layers.length - 1);
  }

  choose(index) {
    this.chosen = index;
    const { name, source, scale, from, to, says } = this.layers[index];
    this.layer.hidden = !source;
    if (source) {
      this.layer.src = source;
      this.layer.alt = `${name}: ${says}`;
    }
    for (const control of ["reveal", "opacity"]) id(control).disabled = !source;
    show(id("layer-choice"), this.layers.map((layer, number) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(number === index), onclick: () => this.choose(number) },
        layer.name
      )));
    show(
      id("legend"),
      scale ? [
        from,
        " ",
        h("span", { class: `scale ${scale}`, role: "img", "aria-label": `from ${from} to ${to}` }),
        to,
        " · "
      ] : null,
      says
    );
    this.draw();
  }

  draw() {
    const stage = id("stage").style;
    stage.setProperty("--reveal", `${id("reveal").value}%`);
    stage.setProperty("--opacity", id("opacity").value / 100);
    const isPart = Number(id("reveal").value) < 100;
    this.edge.hidden = this.layer.hidden || !isPart;
    const shown = id("boxes").checked ? this.boxes : this.boxes.filter((box) => box.owner === "person");
    this.drawing.replaceChildren(...shown.flatMap((box) => this.boxElements(box)));
  }

  boxElements({ bbox: [x, y, width, height], label, score, owner }) {
    const size = Math.max(this.size.width, this.size.height) / 40;
    return [
      svg("rect", { class: `box ${owner}`, x, y, width, height }),
      svg("text", {
        x: x + size / 3,
        y: Math.max(y - size / 3, size),
        "font-size": size,
        style: { "font-size": `${size}px` }
      },
        owner === "person" ? `${label} (a person)` : `${label} ${percent(score)}`),
    ];
  }

  /** The box that a person drew; null takes it away. */
  setPersonsBox(bbox, label) {
    this.boxes = this.boxes.filter((box) => box.owner !== "person");
    if (bbox) this.boxes.push({ bbox, label, owner: "person" });
    this.draw();
  }

  /** Dragging over the picture moves the reveal. */
  drag() {
    const stage = id("stage");
    stage.addEventListener("pointermove", (event) => {
      if (!(event.buttons & 1) || this.layer.hidden || this.isDrawing) return;
      const { left, width } = stage.getBoundingClientRect();
      id("reveal").value = Math.round(Math.min(Math.max((event.clientX - left) / width, 0), 1) * 100);
      this.draw();
    });
    this.image.draggable = this.layer.draggable = false;
  }

  /** Lets a person draw a box with two clicks or one drag; says it in pixels of the photo, or null where it was given up. */
  askForBox() {
    this.isDrawing = true;
    const stage = id("stage");
    stage.classList.add("drawing");
    const shape = svg("rect", { class: "box person" });
    this.drawing.append(shape);
    const place = (event) => {
      const { left, top, width, height } = stage.getBoundingClientRect();
      return [
        Math.min(Math.max((event.clientX - left) / width, 0), 1) * this.size.width,
        Math.min(Math.max((event.clientY - top) / height, 0), 1) * this.size.height,
      ];
    };
    let corner = null;
    let box = null;
    const stretch = (event) => {
      if (!corner) return;
      const [x, y] = place(event);
      box = [
        Math.min(x, corner[0]),
        Math.min(y, corner[1]),
        Math.abs(x - corner[0]),
        Math.abs(y - corner[1])
      ].map(Math.round);
      ["x", "y", "width", "height"].forEach((name, index) => shape.setAttribute(name, box[index]));
    };
    return new Promise((resolve) => {
      const end = (answer) => {
        stopping.abort();
        stage.classList.remove("drawing");
        shape.remove();
        this.isDrawing = false;
        resolve(answer);
      };
      const isLarge = () => box && box[2] >= 4 && box[3] >= 4;
      const stopping = new AbortController();
      const { signal } = stopping;
      stage.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        if (corner) stretch(event);
        else corner = place(event);
        if (isLarge()) end(box);
      }, { signal });
      stage.addEventListener("pointermove", stretch, { signal });
      stage.addEventListener("pointerup", (event) => {
        stretch(event);
        if (isLarge()) end(box);
      }, { signal });
      addEventListener("keydown", (event) => event.key === "Escape" && end(null), { signal });
    });
  }
}
