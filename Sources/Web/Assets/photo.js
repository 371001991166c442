// The page about one photo.
import { ask, listen, readDocument, save } from "./api.js";
import { Answer } from "./correct.js";
import { h, id, show } from "./dom.js";
import { showScores, showVerdict } from "./evidence.js";
import { showQuestion } from "./explain.js";
import { Layers } from "./layers.js";
import { showUnits } from "./units.js";
import { fileName } from "./words.js";

const path = new URLSearchParams(location.search).get("path") ?? "";

// Back to the wall as it was filtered.
if (
  document.referrer && new URL(document.referrer).origin === location.origin && new URL(document.referrer).pathname === "/"
) {
  id("back").href = document.referrer;
}

async function start() {
  document.title = `${fileName(path)} · interpretd`;
  id("title").textContent = fileName(path);
  const sidecar = await readDocument(path, "boxes");
  if (!sidecar) return waitFor();
  const record = { path, updated: new Date().toISOString() };
  id("subtitle").textContent = `${sidecar.photo.width} × ${sidecar.photo.height} pixels · by ${sidecar.model.name} · ${path}`;
  if (sidecar.photo.damage) show(id("complaint"), sidecar.photo.damage.sentence);
  id("complaint").hidden = !sidecar.photo.damage;
  const layers = new Layers(record, sidecar);
  showVerdict(id("verdict"), sidecar);
  showScores(id("scores"), sidecar);
  showUnits(id("units"), record);
  const commands = [["What is beside the photo, again", `interpretctl explain ${quoted(path)} --json`]];
  showNumbers(sidecar, commands);
  const answer = new Answer(id("answer"), record, sidecar, layers);
  const models = await showQuestion(id("question"), record, sidecar, layers, (answer, { class: label, method, model }) => {
    const flags = [
      method && `--method ${method}`,
      label && `--class ${quoted(label)}`,
      model && `--model ${quoted(model)}`
    ];
    commands.push([
      `${answer.class} by ${answer.method}`,
      ["interpretctl explain", quoted(path), ...flags.filter(Boolean), "--out results"].join(" ")
    ]);
    showNumbers(sidecar, commands);
  });
  answer.labels = models.find(({ name }) => name === sidecar.model.name)?.labels ?? [];
}

/** For a shell, in single quotes where that is needed. */
const quoted = (text) => (/^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function showNumbers(sidecar, commands) {
  const text = JSON.stringify(sidecar, null, 2);
  const isOpen = id("numbers").querySelector("details")?.open ?? false;
  show(id("numbers"), h("h2", {}, "Numbers and commands"),
    commands.map(([name, command]) => h("div", {}, h("p", { class: "faint" }, name), h("div", { class: "commands" }, h(
      "pre", { tabindex: 0, "aria-label": name },
      command
    ),
      h("button", { type: "button", onclick: (event) => copy(event.target, command) }, "Copy")))),
    h("details", { open: isOpen },
      h("summary", {}, "Everything beside the photo, as JSON"),
      h("pre", { tabindex: 0, "aria-label": "The document as JSON" }, text),
      h(
        "button",
        { type: "button", onclick: () => save(`${fileName(path)}.boxes.json`, text, "application/json") },
        "Save as a file"
      )));
}

async function copy(button, text) {
  // Only safe addresses have a clipboard.
  await navigator.clipboard?.writeText(text);
  button.textContent = navigator.clipboard ? "Copied" : "Select it";
}

/** The photo is not done yet, or cannot be read. */
async function waitFor() {
  const failure = await readDocument(path, "error").catch(() => null);
  for (const name of ["verdict", "answer", "scores", "question", "units", "numbers"]) id(name).hidden = true;
  document.querySelector(".stage-column").hidden = true;
  id("complaint").hidden = false;
  if (failure) {
    id("complaint").textContent = failure.error?.message ?? failure.message ?? "This photo cannot be read.";
    return;
  }
  id("complaint").textContent = "There is nothing beside this photo yet. It is shown as soon as it is done.";
  listen((event) => event.path === path && event.event !== "photo-queued" && location.reload());
}

start().catch((error) => {
  id("complaint").textContent = error.message;
  id("complaint").hidden = false;
});
