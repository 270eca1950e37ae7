/** Scales: which numbers colours and axes span, and where they are written. */

const SAMPLE = 512;
const STRIDE = 7919; // a prime: no rows of a grid are as long
const DWARFED = 12;

/** Nice numbers within a range, some `count` of them. */
export function ticks(low, high, count = 5) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) {
    return Number.isFinite(low) ? [low] : [];
  }
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((nice) => nice * power >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) {
    found.push(at === 0 ? 0 : at * step);
  }
  return found;
}

/** A number for people, with so many digits that count. */
export function written(number, digits = 4) {
  if (!Number.isFinite(number)) {
    return Number.isNaN(number) ? "nan" : number > 0 ? "∞" : "−∞";
  }
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? number.toExponential(digits - 1) : number.toPrecision(digits);
  const short = text.includes(".") ? text.replace(/\.?0+(e|$)/, "$1") : text;
  return short.replace("e+", "e").replace(/-/g, "−");
}

/** A number as text that reads back as the same number, with the word for what is none. */
export const exact = (number) => (Number.isFinite(number) ? String(number) : Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf");

/** The least and the largest number, and how many are none. */
export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  let lowAt = -1;
  let highAt = -1;
  let odd = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value - value !== 0) {
      odd++;
      continue;
    }
    if (value < low) {
      low = value;
      lowAt = index;
    }
    if (value > high) {
      high = value;
      highAt = index;
    }
  }
  return { low, high, lowAt, highAt, odd };
}

/**
 * Which numbers colours span: from end to end, about zero where both signs occur. Where a few dwarf all others, the
 * scale is linear up to what is usual and logarithmic beyond, as `width` says.
 */
export function colourRange(values, mode = "auto") {
  const { low, high, lowAt, highAt, odd } = extent(values);
  if (lowAt < 0) {
    return { low: 0, high: 1, isSigned: false, width: 0, odd, least: NaN, most: NaN, lowAt, highAt };
  }
  const isSigned = low < 0 && high > 0 && Math.min(-low, high) > 0.02 * (high - low);
  const most = Math.max(-low, high);
  const usual = usualSize(values);
  const isDwarfed = usual > 0 && most > DWARFED * usual;
  const width = mode === "logarithmic" || (mode === "auto" && isDwarfed) ? Math.min(usual || most / 100, most / 3) : 0;
  const ends = isSigned ? { low: -most, high: most } : { low, high };
  return { ...ends, isSigned, width, odd, least: low, most: high, lowAt, highAt };
}

function usualSize(values) {
  const sizes = [];
  for (let place = 0; place < Math.min(SAMPLE, values.length); place++) {
    const value = values[values.length > SAMPLE ? (place * STRIDE) % values.length : place];
    if (value - value === 0) {
      sizes.push(Math.abs(value));
    }
  }
  sizes.sort((a, b) => a - b);
  return sizes[Math.floor(0.8 * (sizes.length - 1))] ?? 0;
}

/** What is even along the colour bar: the number itself, or one that grows as a logarithm beyond the width. */
export function evenly(range) {
  return range.width ? (value) => Math.asinh(value / range.width) : (value) => value;
}

/** Where numbers are written along a colour bar. */
export function barTicks(range) {
  if (!range.width) {
    return ticks(range.low, range.high, 4);
  }
  const [least, most] = [range.width, Math.max(-range.low, range.high)].map(Math.log10);
  const powers = [];
  const by = Math.max(1, Math.ceil((most - least) / 3));
  for (let power = Math.floor(most); power >= least; power -= by) {
    powers.push(10 ** power);
  }
  const found = [...powers.map((power) => -power), 0, ...powers.reverse()].filter((tick) => tick >= range.low && tick <= range.high);
  return found.length > 2 ? found : [...new Set([range.low, ...found, range.high])];
}
