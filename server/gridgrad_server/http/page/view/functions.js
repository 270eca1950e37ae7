/** What there is to call: functions and formulas that are registered, and those of the language. */

import { connect } from "../model/calls.js";
import { by, make } from "./elements.js";

export class Functions {
  /** @param tell has `registered(function)` and `insert(text)` called. */
  constructor(tell) {
    this.tell = tell;
    this.known = new Map();
    by("find-function").addEventListener("input", (event) => this.#filter(event.target.value));
  }

  /** Asks the server for them. */
  async load() {
    const [{ functions = [] }, { languageFunctions = [], version }] = await Promise.all([connect("ListFunctions"), connect("GetServerInfo")]);
    this.known = new Map(functions.map((each) => [each.name, each]));
    by("version").textContent = version ?? "";
    by("registered").replaceChildren(...functions.map((each) => this.#card(each)));
    by("no-registered").hidden = functions.length > 0;
    by("language").replaceChildren(...languageFunctions.map((each) => this.#entry(each)));
    return this.known;
  }

  /** The units of inputs of a registered function. */
  units(name) {
    return new Map((this.known.get(name)?.inputs ?? []).filter(({ unit }) => unit).map((input) => [input.name, input.unit]));
  }

  #card(each) {
    const inputs = (each.inputs ?? []).map(({ name, unit, default: usual }) => make("li", {}, make("var", {}, name),
      unit ? ` in ${unit}` : "", usual === undefined ? "" : `, ${usual} where it is left out`));
    const parts = (each.components ?? []).map((name, index) => name + (each.componentUnits?.[index] ? ` in ${each.componentUnits[index]}` : ""));
    return make("article", { class: "card", "data-text": `${each.name} ${each.doc ?? ""}`.toLowerCase() },
      make("h3", {}, make("code", {}, each.name), make("span", { class: "quiet" }, ` → ${parts.join(", ")}`)),
      make("p", {}, each.doc ?? ""),
      make("ul", {}, ...inputs),
      make("button", { type: "button", onclick: () => this.tell.registered(each) }, "Look at it"),
    );
  }

  #entry({ name, signature, formula, aliases = [] }) {
    const title = aliases.length ? `also ${aliases.join(", ")}` : undefined;
    return make("li", { "data-text": [name, formula, ...aliases].join(" ").toLowerCase(), title },
      make("button", { type: "button", class: "code", onclick: () => this.tell.insert(`${name}(`) }, signature), make("span", {}, formula ?? ""));
  }

  #filter(text) {
    const wanted = text.trim().toLowerCase();
    document.querySelectorAll("#functions [data-text]").forEach((each) => (each.hidden = !each.dataset.text.includes(wanted)));
  }
}
