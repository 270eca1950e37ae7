/**
 * Ranges found by looking: a function is computed on a few points of every range that people often want, once for all of
 * them, and each axis gets the one on which there is most to see.
 */

const CANDIDATES = [
  [-5, 5], [-2, 2], [-1, 1], [-10, 10], [-100, 100], [0, 1], [0, 5], [0, 10], [0, 100], [0, 1000],
]; // those before are preferred to those after
const PER_RANGE = [0, 33, 17, 5, 3];
const PREFERENCE = 0.9;
const EDGE = 0.03;
const WAVES = 0.25;
const ENOUGH = 0.2;
const MOST_AXES = PER_RANGE.length - 1;

/**
 * Finds a range for each axis.
 * @param names of the axes.
 * @param compute promises the values on the grid of the points that it is given by name, the first dim the slowest.
 */
export async function findRanges(names, compute) {
  const looked = names.slice(0, MOST_AXES);
  const count = PER_RANGE[looked.length];
  const sampled = CANDIDATES.map(([from, to]) => pointsOf(from, to, count));
  const points = [...new Set(sampled.flat())].sort((a, b) => a - b);
  const values = await compute(Object.fromEntries(names.map((name, i) => [name, i < MOST_AXES ? points : [0.5]])));
  const places = sampled.map((each) => each.map((point) => points.indexOf(point)));
  const chosen = best(looked.length, (picked) => score(picked.map((index) => places[index]), points.length, values)
    * PREFERENCE ** (picked.reduce((sum, index) => sum + index, 0) / picked.length + (new Set(picked).size > 1)));
  return Object.fromEntries(names.map((name, axis) => [name, CANDIDATES[chosen[axis] ?? 0]]));
}

function pointsOf(from, to, count) {
  // not the middle itself, which is where many functions are singular
  return Array.from({ length: count }, (_, index) => from + ((to - from) * (index + 0.37)) / (count - 0.26));
}

/** The choice of a candidate for each axis that scores highest, one axis changed at a time from the best pair on. */
function best(axes, scoreOf) {
  let chosen = Array(axes).fill(0);
  let highest = -1;
  const look = (picked) => {
    const reached = scoreOf(picked);
    if (reached > highest) {
      [highest, chosen] = [reached, picked];
    }
  };
  const all = CANDIDATES.map((_, index) => index);
  if (axes <= 2) {
    all.forEach((first) => (axes === 2 ? all.forEach((second) => look([first, second])) : look([first])));
    return chosen;
  }
  all.forEach((same) => look(Array(axes).fill(same)));
  for (let axis = 0; axis < axes; axis++) {
    all.forEach((index) => look(chosen.with(axis, index)));
  }
  return chosen;
}

/** How much there is to see, 0 for nothing: where it is defined, has more than two colours, and is no noise. */
export function score(places, length, values) {
  const seen = picked(places, length, values);
  const finite = seen.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length < 2 || !(high > low) || high - low === Infinity) {
    return 0;
  }
  const coloured = finite.filter((value) => value - low > EDGE * (high - low) && high - value > EDGE * (high - low)).length;
  const visible = Math.min(1, coloured / finite.length / ENOUGH);
  return (finite.length / seen.length) ** 2 * visible * (1 - 2 * Math.max(0, turns(seen, places.at(-1).length) - WAVES));
}

function picked(places, length, values) {
  let starts = [0];
  for (const along of places) {
    starts = starts.flatMap((start) => along.map((place) => start * length + place));
  }
  return starts.map((start) => values[start]);
}

/** The share of points at which rows turn round: of noise, and of waves that are too short to be seen, two thirds. */
function turns(seen, row) {
  let count = 0;
  for (let index = 0; index < seen.length - 2; index++) {
    if (index % row < row - 2) {
      count += (seen[index + 1] - seen[index]) * (seen[index + 2] - seen[index + 1]) < 0;
    }
  }
  return (count * row) / (seen.length * Math.max(1, row - 2));
}
