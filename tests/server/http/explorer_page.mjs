// What the explorer's modules compute, in node: run by test_explorer_page.py, with the folder of the page and a file of numpy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const [folder, file] = process.argv.slice(2);
const from = (name) => import(`${folder}/model/${name}.js`);
const near = (a, b) => assert.ok(Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);
const soon = () => new Promise((resolve) => setImmediate(resolve));

const { readNpy } = await from("npy");
const { Grid, linspace, nearest, planeName } = await from("grid");
const { Newest } = await from("newest");
const { findRanges } = await from("ranges");
const { barTicks, colourRange, exact, ticks, written } = await from("scale");
const { inputsFor, requestOf, setRole, initialState } = await from("state");
const { linkOf, stateOf } = await from("link");
const { EXAMPLES } = await from("examples");
const { curlOf, csvOf, pythonOf } = await from("code");
const { ServerError, timingOf } = await from("calls");
const { derivativesOf } = await import(`${folder}/view/explanation.js`);
const { holes } = await import(`${folder}/view/contours.js`);
const { partsOf } = await import(`${folder}/view/editor.js`);

// A file as numpy wrote it, [planes, components, z, y, x]
const bytes = readFileSync(file);
const { shape, numbers } = readNpy(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
assert.deepEqual(shape, [2, 2, 3, 4, 5]);
const grid = new Grid({ shape, numbers, dims: ["z", "y", "x"], planes: ["value", "d/x"], components: ["u", "v"] });
assert.deepEqual([...grid.plane("d/x", 1, [2])], Array.from({ length: 20 }, (_, index) => 220 + index));
assert.throws(() => readNpy(new ArrayBuffer(80)), /no file of numpy/);

// Axes and names
assert.deepEqual([...linspace(-1, 1, 5)], [-1, -0.5, 0, 0.5, 1]);
assert.equal(linspace(0.1, 0.7, 9)[8], 0.7);
assert.deepEqual([-9, 0.4, 0.6, 9, NaN].map((at) => nearest({ from: 0, to: 4 }, 5, at)), [0, 0, 1, 4, 0]);
assert.equal(planeName("d/x,x,y", "u"), "∂³u/∂x²∂y");
assert.equal(planeName("d/t"), "∂f/∂t");

// The newest wins: two under way, one waits, and an answer ends those before it
{
  const sent = [];
  const taken = [];
  let time = 0;
  const send = (request, signal) => new Promise((resolve, reject) => sent.push({ request, signal, resolve, reject }));
  const newest = new Newest(send, (answer, request) => taken.push([request, answer]), (error) => taken.push(error.message), { now: () => time });
  [1, 2, 3, 4].forEach((request) => newest.ask(request));
  assert.deepEqual(sent.map(({ request }) => request), [1, 2]);
  sent[1].resolve("second");
  await soon();
  assert.deepEqual([sent[0].signal.aborted, sent.at(-1).request, sent.length], [true, 4, 3]);
  sent[0].resolve("late");
  sent[2].reject(new Error("refused"));
  await soon();
  assert.deepEqual(taken, [[2, "second"], "refused"]);
  [5, 6, 7].forEach((request) => newest.ask(request));
  assert.equal(newest.underWay, 2);
  time = 1000;
  newest.ask(8);
  assert.deepEqual([sent[3].signal.aborted, sent.at(-1).request], [true, 8]);
  newest.ask(9);
  time = 1500;
  newest.ask(10);
  assert.deepEqual([sent[4].signal.aborted, sent[5].signal.aborted, newest.underWay], [true, false, 2]); // the patience has doubled twice
  newest.cancel();
  sent.slice(3).forEach(({ resolve }) => resolve("none is wanted"));
  await soon();
  assert.deepEqual([newest.underWay, taken.length], [0, 2]);
}

// Ranges on which there is something to see
async function rangesOf(f, ...names) {
  return findRanges(names, async (points) => {
    let rows = [[]];
    names.forEach((name) => (rows = rows.flatMap((row) => points[name].map((point) => [...row, point]))));
    return Float64Array.from(rows, (row) => f(...row));
  });
}
assert.deepEqual(await rangesOf((x, y) => Math.sqrt(1 - x * x - y * y), "x", "y"), { x: [-1, 1], y: [-1, 1] });
assert.deepEqual(await rangesOf((x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2, "x", "y"), { x: [-5, 5], y: [-5, 5] });
assert.ok((await rangesOf((x) => Math.log(x) + 0 * Math.sqrt(20 - x), "x")).x[0] === 0);
assert.deepEqual((await rangesOf((x) => Math.sin(9 * x), "x")).x, [-1, 1]);
assert.deepEqual(Object.keys(await rangesOf((...all) => all[0] * all[5], "a", "b", "c", "d", "e", "g")).length, 6);
assert.deepEqual((await rangesOf(() => NaN, "x")).x, [-5, 5]);

// Scales and numbers
assert.deepEqual(ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
assert.deepEqual([ticks(2, 2), ticks(NaN, 1), ticks(0, Infinity)], [[2], [], [0]]);
assert.deepEqual([0, 0.1 + 0.2, -1234567, 1e-9, NaN, -Infinity, 100].map((each) => written(each)), ["0", "0.3", "−1.235e6", "1e−9", "nan", "−∞", "100"]);
assert.deepEqual([NaN, -Infinity, 0.1].map(exact), ["nan", "-inf", "0.1"]);
const signed = colourRange([-1, 3, NaN]);
assert.deepEqual([signed.low, signed.high, signed.isSigned, signed.odd, signed.lowAt, signed.width], [-3, 3, true, 1, 0, 0]);
assert.ok(colourRange(Array.from({ length: 100 }, (_, index) => (index === 50 ? 1e6 : 1 + index / 100))).width > 0);
assert.equal(colourRange([NaN]).odd, 1);
const columns = Array.from({ length: 65536 }, (_, index) => Math.sin((index % 256) * Math.PI / 128)); // 0 in two columns
assert.equal(colourRange(columns).width, 0);
assert.deepEqual(barTicks({ low: 0, high: 80, width: 6 }), [0, 10, 80]);

// States and links
for (const [name, hash] of EXAMPLES) {
  const state = stateOf(hash);
  assert.deepEqual(stateOf(linkOf(state)), state, name);
}
assert.equal(stateOf(""), null);
assert.deepEqual(stateOf("#f=x&.x=wrong,1,2,3&.y=up,a,2,3&points=1e9&view=evil&plane=<b>").inputs, []);
assert.deepEqual(stateOf("#f=x&.x=across,2,1,1.5").inputs[0], { name: "x", role: "across", from: 1, to: 2, value: 1.5, derive: true });
const sliced = stateOf("#f=x*y*z*w&.x=across,0,1,0&.y=up,0,1,0&.z=slice,0,1,0&order=2");
const numbers3 = Object.values(requestOf(sliced).inputs).reduce((product, { linspace }) => product * linspace[2], 10);
assert.ok(numbers3 <= 4e6 && requestOf(sliced).inputs.z.linspace[2] === 6);
const state = initialState();
const request = requestOf(state);
assert.deepEqual([Object.keys(request.inputs), request.wrt], [["y", "x", "a", "b"], ["y", "x"]]);
setRole(state, "a", "across");
assert.deepEqual(state.inputs.map(({ name, role }) => [name, role]), [["x", "number"], ["y", "up"], ["a", "across"], ["b", "number"]]);
setRole(state, "a", "number");
assert.equal(state.inputs.find(({ role }) => role === "across").name, "y");
const { inputs, fresh } = inputsFor(["w", "y", "x"], new Map([["w", { name: "w", role: "number", value: 7 }]]));
assert.deepEqual([inputs.map(({ role }) => role), inputs[0].value, fresh], [["number", "up", "across"], 7, ["y", "x"]]);

// Code in other languages is checked where these are: the test reads what is printed
const odd = { ...initialState(), expression: 'a = 2*x # "it\'s"\na*y' };
assert.equal(csvOf(["x", "d/x,y"], [[1, 2], ["nan", 3]]), 'x,"d/x,y"\n1,nan\n2,3\n');
assert.deepEqual(derivativesOf({ wrt: ["y", "x"], order: 2 }).map(({ wrt }) => wrt.join()), ["y", "x", "y,y", "y,x", "x,x"]);

// A contour goes between points, and stops where one of them has no number
const isHole = holes([1, 2, NaN, 4, 5, 6], 3, 2);
assert.deepEqual([[1, 0.5], [2, 0.5], [2.5, 1], [1.2, 1.5], [3, 0.5], [0, 0.5], [1.5, 0.5], [0.5, 1.5]].map((place) => isHole(...place)), [false, true, true, false, true, false, true, false]);

// Errors, at their places
const error = new ServerError(400, { found: "line 2, column 3: 'q' is no function", field: "function.expression", message: "m" });
assert.deepEqual(error.place, { line: 2, column: 3 });
assert.deepEqual(partsOf("α𝑏\n1+q(x)", error.place), { before: "α𝑏\n1+", faulty: "q", after: "(x)" });
assert.deepEqual(partsOf("x +", { line: 1, column: 4 }), { before: "x +", faulty: " ", after: "" });
assert.deepEqual([503, 429, 400].map((status) => new ServerError(status, { message: "m" }, status === 429 ? "3" : null).again), [1000, 3000, 0]);
assert.equal(new ServerError(503, { reason: "STARTING", found: "no worker is warm" }).wait, "A worker is starting. The page goes on by itself.");
assert.deepEqual([429, 400].map((status) => new ServerError(status, { message: "full" }).wait), ["Full. The page goes on by itself.", ""]);
const missing = { found: "no 'k', 'q' among the inputs (none), though the function uses it", field: "inputs", message: "m" };
assert.deepEqual(new ServerError(400, missing).missing, ["k", "q"]);
const timing = timingOf('queue;dur=0.250, compute;dur=1.500;desc="structured compiled cpu"');
near(timing.queue + timing.compute, 1.75);
assert.equal(timing.by, "structured compiled cpu");

console.log(JSON.stringify({ python: pythonOf(odd, requestOf(odd), "localhost"), curl: curlOf(odd, requestOf(odd), "http://localhost:8080/"), links: EXAMPLES.map(([, hash]) => requestOf(stateOf(hash))) }));
