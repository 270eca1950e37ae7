/** A heat map with its axes, a colour bar and a cursor, on one canvas. */

import { barTicks, evenly, ticks, written } from "../model/scale.js";
import { make } from "./elements.js";
import { colour, paint, stripe } from "./palette.js";

const LEFT = 48;
const RIGHT = 68;
const TOP = 8;
const BOTTOM = 36;
const BAR = 12;
const GAP = 10;
const FONT = "12px system-ui, sans-serif";

export class HeatMap {
  #image = null;
  #offscreen = document.createElement("canvas");
  #shown = null;
  #cursor = null;

  /** @param tell has `point(column, row)`, `pan(dx, dy)` and `zoom(factor, column, row)` called. */
  constructor(tell) {
    this.title = make("figcaption");
    this.canvas = make("canvas", { tabindex: 0, role: "img" });
    this.element = make("figure", { class: "plot" }, this.title, this.canvas);
    this.#listen(tell);
  }

  /**
   * Shows a plane.
   * @param shown `name`, `values`, `columns`, `rows`, `range`, the axes `x` and `y` with `name`, `from` and `to`, and
   *   `lines`, contours that are drawn over it, or none.
   */
  show(shown) {
    this.#shown = shown;
    const { columns, rows } = shown;
    if (this.#image?.width !== columns || this.#image?.height !== rows) {
      this.#image = new ImageData(columns, rows);
      [this.#offscreen.width, this.#offscreen.height] = [columns, rows];
    }
    paint(this.#image, shown.values, shown.range);
    this.#offscreen.getContext("2d").putImageData(this.#image, 0, 0);
    this.title.textContent = shown.name;
    this.draw();
  }

  /** Moves the cursor. */
  point(column, row) {
    this.#cursor = { column, row };
    this.draw();
  }

  /** The text for those who do not see it. */
  describe(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /** Draws all of it, in the size that it has now. */
  draw() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.#shown || !width || !height) {
      return;
    }
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = FONT;
    const box = this.#box();
    this.#drawImage(pen, box);
    this.#drawAxes(pen, box);
    this.#drawBar(pen, box);
    this.#drawCursor(pen, box);
  }

  #box() {
    const { clientWidth, clientHeight } = this.canvas;
    return { left: LEFT, top: TOP, width: clientWidth - LEFT - RIGHT, height: clientHeight - TOP - BOTTOM };
  }

  #drawImage(pen, { left, top, width, height }) {
    const { lines, columns, rows } = this.#shown;
    pen.fillStyle = colour("hole");
    pen.fillRect(left, top, width, height);
    pen.imageSmoothingEnabled = columns > width || rows > height;
    pen.globalAlpha = lines ? 0.55 : 1;
    pen.drawImage(this.#offscreen, left, top, width, height);
    pen.globalAlpha = 1;
    if (lines) {
      pen.save();
      pen.beginPath();
      pen.rect(left + 1, top + 1, width - 2, height - 2);
      pen.clip();
      lines(pen, (column) => left + (column / columns) * width, (row) => top + height - (row / rows) * height);
      pen.restore();
    }
    pen.strokeStyle = colour("line");
    pen.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  }

  #drawAxes(pen, { left, top, width, height }) {
    const { x, y } = this.#shown;
    pen.fillStyle = pen.strokeStyle = colour("quiet");
    pen.textBaseline = "top";
    pen.textAlign = "center";
    ticks(x.from, x.to, Math.max(3, width / 60)).forEach((tick) => {
      const at = left + ((tick - x.from) / (x.to - x.from)) * width;
      pen.fillRect(at, top + height, 1, 4);
      pen.fillText(written(tick), at, top + height + 6);
    });
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    ticks(y.from, y.to, height / 45).forEach((tick) => {
      const at = top + height - ((tick - y.from) / (y.to - y.from)) * height;
      pen.fillRect(left - 4, at, 4, 1);
      pen.fillText(written(tick), left - 7, at);
    });
    pen.fillStyle = colour("ink");
    pen.font = `italic 13px serif`;
    pen.textAlign = "right";
    pen.textBaseline = "bottom";
    pen.fillText(x.name, left + width, top + height + BOTTOM - 1);
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText(y.name, 3, top);
    pen.font = FONT;
  }

  #drawBar(pen, { left, top, width, height }) {
    const { range } = this.#shown;
    const bar = left + width + GAP;
    const even = evenly(range);
    const [low, high] = [even(range.low), even(range.high)];
    pen.imageSmoothingEnabled = true;
    pen.drawImage(stripe(range), bar, top, BAR, height);
    pen.fillStyle = colour("quiet");
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    barTicks(range).forEach((tick) => {
      const at = top + height * (1 - (even(tick) - low) / (high - low || 1));
      pen.fillRect(bar + BAR, at, 3, 1);
      pen.fillText(written(tick, 3), bar + BAR + 6, Math.min(top + height - 6, Math.max(top + 6, at)));
    });
  }

  #drawCursor(pen, { left, top, width, height }) {
    if (!this.#cursor) {
      return;
    }
    const { columns, rows } = this.#shown;
    const x = left + ((this.#cursor.column + 0.5) / columns) * width;
    const y = top + height - ((this.#cursor.row + 0.5) / rows) * height;
    for (const [shade, off] of [["#0009", 1], ["#fffd", 0]]) {
      pen.fillStyle = pen.strokeStyle = shade;
      [[left, x - 6], [x + 6, left + width]].forEach(([from, to]) => pen.fillRect(from, Math.round(y) + off, to - from, 1));
      [[top, y - 6], [y + 6, top + height]].forEach(([from, to]) => pen.fillRect(Math.round(x) + off, from, 1, to - from));
      pen.beginPath();
      pen.arc(x, y, 5 + off, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  #at(event) {
    const { left, top, width, height } = this.#box();
    const { columns, rows } = this.#shown;
    const [x, y] = [(event.offsetX - left) / width, (top + height - event.offsetY) / height];
    const bounded = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return { x, y, column: bounded(x, columns), row: bounded(y, rows), isInside: x >= 0 && x <= 1 && y >= 0 && y <= 1 };
  }

  #listen(tell) {
    let dragged = null;
    const { canvas } = this;
    const on = (name, handle, options) => canvas.addEventListener(name, (event) => this.#shown && handle(event, this.#at(event)), options);
    on("pointerdown", (event, at) => {
      dragged = at.isInside ? at : null;
      tell.point(at.column, at.row);
      canvas.setPointerCapture(event.pointerId);
    });
    on("pointermove", (event, at) => {
      if (dragged && event.buttons) {
        tell.pan(dragged.x - at.x, dragged.y - at.y);
        dragged = at;
      } else if (at.isInside) {
        tell.point(at.column, at.row);
      }
    });
    on("pointerup", () => (dragged = null));
    on("dblclick", (_, at) => tell.zoom(0.5, at.x, at.y));
    on("wheel", (event, at) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        tell.zoom(2 ** (event.deltaY / 300), at.x, at.y);
      }
    }, { passive: false });
    on("keydown", (event) => tell.key(event));
  }
}
