/**
 * What is looked at, and how: all of it stands in the page's address, so that a link shows the same.
 *
 * An input has a role: "across" and "up" are the axes of the plots, "slice" is a dim of which one place is shown, and
 * "number" a parameter.
 */

export const ROLES = ["across", "up", "slice", "number"];
export const VIEWS = ["maps", "contours", "lines", "surface"];
const SLICE_POINTS = 16;
const MOST_NUMBERS = 4_000_000;
const LINE_POINTS = 512;
const USUAL_AXES = ["x", "y", "t", "k", "r", "theta", "phi", "z", "q", "u", "v", "s"];

export const initialState = () => ({
  expression: "sin(a*x)*exp(-b*y**2) + x*y/10",
  registered: "",
  inputs: [
    { name: "x", role: "across", from: -5, to: 5, value: 0, derive: true },
    { name: "y", role: "up", from: -3, to: 3, value: 0, derive: true },
    { name: "a", role: "number", from: 0, to: 4, value: 1.5, derive: false },
    { name: "b", role: "number", from: 0, to: 2, value: 0.5, derive: false },
  ],
  order: 1,
  points: 256,
  view: "maps",
  plane: "value",
  component: 0,
  scale: "auto",
});

export const inputsBy = (state, role) => state.inputs.filter((input) => input.role === role);
export const across = (state) => inputsBy(state, "across")[0];
export const up = (state) => inputsBy(state, "up")[0];
export const called = (state) => (state.registered ? { registered: state.registered } : { expression: state.expression });

/** How many points an input has along its dim. */
export function pointsOf(state, input) {
  if (input.role === "slice") {
    return slicePoints(state);
  }
  return up(state) ? state.points : Math.max(LINE_POINTS, state.points);
}

/** As many for each dim of slices that all their numbers are no more than a page should hold. */
function slicePoints(state) {
  const dims = inputsBy(state, "slice").length;
  const derived = state.inputs.filter(({ derive }) => derive).length;
  let planes = 1;
  for (let order = 1; order <= state.order; order++) {
    planes *= (derived + order) / order;
  }
  const shown = ["across", "up"].flatMap((role) => inputsBy(state, role)).reduce((product, input) => product * pointsOf(state, input), planes);
  return Math.min(SLICE_POINTS, Math.max(2, Math.floor((MOST_NUMBERS / shown) ** (1 / dims))));
}

/** What is asked of the server: slices are the first dims, so that what is shown lies together. */
export function requestOf(state) {
  const inputs = {};
  const axes = [...inputsBy(state, "slice"), ...inputsBy(state, "up"), ...inputsBy(state, "across")];
  axes.forEach((input) => (inputs[input.name] = { linspace: [input.from, input.to, pointsOf(state, input)] }));
  inputsBy(state, "number").forEach((input) => (inputs[input.name] = input.value));
  const wrt = [...axes, ...inputsBy(state, "number")].filter((input) => input.derive).map((input) => input.name);
  return { ...called(state), inputs, order: wrt.length ? state.order : 0, wrt };
}

/** Inputs for names, as they were where they have been there; those that are new are named. */
export function inputsFor(names, known, given = new Map()) {
  const inputs = names.map((name) => ({ ...(known.get(name) ?? newInput(name, given.get(name))) }));
  const fresh = inputs.filter((input) => !known.has(input.name) && !given.get(input.name)?.isGiven);
  const wanted = [...USUAL_AXES.filter((name) => fresh.some((input) => input.name === name)), ...fresh.map((input) => input.name)];
  const byName = (name) => inputs.find((input) => input.name === name);
  for (const role of ["across", "up"]) {
    keepFirst(inputs, role);
    const name = wanted.find((each) => byName(each).role === "number");
    if (!inputs.some((input) => input.role === role) && name) {
      Object.assign(byName(name), { role, derive: true });
    }
  }
  if (!inputs.some((input) => input.role === "across")) {
    const next = inputs.find((input) => input.role === "up") ?? inputs.find((input) => input.role === "slice") ?? inputs[0];
    Object.assign(next ?? {}, { role: "across", derive: true });
  }
  return { inputs, fresh: fresh.map((input) => input.name) };
}

function keepFirst(inputs, role) {
  inputs.filter((input) => input.role === role).slice(1).forEach((input) => (input.role = "number"));
}

function newInput(name, given) {
  const value = given?.value ?? 1;
  const [from, to] = value ? [Math.min(0, 2 * value), Math.max(0, 2 * value)] : [-1, 1];
  return { name, role: "number", from, to, value, derive: false };
}

/** Gives an input another role; whoever had it takes that of this one. */
export function setRole(state, name, role) {
  const input = state.inputs.find((each) => each.name === name);
  const had = role === "across" || role === "up" ? inputsBy(state, role)[0] : undefined;
  if (had && had !== input) {
    had.role = input.role;
    had.derive = had.role !== "number";
  }
  input.role = role;
  input.derive = role !== "number";
  if (!across(state)) {
    const next = up(state) ?? inputsBy(state, "slice")[0];
    Object.assign(next ?? input, { role: "across", derive: true });
  }
}
