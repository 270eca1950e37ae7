/** The plots of a grid: maps, contours, lines or a surface of what is shown of it. */

import { linspace, nearest, planeName } from "../model/grid.js";
import { colourRange, written } from "../model/scale.js";
import { across, inputsBy, pointsOf, up } from "../model/state.js";
import { contourLines } from "./contours.js";
import { by, make } from "./elements.js";
import { HeatMap } from "./heatmap.js";
import { Lines } from "./lines.js";
import { Surface } from "./surface.js";

export class Plots {
  #maps = [];
  #surface = null;
  #lines = null;
  #round = 0;

  /** @param tell has `point`, `pan`, `zoom` and `key` of a map called. */
  constructor(tell) {
    this.element = by("plots");
    this.tell = tell;
    this.planes = [];
    new ResizeObserver(() => this.#maps.forEach((map) => map.draw())).observe(this.element);
  }

  /** Shows a grid as a state says. */
  async show(state, grid) {
    const round = ++this.#round;
    this.state = state;
    this.axes = [across(state), up(state)].filter(Boolean).map((input) => ({ ...input, places: linspace(input.from, input.to, pointsOf(state, input)) }));
    const at = inputsBy(state, "slice").map((input) => nearest(input, pointsOf(state, input), input.value));
    const component = Math.min(state.component, Math.max(0, grid.components.length - 1));
    const name = grid.isTuple ? grid.components[component] : "f";
    this.planes = inOrder(grid.planes, state).map((plane) => ({ plane, name: planeName(plane, name), values: grid.plane(plane, component, at) }));
    this.element.classList.remove("stale");
    const view = this.axes.length > 1 ? state.view : this.axes.length ? "lines" : "number";
    this.element.classList.toggle("one", view === "surface" || view === "number" || this.axes.length === 1 || this.planes.length === 1);
    this.element.classList.toggle("two-rows", this.planes.length > 3);
    await this[view](round);
    this.#pointAll();
  }

  /** What is at the cursor: each axis, slice and plane with its number. */
  get atCursor() {
    const { column, row } = this.#cursor();
    const places = this.axes.map(({ name, places }, index) => [name, places[index ? row : column]]);
    const slices = inputsBy(this.state, "slice").map((input) => {
      const points = pointsOf(this.state, input);
      return [input.name, linspace(input.from, input.to, points)[nearest(input, points, input.value)]];
    });
    const index = this.axes.length > 1 ? row * this.axes[0].places.length + column : column;
    return { places: [...places, ...slices], numbers: this.planes.map(({ name, values }) => [name, values[index]]) };
  }

  /** Moves the cursor of all plots to where the state has it. */
  point() {
    this.#pointAll();
    if (this.axes.length && this.#view() === "lines") {
      this.#lines?.show(this.#linesNow());
    }
  }

  /** Draws all of it anew, in other colours. */
  async restyle(grid) {
    if (grid) {
      await this.#lines?.restyle();
      await this.show(this.state, grid);
    }
  }

  /** The figures that are seen. */
  get figures() {
    return [...this.element.querySelectorAll("figure")];
  }

  /** Says in words what each plot shows. */
  describe() {
    const texts = this.planes.map(({ name, values }) => this.#inWords(name, colourRange(values, "linear"), values));
    this.#maps.forEach((map, index) => texts[index] && map.describe(texts[index]));
    this.#surface?.describe(texts[this.#planeIndex()] ?? "");
    return texts[0] ?? "";
  }

  /** Says something where plots are else. */
  say(text) {
    this.#keepOnly("text");
    this.element.replaceChildren(make("p", { class: "wrong", role: "alert" }, text));
  }

  async maps() {
    this.#keepOnly("maps");
    this.planes.forEach((plane, index) => this.#map(index).show(this.#shown(plane)));
  }

  async contours(round) {
    const shown = this.planes.map((plane) => this.#shown(plane));
    const lines = await Promise.all(shown.map(({ values, columns, rows, range }) => contourLines(values, columns, rows, range)));
    if (round === this.#round) {
      this.#keepOnly("maps");
      shown.forEach((each, index) => this.#map(index).show({ ...each, lines: lines[index] }));
    }
  }

  async lines() {
    this.#keepOnly("lines");
    this.#lines ??= new Lines(this.element, (axis, at) => this.tell.along(axis, at));
    await this.#lines.show(this.#linesNow());
  }

  async surface() {
    this.#keepOnly("surface");
    this.#surface ??= new Surface(this.tell);
    if (!this.#surface.element.isConnected) {
      this.element.append(this.#surface.element);
    }
    await this.#surface.show(this.#shown(this.planes[this.#planeIndex()]));
  }

  async number() {
    this.#keepOnly("number");
    this.element.replaceChildren(...this.planes.map(({ name, values }) => make("p", { class: "scalar" }, `${name} = ${values[0]}`)));
  }

  #view() {
    return this.axes.length > 1 ? this.state.view : "lines";
  }

  #planeIndex() {
    return Math.max(0, this.planes.findIndex(({ plane }) => plane === this.state.plane));
  }

  #keepOnly(kind) {
    if (this.kind !== kind) {
      this.kind = kind;
      this.#lines = null;
      this.#maps = [];
      this.element.replaceChildren();
    }
    this.#maps.splice(this.planes.length).forEach((map) => map.element.remove());
  }

  #map(index) {
    if (!this.#maps[index]) {
      this.#maps[index] = new HeatMap(this.tell);
      this.element.append(this.#maps[index].element);
    }
    return this.#maps[index];
  }

  #shown({ name, values }) {
    const [x, y] = this.axes.map(withEdges);
    const range = colourRange(values, this.state.scale);
    return { name, values, range, x, y, columns: this.axes[0].places.length, rows: this.axes[1].places.length };
  }

  #linesNow() {
    const { column, row } = this.#cursor();
    return this.axes.map((axis, index) => {
      const wide = this.axes[0].places.length;
      const values = (all) => (this.axes.length === 1 ? all : index ? axis.places.map((_, at) => all[at * wide + column]) : all.subarray(row * wide, (row + 1) * wide));
      const rest = this.axes.filter((each) => each !== axis).map((each) => ` at ${each.name} = ${written(each.places[index ? column : row])}`);
      const own = this.planes.filter(({ plane }) => plane === "value" || plane.slice(2).split(",").every((name) => name === axis.name));
      const series = own.map((plane) => ({ name: plane.name, values: values(plane.values) }));
      return { axis: axis.name, places: axis.places, at: index ? row : column, title: `along ${axis.name}${rest.join("")}`, series };
    });
  }

  #cursor() {
    const [column = 0, row = 0] = this.axes.map((axis) => nearest(axis, axis.places.length, this.state.inputs.find(({ name }) => name === axis.name).value));
    return { column, row };
  }

  #pointAll() {
    const { column, row } = this.#cursor();
    this.#maps.forEach((map) => map.point(column, row));
    if (this.axes.length > 1) {
      this.#surface?.point(...[column, row].map((at, index) => at / (this.axes[index].places.length - 1)));
    }
  }

  #inWords(name, range, values) {
    const place = (index) => this.axes.map(({ name: axis, places }, dim) => {
      const wide = this.axes[0].places.length;
      return `${axis} = ${written(places[dim ? Math.floor(index / wide) : index % wide])}`;
    }).join(", ");
    if (!this.axes.length) {
      return `${name} = ${written(values[0], 9)}`;
    }
    const over = this.axes.map(({ name: axis, from, to }) => `${axis} from ${written(from)} to ${written(to)}`).join(" and ");
    const odd = range.odd ? `; ${range.odd} of ${values.length} points have no finite number` : "";
    return range.lowAt < 0 ? `${name} over ${over} has no finite number anywhere`
      : `${name} over ${over}: least ${written(range.least)} at ${place(range.lowAt)}, largest ${written(range.most)} at ${place(range.highAt)}${odd}`;
  }
}

/** An axis from edge to edge of its cells, whose centers are its points. */
function withEdges({ name, from, to, places }) {
  const half = (to - from) / (places.length - 1) / 2;
  return { name, first: from, last: to, from: from - half, to: to + half };
}

/** Planes by their order, and by the inputs as they are listed. */
function inOrder(planes, state) {
  const names = state.inputs.map(({ name }) => name);
  const key = (plane) => (plane === "value" ? [] : plane.slice(2).split(",").map((name) => names.indexOf(name)).sort((a, b) => a - b));
  const compare = (a, b) => a.length - b.length || a.reduce((sign, each, index) => sign || each - b[index], 0);
  return [...planes].sort((a, b) => compare(key(a), key(b)));
}
