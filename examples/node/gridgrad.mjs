// A client of Gridgrad in Node, made from the .proto alone: value and partials as Float64Arrays, grids of any size.
//
// import { axis, connect, gradient } from "./gridgrad.mjs";

import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const SCHEMA = fileURLToPath(new URL("../../protos/gridgrad/v1/gridgrad.proto", import.meta.url));
const definition = loader.loadSync(SCHEMA, { keepCase: true, longs: Number, enums: String, defaults: true });
const { GridGradientService } = grpc.loadPackageDefinition(definition).gridgrad.v1;

export const connect = (address) => new GridGradientService(address, grpc.credentials.createInsecure());

// An axis as the wire has it. Typed arrays are little-endian wherever Node commonly runs, as the wire is.
export const axis = (name, values) => {
  const numbers = Float64Array.from(values);
  return { name, dims: [name], array: { dtype: "DTYPE_FLOAT64", shape: [numbers.length], data: Buffer.from(numbers.buffer) } };
};

// Computes a grid. Asked over the stream, since the unary call has a limit of size.
//
// inputs: of `axis`, in the order of the grid's dims. derivatives: [["t"], ["t", "k"]]. Resolves to
// {dims, shape, components, value, d}, where d["t"] and d["t,k"] are the partials as the header names them; rejects with
// an Error whose message says what was found and what to write instead.
export const gradient = (client, expression, inputs, derivatives) =>
  new Promise((resolve, reject) => {
    const call = client.StreamGridGradients({ deadline: Date.now() + 60_000 });
    let header, buffer, points;
    call.on("error", reject);
    call.on("data", (message) => {
      if (message.status) return reject(failure(message.status));
      if (!buffer) {
        header = message.header;
        points = header.shape.reduce((all, length) => all * length, 1);
        buffer = new Float64Array((1 + header.derivatives.length) * header.components.length * points);
      }
      put(message, buffer, points);
      if (message.last) resolve(result(header, buffer, points));
    });
    call.write({ id: 1, request: { function: { expression }, inputs, derivatives: derivatives.map((wrt) => ({ wrt })) } });
    call.end();
  });

// A message holds some points of some planes of the buffer [derivative, component, *grid]; without a window, all of it.
const put = ({ window, data }, buffer, points) => {
  const numbers = new Float64Array(Uint8Array.from(data).buffer); // copied, since data may begin anywhere in its memory
  if (!window) return buffer.set(numbers);
  for (let plane = 0; plane < window.planes; plane++) {
    const part = numbers.subarray(plane * window.points, (plane + 1) * window.points);
    buffer.set(part, (window.first_plane + plane) * points + window.first_point);
  }
};

const result = ({ dims, shape, components, derivatives }, buffer, points) => {
  const length = components.length * points;
  const plane = (number) => buffer.subarray(number * length, (number + 1) * length);
  const d = Object.fromEntries(derivatives.map(({ wrt }, number) => [wrt.join(","), plane(number + 1)]));
  return { dims, shape, components, value: plane(0), d };
};

const failure = ({ message, detail }) =>
  Object.assign(new Error(detail ? `${detail.field}: ${detail.found}; ${detail.remedy}` : message), detail);
