/** The inputs: what each is in the plots, its range, and a slider. */

import { ROLES, pointsOf } from "../model/state.js";
import { written } from "../model/scale.js";
import { by, make } from "./elements.js";

const SAID = { across: "across ↔", up: "up ↕", slice: "slices", number: "number" };
const STEPS = 1000;

export class Inputs {
  #rows = new Map();

  /** @param tell has `role(name, role)`, `value(name, value)`, `range(name, from, to)` and `derive(name, derive)` called. */
  constructor(tell) {
    this.tell = tell;
    this.list = by("inputs");
  }

  /** Shows the inputs of a state, with units by their names. */
  show(state, units = new Map()) {
    const key = JSON.stringify([state.inputs.map(({ name, role }) => [name, role]), [...units]]);
    if (key !== this.key) {
      this.key = key;
      this.#rows = new Map(state.inputs.map((input) => [input.name, this.#row(input, units.get(input.name))]));
      this.list.replaceChildren(...[...this.#rows.values()].map(({ row }) => row));
    }
    state.inputs.forEach((input) => this.#update(input, state));
  }

  #row({ name, role }, unit) {
    const { tell } = this;
    const number = (label, handle) => make("input", { type: "number", step: "any", "aria-label": `${name}, ${label}`, onchange: handle });
    const slider = make("input", { type: "range", min: 0, max: STEPS, "aria-label": role === "number" ? name : `cursor along ${name}`, oninput: () => this.#slid(name) });
    const value = number(role === "number" ? "value" : "cursor", () => tell.value(name, Number(value.value)));
    const from = number("from", () => tell.range(name, Number(from.value), Number(to.value)));
    const to = number("to", () => tell.range(name, Number(from.value), Number(to.value)));
    const derive = make("input", { type: "checkbox", onchange: () => tell.derive(name, derive.checked) });
    const options = ROLES.map((each) => make("option", { value: each, selected: each === role }, SAID[each]));
    const select = make("select", { "aria-label": `what ${name} is`, onchange: () => tell.role(name, select.value) }, ...options);
    const row = make("fieldset", { class: `input ${role}` },
      make("legend", {}, make("var", {}, name), unit ? make("span", { class: "unit" }, unit) : ""),
      select,
      make("label", { class: "derive", title: `derive by ${name}` }, derive, "∂"),
      slider, value,
      make("div", { class: "range" }, from, make("span", {}, "to"), to),
    );
    return { row, slider, value, from, to, derive };
  }

  #slid(name) {
    const { slider } = this.#rows.get(name);
    const { from, to } = this.input(name);
    this.tell.value(name, neat(from + ((to - from) * slider.value) / slider.max, to - from));
  }

  #update(input, state) {
    const { slider, value, from, to, derive } = this.#rows.get(input.name);
    this.input = (name) => state.inputs.find((each) => each.name === name);
    slider.max = input.role === "number" ? STEPS : pointsOf(state, input) - 1;
    const place = Math.round(((input.value - input.from) / (input.to - input.from || 1)) * slider.max);
    if (Number(slider.value) !== place) {
      slider.value = place;
    }
    slider.setAttribute("aria-valuetext", written(input.value, 6));
    for (const [box, number] of [[value, input.value], [from, input.from], [to, input.to]]) {
      if (box !== document.activeElement || Number(box.value) !== number) {
        box.value = neat(number, input.to - input.from);
      }
    }
    derive.checked = input.derive;
  }
}

/** A number with no more digits than a range of that span needs. */
export function neat(number, span) {
  const digits = Math.min(15, Math.max(0, 4 - Math.floor(Math.log10(Math.abs(span) || 1))));
  return Number(number.toFixed(digits));
}
