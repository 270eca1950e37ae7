/** What is shown, as files: a picture, and a table of numbers. */

import { csvOf } from "../model/code.js";
import { exact } from "../model/scale.js";
import { make } from "./elements.js";
import { colour } from "./palette.js";

const MARGIN = 16;
const TITLE = 30;

/** Saves all plots that are seen as one picture. */
export async function savePicture(title, figures) {
  const scale = devicePixelRatio || 1;
  const placed = figures.map((figure) => ({ canvas: figure.querySelector("canvas"), name: figure.querySelector("figcaption").textContent, box: figure.getBoundingClientRect() }));
  const left = Math.min(...placed.map(({ box }) => box.left));
  const top = Math.min(...placed.map(({ box }) => box.top));
  const [width, height] = [Math.max(...placed.map(({ box }) => box.right)) - left, Math.max(...placed.map(({ box }) => box.bottom)) - top];
  const canvas = Object.assign(document.createElement("canvas"), { width: (width + 2 * MARGIN) * scale, height: (height + 2 * MARGIN + TITLE) * scale });
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = colour("paper");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colour("ink");
  pen.font = "14px ui-monospace, monospace";
  pen.fillText(title, MARGIN, MARGIN + 14);
  pen.font = "italic 15px serif";
  for (const { canvas: drawn, name, box } of placed) {
    const inner = drawn.getBoundingClientRect();
    pen.fillText(name, box.left - left + MARGIN + 8, box.top - top + MARGIN + TITLE + 16);
    pen.drawImage(drawn, inner.left - left + MARGIN, inner.top - top + MARGIN + TITLE, inner.width, inner.height);
  }
  save("gridgrad.png", await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
}

/** Saves the planes that are shown as a table, a line for each point. */
export function saveTable(axes, planes) {
  const [x, y] = axes;
  const points = planes[0].values.length;
  const along = (axis, index) => exact(axis.places[index]);
  const columns = y
    ? [Array.from({ length: points }, (_, at) => along(x, at % x.places.length)), Array.from({ length: points }, (_, at) => along(y, Math.floor(at / x.places.length)))]
    : [Array.from(x.places, exact)];
  const numbers = planes.map(({ values }) => Array.from(values, exact));
  const names = [...axes.map(({ name }) => name), ...planes.map(({ name }) => name)];
  save("gridgrad.csv", new Blob([csvOf(names, [...columns, ...numbers])], { type: "text/csv" }));
}

function save(name, blob) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
