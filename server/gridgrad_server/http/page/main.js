/** The page: what its parts do when something is changed on it. */

import { Explorer } from "./explorer.js";
import { token } from "./model/calls.js";
import { curlOf, pythonOf } from "./model/code.js";
import { EXAMPLES } from "./model/examples.js";
import { linkOf, stateOf } from "./model/link.js";
import { written } from "./model/scale.js";
import { inputsBy, up } from "./model/state.js";
import { Editor } from "./view/editor.js";
import { by, make, tabs } from "./view/elements.js";
import { explain } from "./view/explanation.js";
import { Functions } from "./view/functions.js";
import { Inputs } from "./view/inputs.js";
import { Plots } from "./view/plots.js";
import { savePicture, saveTable } from "./view/saving.js";
import { ServerPanel } from "./view/server_panel.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const THEME = "gridgrad-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

const page = { changed, pointed, answered, drawn, failed, settled, asked: () => server.sent() };
const plots = new Plots({
  point: (column, row) => explorer.pointAt(column, row),
  along: (axis, at) => explorer.pointAlong(axis, at),
  pan: (x, y) => explorer.pan(x, y),
  zoom: (factor, x, y) => explorer.zoom(factor, x, y),
  key: onKey,
});
const explorer = new Explorer(page, plots, stateOf(location.hash));
const editor = new Editor((text) => explorer.write(text));
const inputs = new Inputs({
  value: (name, value) => explorer.setValue(name, value),
  range: (name, from, to) => explorer.setRange(name, from, to),
  role: (name, role) => explorer.setRole(name, role),
  derive: (name, derive) => explorer.setDerive(name, derive),
});
const functions = new Functions({
  registered: (each) => {
    explorer.choose(each);
    scrollTo({ top: 0, behavior: "smooth" });
  },
  insert: (text) => editor.insert(text),
});
const server = new ServerPanel();
let explaining = new AbortController();

function changed(state) {
  inputs.show(state, functions.units(state.registered));
  by("called-name").hidden = !state.registered;
  by("called-name").replaceChildren("the registered function ", make("code", {}, state.registered), " ",
    make("button", { type: "button", onclick: () => explorer.write(editor.text) }, "back to the text"));
  document.querySelector(".editor").hidden = Boolean(state.registered);
  for (const name of ["order", "points", "scale"]) {
    if (![...by(name).options].some((option) => option.value === String(state[name]))) {
      by(name).append(make("option", {}, String(state[name])));
    }
    by(name).value = String(state[name]);
  }
  showView(state.view);
  by("views").hidden = !up(state);
}

function pointed(state) {
  inputs.show(state, functions.units(state.registered));
  readOut();
}

function answered(grid) {
  editor.show(null);
  server.trip(grid.timing);
  if (wait("")) {
    functions.load().catch(failed); // those that a worker registers were not known before
  }
}

/** Says what is waited for, empty for nothing; whether something was. */
function wait(text) {
  const before = by("waiting").textContent;
  by("waiting").textContent = text;
  return before !== "";
}

function drawn(grid, draw) {
  const { state } = explorer;
  const isOne = state.view === "surface" && Boolean(up(state));
  choices("plane", isOne ? plots.planes.map(({ plane, name }) => [plane, name]) : [], state.plane);
  choices("component", grid.isTuple ? grid.components.map((name, index) => [index, name]) : [], state.component);
  readOut();
  document.dispatchEvent(new CustomEvent("drawn", { detail: { ...grid.timing, draw } }));
}

function failed(error) {
  server.gaveUp();
  if (error.status === 401 || error.status === 403) {
    askToken(error.message);
  }
  editor.show(error.wait ? null : error);
  wait(error.wait ?? "");
  plots.element.classList.add("stale");
}

function settled(state, request) {
  history.replaceState(null, "", linkOf(state));
  by("python").textContent = pythonOf(state, request, location.hostname);
  by("curl").textContent = curlOf(state, request, new URL(".", location.href).href.split("#")[0]);
  if (explorer.grid && plots.planes.length) {
    by("summary").textContent = plots.describe();
  }
  explaining.abort();
  explaining = new AbortController();
  explain(state, request, explaining.signal).catch((error) => {
    if (error.name !== "AbortError") {
      by("derived").textContent = error.message;
      by("computed").replaceChildren();
    }
  });
}

function readOut() {
  if (!explorer.grid || !plots.planes.length) {
    return;
  }
  const { places, numbers } = plots.atCursor;
  const said = ([name, number]) => make("span", {}, make("i", {}, `${name} = `), make("b", {}, written(number, 7)));
  by("readout").replaceChildren(...places.map(said), ...numbers.map(said));
}

function choices(id, options, value) {
  const key = JSON.stringify(options);
  by(`${id}-choice`).hidden = options.length < 2;
  if (by(id).dataset.key !== key) {
    by(id).dataset.key = key;
    by(id).replaceChildren(...options.map(([each, name]) => make("option", { value: each }, name)));
  }
  by(id).value = String(value);
}

function onKey(event) {
  const by = event.shiftKey ? 10 : 1;
  const step = STEPS[event.key];
  if (step) {
    explorer.step(step[0] * by, step[1] * by);
  } else if (event.key === "+" || event.key === "-") {
    explorer.zoom(event.key === "+" ? 0.8 : 1.25);
  } else {
    return;
  }
  event.preventDefault();
}

function askToken(message) {
  if (!by("token-dialog").open) {
    by("token-message").textContent = message;
    by("token").value = "";
    by("token-dialog").showModal();
  }
}

async function begin() {
  editor.text = explorer.state.expression || "x*y";
  await Promise.all([explorer.open(explorer.state), functions.load().catch(failed)]);
  changed(explorer.state);
}

function copies(id, textOf) {
  by(id).addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(textOf());
      toast("Copied");
    } catch {
      toast("The browser does not let pages without https copy: select the text");
    }
  });
}

function toast(text) {
  by("toast").textContent = text;
  by("toast").classList.add("shown");
  setTimeout(() => by("toast").classList.remove("shown"), 2000);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  plots.restyle(explorer.grid);
}

const showView = tabs(by("views"), (view) => {
  explorer.state.view = view;
  explorer.shownOtherwise();
});
const showDetails = tabs(by("details"), (name) => {
  showDetails(name);
  ["derivatives", "code", "functions", "server"].forEach((each) => (by(each).hidden = each !== name));
  server.watch(name === "server");
});
showDetails("derivatives");
for (const name of ["order", "points"]) {
  by(name).addEventListener("change", () => {
    explorer.state[name] = Number(by(name).value);
    explorer.changed();
  });
}
for (const [name, read] of [["scale", String], ["plane", String], ["component", Number]]) {
  by(name).addEventListener("change", () => {
    explorer.state[name] = read(by(name).value);
    explorer.shownOtherwise();
  });
}
by("examples").append(...EXAMPLES.map(([name, hash]) => make("option", { value: hash }, name)));
by("examples").addEventListener("change", (event) => {
  const state = stateOf(event.target.value);
  event.target.value = "";
  editor.text = state.expression;
  explorer.open(state);
});
by("find-ranges").addEventListener("click", () => explorer.findRanges());
by("zoom-in").addEventListener("click", () => explorer.zoom(0.5));
by("zoom-out").addEventListener("click", () => explorer.zoom(2));
by("save-png").addEventListener("click", () => savePicture(explorer.state.registered || explorer.state.expression, plots.figures));
by("save-csv").addEventListener("click", () => saveTable(plots.axes, plots.planes));
by("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  sessionStorage.setItem(THEME, next);
  theme(next);
});
by("token-button").addEventListener("click", () => askToken("Where a server asks for tokens, calls of this page take yours along. It is kept until you close this tab."));
by("token-dialog").addEventListener("close", () => {
  if (by("token-dialog").returnValue === "use") {
    token.set(by("token").value.trim());
    begin();
  }
});
copies("copy-link", () => new URL(linkOf(explorer.state), location.href).href);
copies("copy-python", () => by("python").textContent);
copies("copy-curl", () => by("curl").textContent);
addEventListener("hashchange", () => {
  const state = stateOf(location.hash);
  if (state) {
    editor.text = state.expression;
    explorer.open(state);
  }
});
dark.addEventListener("change", () => sessionStorage.getItem(THEME) || theme(dark.matches ? "dark" : "light"));
theme(sessionStorage.getItem(THEME) ?? (dark.matches ? "dark" : "light"));
begin();
