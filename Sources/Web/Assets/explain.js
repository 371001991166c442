// Another class, another method, another network: asked of the daemon, with progress and a way to stop.
import { ask, jpegAddress } from "./api.js";
import { announce, h, show } from "./dom.js";
import { percent } from "./words.js";

/** Fills the panel in which a person asks; says which networks there are. */
export function showQuestion(place, record, sidecar, layers, onAnswer) {
  const progress = h("progress", { max: 1, value: 0, "aria-label": "How far the explanation is", hidden: true });
  const status = h("p", { class: "faint", role: "status" });
  const go = h("button", { class: "primary", id: "explain" }, "Explain");
  const stop = h("button", { type: "button", hidden: true, id: "explain-stop" }, "Stop");
  const select = (name, text) => {
    const element = h("select", { id: name });
    return { element, field: h("label", {}, text, element) };
  };
  const choices = {
    model: select("explain-model", "Network"),
    class: select("explain-class", "Class"),
    method: select("explain-method", "Method")
  };
  const caveat = h("p", { class: "faint" });
  let running = null;

  const fill = (choice, values, chosen) => show(
    choice.element,
    values.map(([value, text]) => h("option", { value, selected: value === chosen }, text ?? value))
  );
  async function load() {
    const [{ models }, methods] = await Promise.all([ask("models"), ask("methods")]);
    const classifiers = models.filter((model) => model.task === "classification" || !model.task);
    fill(choices.model, classifiers.map(({ name }) => [name]), sidecar.model.name);
    const update = () => {
      const model = classifiers.find(({ name }) => name === choices.model.element.value) ?? classifiers[0];
      if (!model) return;
      fill(
        choices.class,
        [["", "the most probable"], ...model.labels.slice(0, 2000).map((label) => [label])],
        choices.class.element.value
      );
      fill(
        choices.method,
        [["", "as the inbox does"], ...model.methods.map((name) => [name])],
        choices.method.element.value
      );
      describe();
    };
    const describe = () => {
      const method = methods.find(({ name }) => name === choices.method.element.value);
      caveat.textContent = method ? `${method.summary} Cost: ${method.cost}. ${method.caveat}` : "";
    };
    choices.model.element.addEventListener("change", update);
    choices.method.element.addEventListener("change", describe);
    update();
    return models;
  }

  async function explain(event) {
    event.preventDefault();
    running = new AbortController();
    const parameters = { photo: record.path, images: true, model: choices.model.element.value };
    if (choices.class.element.value) parameters.class = choices.class.element.value;
    if (choices.method.element.value) parameters.method = choices.method.element.value;
    progress.hidden = stop.hidden = false;
    progress.removeAttribute("value");
    go.disabled = true;
    status.textContent = "The daemon is looking …";
    try {
      const answer = await ask("explain", parameters, {
        signal: running.signal,
        onProgress: ({ fraction, message, secondsLeft }) => {
          progress.value = fraction;
          status.textContent = [
            percent(fraction),
            message,
            secondsLeft ? `${Math.ceil(secondsLeft)} s left` : ""
          ].filter(Boolean).join(" · ");
        },
      });
      receive(answer, parameters);
    } catch (error) {
      status.textContent = error.name === "AbortError" ? "Stopped." : error.message;
    } finally {
      progress.hidden = stop.hidden = true;
      go.disabled = false;
    }
  }

  function receive(answer, parameters) {
    const name = `${answer.class} · ${answer.method}`;
    const says = `What speaks for "${answer.class}" by ${answer.method}, asked of ${answer.model.name}.`;
    const { overlay, saliency } = answer.images ?? {};
    if (saliency && !overlay) layers.add({
      name,
      says,
      scale: "grey",
      from: "no influence",
      to: "most",
      source: jpegAddress(saliency)
    });
    else if (overlay) layers.add({ name, says, scale: "heat", from: "none", to: "most", source: jpegAddress(overlay) });
    const best = answer.predictions.find(({ label }) => label === answer.class);
    status.textContent = `${name}${best?.probability == null ? "" : `: ${percent(best.probability)}`}. ${answer.warnings.join(" ")}`;
    announce(`The explanation of ${name} is there.`);
    onAnswer(answer, parameters);
  }

  stop.addEventListener("click", () => running?.abort());
  show(place, h("h2", {}, "Explain another way"),
    h("form", { onsubmit: explain },
      h("div", { class: "fields" }, Object.values(choices).map(({ field }) => field)),
      caveat, h("div", { class: "row" }, go, stop), progress, status));
  return load();
}
