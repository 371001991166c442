// Yes, no, or wrong box: what a person says of a photo, kept by the daemon and never in the photo.
import { ask } from "./api.js";
import { announce, h, show } from "./dom.js";

/** Fills the panel in which a person answers. */
export class Answer {
  /** The network's, once they are known. */
  labels = [];

  constructor(place, record, sidecar, layers) {
    Object.assign(this, { place, record, sidecar, layers });
    this.load();
  }

  async load() {
    const { corrections } = await ask("corrections", { photo: this.record.path });
    this.correction = corrections[0] ?? null;
    this.draw();
  }

  get label() { return this.correction?.label ?? this.sidecar.predictions[0]?.label ?? ""; }
  get bbox() { return this.correction?.bbox ?? this.sidecar.boxes[0]?.bbox ?? null; }

  async send(answer, more = {}) {
    const result = await ask("correct", { photo: this.record.path, answer, ...more });
    this.correction = result.correction ?? null;
    announce(this.correction ? "Kept." : "Taken back.");
    this.draw();
  }

  draw(...more) {
    this.layers.setPersonsBox(
      this.correction && this.correction.answer !== "yes" ? this.correction.bbox : null,
      this.label
    );
    const predicted = this.sidecar.predictions[0]?.label ?? "nothing";
    show(this.place, h("h2", {}, `Is "${predicted}" right?`),
      this.correction ? this.kept() : null,
      h("div", { class: "answer-buttons" },
        h("button", { type: "button", id: "answer-yes", onclick: () => this.send("yes") }, "✓ Yes"),
        h("button", { type: "button", id: "answer-no", onclick: () => this.askLabel() }, "✗ No, it is …"),
        h("button", { type: "button", id: "answer-box", onclick: () => this.askBox() }, "▢ Wrong box"),
        this.correction ? h(
          "button", { type: "button", class: "quiet", onclick: () => this.send("withdraw") },
          "Take back"
        ) : null),
      more);
  }

  kept() {
    const { answer, label, bbox } = this.correction;
    const words = {
      yes: `Confirmed: ${label}`,
      no: `Corrected: it is ${label}`,
      "wrong-box": `Corrected: the box around ${label}`
    }[answer];
    return h("p", { id: "answer-kept" }, h("span", { class: "chip answer" }, words), bbox ? null : " without a box");
  }

  askLabel() {
    const choose = (label) => {
      const keepsBox = this.sidecar.boxes[0] && label !== "other";
      return this.send("no", keepsBox ? { label, bbox: this.sidecar.boxes[0].bbox } : { label });
    };
    const input = h(
      "input",
      { type: "text", "aria-label": "Another label", placeholder: "something else", maxlength: 60 }
    );
    const form = h("form", { class: "row", onsubmit: (event) => {
      event.preventDefault();
      if (input.value.trim()) choose(input.value.trim());
    } },
    this.labels.filter((label) => label !== this.sidecar.predictions[0]?.label).map((label) =>
      h("button", { type: "button", onclick: () => choose(label) }, label)), input, h("button", {}, "Keep"));
    this.draw(form);
    form.querySelector("button, input").focus();
  }

  async askBox() {
    this.draw(
      h("p", { role: "status" }, "Draw the box on the picture: from one corner to the opposite one. Escape gives up."),
      this.boxFields()
    );
    const bbox = await this.layers.askForBox();
    if (bbox) await this.send("wrong-box", { bbox, label: this.label });
    else this.draw();
  }

  /** The same with numbers, for whoever uses no pointer. */
  boxFields() {
    const [x, y, width, height] = this.bbox ?? [0, 0, this.layers.size.width, this.layers.size.height];
    const fields = Object.entries({ x, y, width, height }).map(([name, value]) =>
      h("label", {}, name, h("input", { name, type: "number", value: Math.round(value), min: 0 })));
    return h("form", { onsubmit: (event) => {
      event.preventDefault();
      const data = new FormData(event.target);
      this.send(
        "wrong-box",
        { label: this.label, bbox: ["x", "y", "width", "height"].map((name) => Number(data.get(name))) }
      );
    } }, h("div", { class: "fields" }, fields, h("button", {}, "Keep these numbers")));
  }
}
