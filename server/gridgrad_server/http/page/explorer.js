/** What is looked at, and all that changes it: a change is asked for, and what comes back is shown. */

import { ServerError, gradient, inputsOf } from "./model/calls.js";
import { nearest } from "./model/grid.js";
import { Newest } from "./model/newest.js";
import { findRanges } from "./model/ranges.js";
import { across, called, initialState, inputsBy, inputsFor, pointsOf, requestOf, setRole, up } from "./model/state.js";

const SETTLED_MS = 400;

export class Explorer {
  #newest = new Newest(gradient, (grid) => this.#take(grid), (error) => this.#fail(error));
  #known = new Map();
  #frame = 0;
  #settled = 0;
  #again = 0;
  #looking = null;
  #readFor = "";
  grid = null;

  /** @param page has `changed`, `asked`, `answered`, `drawn`, `pointed`, `settled` and `failed` called. */
  constructor(page, plots, state) {
    this.page = page;
    this.plots = plots;
    this.state = state ?? initialState();
  }

  /** Shows another state, as it is. */
  async open(state) {
    this.state = state;
    this.#known.clear();
    this.#newest.cancel();
    if (state.inputs.length) {
      this.changed();
    } else {
      await this.#reread();
    }
  }

  /** Takes another expression. */
  async write(expression) {
    Object.assign(this.state, { expression, registered: "" });
    await this.#reread();
  }

  /** Takes a registered function, with what it says of its inputs. */
  async choose({ name, inputs = [] }) {
    Object.assign(this.state, { registered: name, component: 0 });
    const given = inputs.filter((input) => input.default !== undefined);
    await this.#reread(inputs.map((input) => input.name), new Map(given.map((input) => [input.name, { value: Number(input.default), isGiven: true }])));
  }

  /** Looks at the inputs anew: which there are, where it is not known, and on which ranges there is something to see. */
  async #reread(known = null, given = new Map()) {
    this.#readFor = JSON.stringify(called(this.state));
    this.#looking?.abort();
    this.#newest.cancel();
    [this.#again, this.#settled].forEach(clearTimeout);
    const { signal } = (this.#looking = new AbortController());
    this.state.inputs.forEach((input) => this.#known.set(input.name, input));
    try {
      const names = known ?? (await inputsOf(called(this.state), signal));
      const { inputs, fresh } = inputsFor(names, this.#known, given);
      const unseen = inputs.filter(({ name, role }) => fresh.includes(name) && role !== "number").map(({ name }) => name);
      await this.#range(inputs, unseen, signal);
      this.state.inputs = inputs; // now that all have ranges: who writes on meanwhile begins with those before
      this.changed();
    } catch (error) {
      if (error.name !== "AbortError" && !signal.aborted) {
        this.#fail(error, () => this.#reread(known, given));
      }
    }
  }

  /** Gives all axes ranges on which there is something to see. */
  async findRanges() {
    const { signal } = (this.#looking = new AbortController());
    const { inputs } = this.state;
    const axes = inputs.filter(({ role }) => role !== "number").map(({ name }) => name);
    await this.#range(inputs, axes, signal).catch((error) => this.#fail(error));
    this.changed();
  }

  async #range(all, names, signal) {
    if (!names.length) {
      return;
    }
    const rest = all.filter(({ name }) => !names.includes(name));
    const compute = async (points) => {
      const given = { ...points, ...Object.fromEntries(rest.map(({ name, value }) => [name, value])) };
      const grid = await gradient({ ...called(this.state), inputs: given, order: 0 }, signal);
      return grid.plane("value", Math.min(this.state.component, Math.max(0, grid.components.length - 1)));
    };
    const found = await findRanges(names, compute);
    all.filter(({ name }) => names.includes(name)).forEach((input) => {
      [input.from, input.to] = found[input.name];
      input.value = input.from + 0.6 * (input.to - input.from);
    });
  }

  /** Takes what was changed in the state, and has it computed. */
  changed() {
    clearTimeout(this.#again);
    this.page.changed(this.state);
    this.page.asked();
    this.#newest.ask(requestOf(this.state));
    this.#settle();
  }

  /** Takes what was changed of how it is shown. */
  shownOtherwise() {
    this.page.changed(this.state);
    this.#draw();
    this.#settle();
  }

  /** Gives an input a number: a parameter is computed anew, on an axis it is where the cursor is. */
  setValue(name, value) {
    const input = this.input(name);
    if (!Number.isFinite(value)) {
      return;
    }
    input.value = value;
    if (input.role === "number") {
      this.changed();
    } else if (input.role === "slice") {
      this.shownOtherwise();
    } else {
      this.pointed();
    }
  }

  setRange(name, from, to) {
    const input = this.input(name);
    if (Number.isFinite(from) && Number.isFinite(to) && from !== to) {
      Object.assign(input, { from: Math.min(from, to), to: Math.max(from, to) });
      this.changed();
    }
  }

  setRole(name, role) {
    setRole(this.state, name, role);
    this.changed();
  }

  setDerive(name, derive) {
    this.input(name).derive = derive;
    this.changed();
  }

  /** Moves the cursor to a point of the grid. */
  pointAt(column, row) {
    [[across(this.state), column], [up(this.state), row]].filter(([input, at]) => input && at !== undefined).forEach(([input, at]) => this.#pointAlong(input, at));
    this.pointed();
  }

  pointAlong(name, at) {
    this.#pointAlong(this.input(name), at);
    this.pointed();
  }

  #pointAlong(input, at) {
    const points = pointsOf(this.state, input);
    const bounded = Math.min(points - 1, Math.max(0, at));
    input.value = input.from + ((input.to - input.from) * bounded) / (points - 1);
  }

  /** Moves the cursor by so many points. */
  step(columns, rows) {
    const at = (input) => input && nearest(input, pointsOf(this.state, input), input.value);
    this.pointAt(at(across(this.state)) + columns, (at(up(this.state)) ?? 0) + rows);
  }

  pointed() {
    this.page.pointed(this.state);
    if (this.grid) {
      this.plots.point();
    }
    this.#settle();
  }

  /** Moves the ranges by shares of them. */
  pan(x, y) {
    this.#eachAxis([x, y], (input, share) => {
      const by = share * (input.to - input.from);
      return [input.from + by, input.to + by];
    });
  }

  /** Makes the ranges so many times as long, about a place in shares of them. */
  zoom(factor, x = 0.5, y = 0.5) {
    this.#eachAxis([x, y], (input, share) => {
      const [about, span] = [input.from + share * (input.to - input.from), (input.to - input.from) * factor];
      return [about - share * span, about + (1 - share) * span];
    });
  }

  #eachAxis(shares, rangeOf) {
    [across(this.state), up(this.state)].forEach((input, index) => {
      if (input) {
        const [from, to] = rangeOf(input, shares[index]).map((number) => Number(number.toPrecision(8)));
        if (Number.isFinite(to - from) && from !== to) {
          Object.assign(input, { from, to });
        }
      }
    });
    this.changed();
  }

  input(name) {
    return this.state.inputs.find((each) => each.name === name);
  }

  #take(grid) {
    this.grid = grid;
    this.page.answered(grid);
    this.#draw();
  }

  /** Draws in the next frame, once for all that came before it. */
  #draw() {
    this.#frame ||= requestAnimationFrame(async () => {
      this.#frame = 0;
      const { grid } = this;
      if (grid && this.#fits(grid)) {
        const began = performance.now();
        try {
          await this.plots.show(this.state, grid);
          this.page.drawn(grid, performance.now() - began);
        } catch (error) {
          this.plots.say(error.message);
        }
      }
    });
  }

  /** Whether a grid has the dims that are to be shown: another may be on its way. */
  #fits(grid) {
    const dims = ["slice", "up", "across"].flatMap((role) => inputsBy(this.state, role));
    return dims.map(({ name }) => name).join() === grid.dims.join() && dims.every((input, index) => grid.lengths[index] === pointsOf(this.state, input));
  }

  #fail(error, again = () => this.changed()) {
    const isOfInputs = error.missing?.length || /^inputs\[\d+\]\.name/.test(error.field ?? "");
    if (isOfInputs && this.#readFor !== JSON.stringify(called(this.state))) {
      this.#reread(); // a link had other inputs than the function has
      return;
    }
    if (error.again) {
      this.#again = setTimeout(again, error.again);
    }
    this.page.failed(error instanceof ServerError ? error : new Error(`${error.message}. Is the server still there?`));
  }

  #settle() {
    clearTimeout(this.#settled);
    this.#settled = setTimeout(() => this.page.settled(this.state, requestOf(this.state)), SETTLED_MS);
  }
}
