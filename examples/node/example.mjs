// npm ci && node example.mjs [ADDRESS]

import { axis, connect, gradient } from "./gridgrad.mjs";

const client = connect(process.argv[2] ?? "localhost:50051");

const { shape, value, d } = await gradient(
  client, "t*k + 2*t*k**2", [axis("t", [1, 2, 4]), axis("k", [2, 3])], [["t"], ["k"], ["k", "t"]],
);
console.log("shape", shape.join(" × "));
console.log("f        ", ...value);
console.log("∂f/∂t    ", ...d["t"]);
console.log("∂f/∂k    ", ...d["k"]);
console.log("∂²f/∂t∂k ", ...d["t,k"]);

// Large enough to come in many messages
const side = Float64Array.from({ length: 1000 }, (_, number) => number / 1000);
const large = await gradient(client, "u = x**2*y; v = exp(x)*y; u, v", [axis("x", side), axis("y", side)], [["x"]]);
const worst = large.d["x"].reduce((most, slope, at) => {
  const [component, x, y] = [Math.floor(at / 1e6), side[Math.floor(at / 1000) % 1000], side[at % 1000]];
  return Math.max(most, Math.abs(slope - (component ? Math.exp(x) : 2 * x) * y));
}, 0);
console.log(large.components.join(", "), "on", large.shape.join(" × "), "slopes to 1e-15:", worst < 1e-15);

await gradient(client, "t^2", [axis("t", [1])], []).catch((error) => console.log(error.reason, error.message));
client.close();
