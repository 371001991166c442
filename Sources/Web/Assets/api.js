// The daemon's requests, as Protocol.md describes them, over HTTP.

/** What the daemon answers when it cannot do something. */
export class RequestError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/**
 * Asks the daemon. The answer comes as lines: progress, and at the end the result.
 * @param {AbortSignal} [options.signal] cancels the request
 * @param {(progress: object) => void} [options.onProgress]
 */
export async function ask(method, params = {}, options = {}) {
  const response = await fetch("/rpc", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: options.signal,
  });
  return readAnswer(response, options);
}

/** Sends a photo. With `keep` it goes into the inbox, without it is explained and forgotten. */
export async function upload(file, keep, options = {}) {
  const response = await fetch(`/upload?name=${encodeURIComponent(file.name)}&keep=${keep ? "yes" : "no"}`, {
    method: "POST",
    body: file,
    signal: options.signal,
  });
  if (keep && response.ok) return response.json();
  return readAnswer(response, options);
}

/** Has the daemon write a report of the photos that `filter` admits, as a file for the browser to keep. */
export async function makeReport(filter) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const response = await fetch("/report", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ filter, timeZone }),
  });
  if (!response.ok) throw new RequestError(await refusal(response), response.status);
  return response.blob();
}

async function readAnswer(response, { onProgress } = {}) {
  if (!response.ok) throw new RequestError(await refusal(response), response.status);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) {
      if (!line.trim()) continue;
      const message = JSON.parse(line);
      if (message.method === "progress") onProgress?.(message.params);
      else if (message.error) throw new RequestError(message.error.message, message.error.data?.code);
      else if ("result" in message) return message.result;
    }
    if (done) throw new RequestError("the daemon went away before it had answered; is it being stopped?");
  }
}

async function refusal(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text || `the daemon answered with ${response.status}`;
  }
}

/** The address of a picture of a photo: `thumbnail`, `photo`, or what lies beside it (`overlay`, `saliency`, …). */
export function pictureAddress(record, kind) {
  return `/picture?photo=${encodeURIComponent(record.path)}&kind=${kind}&v=${Date.parse(record.updated) || 0}`;
}

/** The page about a photo. */
export const photoAddress = (path) => `/photo?path=${encodeURIComponent(path)}`;

/** The document beside a photo; null where there is none. */
export async function readDocument(path, kind) {
  const response = await fetch(`/picture?photo=${encodeURIComponent(path)}&kind=${kind}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new RequestError(await refusal(response), response.status);
  return response.json();
}

/** Calls `receive` with each event of the daemon, and `change` with whether the connection stands. */
export function listen(receive, change = () => {}) {
  const source = new EventSource("/events");
  source.onmessage = (message) => receive(JSON.parse(message.data));
  source.onopen = () => change(true);
  source.onerror = () => change(false);
  return source;
}

/** JPEG bytes as they come in an answer, as an image's address. */
export const jpegAddress = (base64) => `data:image/jpeg;base64,${base64}`;

/** Has the browser save a text, or bytes, as a file. */
export function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
