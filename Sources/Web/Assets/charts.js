// Small charts as SVG, made of numbers alone, so that a report in a file can use them too.
import { h, svg } from "./dom.js";

/** As wide as there is room for, so that words stay readable on a phone. */
const width = Math.max(300, Math.min(960, document.documentElement.clientWidth - 80));
const left = 44;
const bottom = 24;
/** Of one period. */
const widest = 100;

const nice = (value) => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [2, 4, 6, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
};

function frame(height, top, format, description) {
  const chart = svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description }
  );
  for (const part of [0, 0.5, 1]) {
    const y = height - bottom - part * (height - bottom - 10);
    chart.append(
      svg("line", { class: "axis", x1: left, x2: width, y1: y, y2: y }),
      svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, format(top * part))
    );
  }
  return chart;
}

function names(chart, columns, height, step) {
  const every = Math.ceil(columns.length / Math.floor(width / 96));
  columns.forEach((column, index) => {
    if (index % every) return;
    chart.append(svg("text", { x: left + (index + 0.5) * step, y: height - 6, "text-anchor": "middle" }, column.name));
  });
}

/**
 * Bars of stacked pieces, one a period.
 * @param {{name: string, parts: number[]}[]} columns
 * @param {{name: string, tone: string, sign?: string}[]} kinds one for each part, from the bottom up
 */
export function stackedBars(columns, kinds, { height = 240, description, onChoose } = {}) {
  const top = nice(Math.max(...columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0))));
  const chart = frame(height, top, String, description);
  const step = Math.min((width - left) / columns.length, widest);
  columns.forEach((column, index) => {
    let y = height - bottom;
    column.parts.forEach((part, number) => {
      const tall = (part / top) * (height - bottom - 10);
      y -= tall;
      if (!part) return;
      const piece = svg("rect", {
        class: `bar ${kinds[number].tone}`,
        x: left + index * step + step * 0.1,
        y,
        width: step * 0.8,
        height: Math.max(tall - 1, 0.5),
        rx: 2
      },
        svg("title", {}, `${column.name}: ${part} ${kinds[number].name}`));
      if (kinds[number].color) piece.style.fill = kinds[number].color;
      if (onChoose) piece.addEventListener("click", () => onChoose(index, number));
      chart.append(piece);
    });
  });
  names(chart, columns, height, step);
  return h("div", {}, chart, key(kinds), table(columns, kinds));
}

/** A line of shares 0…1, one a period; null leaves a gap. `marks` are indexes at which something changed. */
export function line(columns, { height = 160, description, marks = [] } = {}) {
  const chart = frame(height, 1, (share) => `${Math.round(share * 100)} %`, description);
  const step = Math.min((width - left) / columns.length, widest);
  const place = (index, value) => [left + (index + 0.5) * step, height - bottom - value * (height - bottom - 10)];
  for (const { index, name } of marks) {
    const [x] = place(index, 0);
    chart.append(svg("line", { class: "mark", x1: x, x2: x, y1: 0, y2: height - bottom }, svg("title", {}, name)));
  }
  const points = columns.map(({ value }, index) => (value == null ? null : place(index, value)));
  chart.append(svg(
    "path",
    {
      class: "line",
      d: points.map((point, index) => (point ? `${points[index - 1] ? "L" : "M"}${point.join(" ")}` : "")).join("")
    }
  ));
  columns.forEach((column, index) => {
    if (!points[index]) return;
    chart.append(svg(
      "circle", { class: "dot", cx: points[index][0], cy: points[index][1], r: 3 },
      svg("title", {}, `${column.name}: ${(column.value * 100).toFixed(1)} %`)
    ));
  });
  names(chart, columns, height, step);
  return chart;
}

function key(kinds) {
  return h("ul", { class: "key" }, kinds.map(({ name, tone, sign, color }) =>
    h(
      "li", { class: color ? "" : `chip ${tone}` },
      color ? h("span", { class: "swatch", style: { background: color } }) : null,
      sign ? `${sign} ${name}` : name
    )));
}

/** The same numbers for whoever does not see the chart. */
function table(columns, kinds) {
  return h("div", { class: "unseen" }, h("table", {},
    h(
      "thead", {},
      h("tr", {}, h("th", { scope: "col" }, "period"), kinds.map(({ name }) => h("th", { scope: "col" }, name)))
    ),
    h(
      "tbody", {},
      columns.map(({ name, parts }) => h(
        "tr", {},
        h("th", { scope: "row" }, name),
        parts.map((part) => h("td", {}, String(part)))
      ))
    )));
}
