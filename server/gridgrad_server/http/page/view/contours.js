/** Contours at nice numbers, by d3-contour. */

import { ticks, written, barTicks } from "../model/scale.js";
import { colour } from "./palette.js";
import { d3 } from "./vendor.js";

const COUNT = 12;

/** What draws the contours of a plane on a heat map, with numbers on them. */
export async function contourLines(values, columns, rows, range) {
  const { contours } = await d3();
  const levels = range.width ? barTicks(range) : ticks(range.least, range.most, COUNT);
  const found = contours().size([columns, rows]).thresholds(levels)(values);
  const isHole = holes(values, columns, rows);
  return (pen, x, y) => {
    pen.strokeStyle = colour("ink");
    found.forEach((contour) => {
      pen.lineWidth = contour.value === 0 && range.isSigned ? 2 : 1;
      pen.beginPath();
      contour.coordinates.flat().forEach((ring) => traced(pen, ring, x, y, isHole));
      pen.stroke();
    });
    pen.lineWidth = 1;
    label(pen, found.map((contour) => ({ value: contour.value, places: placesOf(contour, columns, rows, isHole) })), x, y);
  };
}

/** Draws a ring, but for where it goes round points that have no number: to d3 these are below all levels. */
function traced(pen, ring, x, y, isHole) {
  let isDrawn = false;
  ring.forEach(([column, row]) => {
    if (isHole(column, row)) {
      isDrawn = false;
    } else {
      pen[isDrawn ? "lineTo" : "moveTo"](x(column), y(row));
      isDrawn = true;
    }
  });
}

/**
 * Whether a place is beside points that have no number, or between such. Points lie in the middle of cells, and where one
 * has none d3 puts the line on the other.
 */
export function holes(values, columns, rows) {
  const isOdd = (column, row) => Number.isNaN(values[Math.min(rows - 1, Math.max(0, row)) * columns + Math.min(columns - 1, Math.max(0, column))]);
  return (column, row) => {
    const [left, low] = [column - 0.5, row - 0.5];
    if (Number.isInteger(left) && Number.isInteger(low)) {
      return isOdd(left - 1, low) || isOdd(left + 1, low) || isOdd(left, low - 1) || isOdd(left, low + 1);
    }
    return isOdd(Math.floor(left), Math.floor(low)) || isOdd(Math.ceil(left), Math.ceil(low));
  };
}

/** Where a number may stand: along the longest line of a contour, away from the edges of the map. */
function placesOf({ coordinates }, columns, rows, isHole) {
  const isInside = ([column, row]) => column > 0.06 * columns && column < 0.94 * columns && row > 0.05 * rows && row < 0.95 * rows && !isHole(column, row);
  const inside = coordinates.flat().map((ring) => ring.filter(isInside));
  const ring = inside.reduce((longest, each) => (each.length > longest.length ? each : longest), []);
  return [0.5, 0.3, 0.7, 0.15, 0.85].map((share) => ring[Math.floor(share * ring.length)]).filter(Boolean);
}

/** Writes each number once, where none stands near. */
function label(pen, found, x, y) {
  const taken = [];
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 4;
  pen.strokeStyle = colour("paper");
  pen.fillStyle = colour("ink");
  found.forEach(({ value, places }) => {
    const free = places.map(([column, row]) => [x(column), y(row)]).find(([a, b]) => taken.every(([c, d]) => Math.hypot(a - c, b - d) > 36));
    if (free) {
      taken.push(free);
      pen.strokeText(written(value, 3), ...free);
      pen.fillText(written(value, 3), ...free);
    }
  });
  pen.lineWidth = 1;
}
