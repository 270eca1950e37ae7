/** What the server says of how an expression and its derivatives are computed. */

import { connect } from "../model/calls.js";
import { called } from "../model/state.js";
import { by, make, table } from "./elements.js";

const HOW = { structured: "the structured engine", functional: "torch's automatic differentiation" };

/** Shows the texts of the derivatives and what is done where. */
export async function explain(state, request, signal) {
  const inputs = Object.entries(request.inputs).map(([name, value]) => ({ name, dims: value.linspace ? [name] : [] }));
  const told = await connect("Explain", { plan: { function: called(state), inputs, derivatives: derivativesOf(request) } }, signal);
  by("derived").textContent = prettier(told.derived ?? "");
  const count = (name) => Number(told[name] ?? 0);
  const tier = told.tier ? `, ${told.tier === "compiled" ? "compiled to machine code" : `not compiled: ${told.reason || "it is not hot"}`}` : "";
  by("computed").replaceChildren(
    make("p", {}, `Computed by ${HOW[told.engine] ?? told.engine}${tier}.`),
    ...(count("operationsWritten") ? [
      make("p", {}, `${count("operationsWritten")} operations at each point as written, ${count("operationsHoisted")} after what depends on fewer dims left the loops, ${count("operationsLeft")} after sums of products were separated.`),
      levels(told.levels ?? []),
    ] : []),
    ...(told.digest ? [make("p", { class: "quiet" }, "Digest ", make("code", {}, told.digest.slice(0, 16)))] : []),
  );
}

function levels(found) {
  const rows = found.filter(({ before, after }) => before || after).map(({ dims = [], before = 0, after = 0 }) => [dims.join(" × ") || "once", String(before), String(after)]);
  return table(["on the dims", "operations", "after separation"], rows, "operations on which dims");
}

/** f_x_y of the server as ∂²f/∂x∂y stays as it is: these names are those of its text. Only the last line, a list, goes. */
function prettier(text) {
  const lines = text.split("\n");
  return /^[\w, ]+$/.test(lines.at(-1)) && lines.length > 1 ? lines.slice(0, -1).join("\n") : text;
}

/** All derivatives to an order, by the names in their order. */
export function derivativesOf({ wrt, order }) {
  let last = [[]];
  const all = [];
  for (let level = 0; level < order; level++) {
    last = last.flatMap((names) => wrt.slice(wrt.indexOf(names.at(-1) ?? wrt[0])).map((name) => [...names, name]));
    all.push(...last);
  }
  return all.map((names) => ({ wrt: names }));
}
