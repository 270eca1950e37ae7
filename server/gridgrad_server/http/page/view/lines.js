/** Lines through the cursor along each axis, by uPlot: the value on the left, derivatives on the right. */

import { written } from "../model/scale.js";
import { make } from "./elements.js";
import { colour } from "./palette.js";
import { uplot } from "./vendor.js";

const STROKES = ["line-1", "line-2", "line-3", "line-4", "line-5", "line-6"];
const WIDE = 760;
const FONT = "12px system-ui, sans-serif";

export class Lines {
  #charts = new Map();
  #lines = [];
  #isPointing = false;

  /** @param point is called with the name of an axis and a position along it. */
  constructor(element, point) {
    this.element = element;
    this.tellPoint = point;
    new ResizeObserver(() => this.#resize()).observe(element);
  }

  /**
   * Shows lines.
   * @param lines of each axis: `axis`, its name, `places`, `at`, the cursor's place, and `series` of `name` and `values`.
   */
  async show(lines) {
    const Plot = await uplot();
    this.#lines = lines;
    const keys = lines.map((line) => [line.axis, ...line.series.map(({ name }) => name)].join("|"));
    for (const [key, { figure, chart }] of this.#charts) {
      if (!keys.includes(key)) {
        chart.destroy();
        figure.remove();
        this.#charts.delete(key);
      }
    }
    lines.forEach((line, index) => this.#showOne(Plot, keys[index], line));
  }

  /** Draws all of it anew, in other colours. */
  restyle() {
    this.#charts.forEach(({ figure, chart }) => {
      chart.destroy();
      figure.remove();
    });
    this.#charts.clear();
    return this.show(this.#lines);
  }

  #showOne(Plot, key, line) {
    const data = [line.places, ...line.series.map(({ values }) => Array.from(values, (value) => (Number.isFinite(value) ? value : null)))];
    const known = this.#charts.get(key);
    if (known) {
      known.chart.setData(data);
      known.title.textContent = line.title;
      this.#point(known.chart, line.at);
    } else {
      this.#charts.set(key, this.#made(Plot, line, data));
    }
  }

  #made(Plot, line, data) {
    const title = make("figcaption", {}, line.title);
    const figure = make("figure", { class: "plot lines" }, title);
    this.element.append(figure);
    const chart = new Plot({ ...this.#size(), ...optionsOf(line), hooks: { ready: [(plot) => this.#point(plot, line.at)], setCursor: [(plot) => this.#pointed(plot, line.axis)] } }, data, figure);
    return { figure, title, chart };
  }

  #pointed(plot, axis) {
    if (!this.#isPointing && plot.cursor.event && plot.cursor.idx !== null) {
      this.tellPoint(axis, plot.cursor.idx);
    }
  }

  #point(chart, at) {
    this.#isPointing = true;
    chart.setCursor({ left: chart.valToPos(chart.data[0][at], "x"), top: 0 }, false);
    chart.setLegend({ idx: at }, false);
    this.#isPointing = false;
  }

  #size() {
    const { clientWidth } = this.element;
    const isWide = clientWidth > WIDE && this.#lines.length > 1;
    return { width: Math.max(280, (isWide ? clientWidth / 2 : clientWidth) - 20), height: 330 };
  }

  #resize() {
    this.#charts.forEach(({ chart }) => chart.setSize(this.#size()));
  }
}

function optionsOf(line) {
  const axis = { stroke: colour("quiet"), font: FONT, labelFont: FONT, grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 } };
  const numbers = (_, values) => values.map((value) => (value === null ? "" : written(value, 3)));
  const hasSlopes = line.series.length > 1;
  const shown = (name, index) => ({
    label: name,
    scale: index ? "slope" : "value",
    stroke: colour(STROKES[index % STROKES.length]),
    width: index ? 1.5 : 2.5,
    dash: index ? [6, 4] : undefined,
    points: { show: false },
    value: (_, value) => (value === null || value === undefined ? "—" : written(value, 7)),
  });
  return {
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: line.axis, values: numbers, labelSize: 18 },
      { ...axis, scale: "value", values: numbers, size: 64 },
      ...(hasSlopes ? [{ ...axis, scale: "slope", side: 1, values: numbers, size: 64, grid: { show: false } }] : []),
    ],
    series: [{ label: line.axis, value: (_, value) => (value === null ? "—" : written(value, 7)) }, ...line.series.map(({ name }, index) => shown(name, index))],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
  };
}
