// A photo from a person: dragged onto the page, chosen, or taken with a phone's camera.
import { jpegAddress, photoAddress, upload } from "./api.js";
import { h, id, show } from "./dom.js";
import { counted, percent, verdictChip, verdictWord } from "./words.js";

/** Makes the dialog and the whole page take photos. */
export function acceptPhotos() {
  const dialog = id("ask");
  let running;
  id("ask-open").addEventListener("click", () => dialog.showModal());
  id("ask-file").addEventListener("change", () => take([...id("ask-file").files]));
  dialog.addEventListener("close", () => running?.abort());

  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth += 1;
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) document.body.classList.remove("dropping");
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    if (!dialog.open) dialog.showModal();
    take(files);
  });

  async function take(files) {
    if (!files.length) return;
    const place = id("ask-answer");
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const keep = id("ask-keep").checked;
    show(place);
    for (const [index, file] of files.entries()) {
      const line = h("p", { class: "status" }, `${file.name}: being sent …`);
      place.append(line);
      const onProgress = ({ fraction }) => (line.textContent = `${file.name}: ${percent(fraction)}`);
      try {
        const answer = await upload(file, keep, { signal, onProgress });
        if (keep) show(line, "✓ ", h("a", { href: photoAddress(answer.photo) }, file.name), " is in the inbox.");
        else line.replaceWith(found(file.name, answer));
      } catch (error) {
        if (error.name === "AbortError") return;
        line.classList.add("error");
        line.textContent = `${file.name}: ${error.message}`;
        // What is too much now is too much for the others as well.
        if (error.code === 503) {
          place.append(h("p", {}, `${counted(files.length - index - 1, "photo")} not sent.`));
          return;
        }
      }
    }
    id("ask-file").value = "";
  }
}

function found(name, answer) {
  const [best] = answer.predictions;
  return h(
    "figure", { class: "found" },
    answer.images?.overlay ? h(
      "img",
      { src: jpegAddress(answer.images.overlay), alt: `${name} with the evidence drawn over it` }
    ) : null,
    h("figcaption", {},
      h(
        "p", {},
        h("b", {}, best?.label ?? "no label"),
        " ",
        percent(best?.probability),
        " ",
        verdictChip(verdictWord(answer.verdict))
      ),
      h("p", {}, answer.verdict?.sentence ?? answer.evidence?.sentence ?? ""),
      h("p", { class: "faint" }, `${name} was not kept.`)));
}
