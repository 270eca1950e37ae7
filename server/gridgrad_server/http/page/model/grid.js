/** A result: the value and its derivatives on the dims of the grid, [planes, components of a tuple, *dims]. */
export class Grid {
  constructor({ asked, shape, numbers, dims, planes, components, timing }) {
    this.asked = asked;
    this.dims = dims;
    this.planes = planes;
    this.components = components;
    this.timing = timing;
    this.numbers = numbers;
    this.isTuple = shape.length > dims.length + 1;
    this.lengths = shape.slice(shape.length - dims.length);
    this.bytes = numbers.byteLength;
  }

  /** Points of a plane. */
  get points() {
    return this.lengths.reduce((product, length) => product * length, 1);
  }

  /**
   * The numbers of a plane along the last two dims, or the last one.
   * @param plane "value", "d/x", "d/x,y", ...
   * @param component its number.
   * @param at the position along each dim before these two.
   */
  plane(plane, component = 0, at = []) {
    const count = this.isTuple ? Math.max(1, this.components.length) : 1;
    const shown = this.lengths.slice(at.length).reduce((product, length) => product * length, 1);
    const slice = at.reduce((position, index, dim) => position * this.lengths[dim] + index, 0);
    const start = (this.planes.indexOf(plane) * count + component) * this.points + slice * shown;
    return this.numbers.subarray(start, start + shown);
  }
}

/** Evenly spaced numbers, the first and the last included. */
export function linspace(from, to, points) {
  const step = points > 1 ? (to - from) / (points - 1) : 0;
  return Float64Array.from({ length: points }, (_, index) => (index === points - 1 && index ? to : from + index * step));
}

/** The position of the point nearest to a number. */
export function nearest({ from, to }, points, number) {
  const position = Math.round(((number - from) / (to - from || 1)) * (points - 1));
  return Math.min(points - 1, Math.max(0, Number.isFinite(position) ? position : 0));
}

/** How a plane is written: ∂f/∂x, ∂²f/∂x∂y. */
export function planeName(plane, component = "f") {
  const names = plane.startsWith("d/") ? plane.slice(2).split(",") : [];
  if (!names.length) {
    return component;
  }
  const power = (count) => (count > 1 ? ["", "", "²", "³", "⁴"][count] : "");
  const counts = new Map();
  names.forEach((name) => counts.set(name, (counts.get(name) ?? 0) + 1));
  const below = [...counts].map(([name, count]) => `∂${name}${power(count)}`).join("");
  return `∂${power(names.length)}${component}/${below}`;
}
