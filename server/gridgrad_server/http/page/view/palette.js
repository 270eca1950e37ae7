/** Colours of numbers. The stops are those of matplotlib's viridis, RdBu_r and, on dark pages, berlin. */

import { evenly } from "../model/scale.js";

const STOPS = {
  ordered: "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725",
  signed: "053061 175290 2a71b2 3f8ec0 6bacd1 9bc9e0 c2ddec e0ecf3 f7f6f6 fbe5d8 fbccb4 f5aa89 e48066 d05548 ba2832 930e26 67001f",
  signedDark: "9eb0ff 79abed 519fd3 3685ad 286886 1d4b61 14303e 111a20 190c09 2b0e01 411201 5b1d08 7d341e 9e513f be6f63 df8f89 ffadad",
};
const SIZE = 512;
const OPAQUE = 0xff000000;
const tables = new Map();
const stripes = new Map();

const colours = new Map();

/** A colour of the page by the name of its variable. */
export function colour(name) {
  const key = `${document.documentElement.dataset.theme} ${name}`;
  if (!colours.has(key)) {
    colours.set(key, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return colours.get(key);
}

/** The colours of a range, from its low end to its high one, as pixels. */
export function colourTable(range) {
  const isDark = document.documentElement.dataset.theme === "dark";
  const name = range.isSigned ? (isDark ? "signedDark" : "signed") : "ordered";
  if (!tables.has(name)) {
    tables.set(name, tableOf(STOPS[name].split(" ").map((stop) => parseInt(stop, 16))));
  }
  return tables.get(name);
}

function tableOf(stops) {
  return Uint32Array.from({ length: SIZE }, (_, index) => {
    const place = (index / (SIZE - 1)) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(place));
    const part = (shift) => {
      const [a, b] = [stops[first], stops[first + 1]].map((stop) => (stop >> shift) & 255);
      return Math.round(a + (b - a) * (place - first));
    };
    return (OPAQUE | (part(0) << 16) | (part(8) << 8) | part(16)) >>> 0;
  });
}

/** Paints numbers, the first row at the bottom. What is no number stays clear. */
export function paint(image, values, range) {
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  const table = colourTable(range);
  const even = evenly(range);
  const low = even(range.low);
  const factor = (SIZE - 1) / (even(range.high) - low || 1);
  const isLinear = !range.width;
  for (let row = 0; row < height; row++) {
    const start = (height - 1 - row) * width;
    const from = row * width;
    for (let column = 0; column < width; column++) {
      const value = values[from + column];
      if (value !== value) {
        pixels[start + column] = 0;
        continue;
      }
      const place = ((isLinear ? value : even(value)) - low) * factor;
      pixels[start + column] = table[place > 0 ? (place < SIZE ? place | 0 : SIZE - 1) : 0];
    }
  }
}

/** The colours of a range from low to high, as a canvas that is one pixel wide. */
export function stripe(range) {
  const table = colourTable(range);
  if (!stripes.has(table)) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: SIZE });
    const image = new ImageData(1, SIZE);
    new Uint32Array(image.data.buffer).set(table.toReversed());
    canvas.getContext("2d").putImageData(image, 0, 0);
    stripes.set(table, canvas);
  }
  return stripes.get(table);
}
