/** The state as the part of an address behind #, and back. */

import { ROLES, VIEWS, initialState } from "./state.js";

const NAME = /^[A-Za-z_]\w*$/;
const MOST_POINTS = 1024;

/** What stands behind # for a state. */
export function linkOf(state) {
  const said = new URLSearchParams();
  said.set(state.registered ? "registered" : "f", state.registered || state.expression);
  for (const { name, role, from, to, value, derive } of state.inputs) {
    said.set(`.${name}`, [role, from, to, value, ...(derive === (role !== "number") ? [] : [derive ? "d" : "n"])].join(","));
  }
  const usual = initialState();
  for (const name of ["order", "points", "view", "plane", "component", "scale"]) {
    if (state[name] !== usual[name]) {
      said.set(name, state[name]);
    }
  }
  return `#${said}`;
}

/** The state that an address says; null where it says none. */
export function stateOf(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const expression = said.get("f") ?? "";
  const registered = said.get("registered") ?? "";
  if (!expression && !registered) {
    return null;
  }
  const state = { ...initialState(), expression, registered };
  state.inputs = [...said].filter(([key]) => key[0] === "." && NAME.test(key.slice(1))).map(inputOf).filter(Boolean);
  state.order = chosen(Number(said.get("order") ?? state.order), [0, 1, 2, 3, 4], state.order);
  state.view = chosen(said.get("view"), VIEWS, state.view);
  state.scale = chosen(said.get("scale"), ["auto", "linear", "logarithmic"], state.scale);
  state.plane = /^d\/[\w,]+$/.test(said.get("plane") ?? "") ? said.get("plane") : state.plane;
  state.component = Math.max(0, Math.floor(Number(said.get("component")) || 0));
  const points = Math.floor(Number(said.get("points") ?? state.points));
  state.points = points >= 2 && points <= MOST_POINTS ? points : state.points;
  return state;
}

function inputOf([key, text]) {
  const [role, from, to, value, flag] = text.split(",");
  const numbers = [from, to, value].map(Number);
  if (!ROLES.includes(role) || !numbers.every(Number.isFinite) || numbers[0] === numbers[1]) {
    return null;
  }
  const derive = flag ? flag === "d" : role !== "number";
  const [first, second, place] = numbers;
  return { name: key.slice(1), role, from: Math.min(first, second), to: Math.max(first, second), value: place, derive };
}

const chosen = (value, among, usual) => (among.includes(value) ? value : usual);
