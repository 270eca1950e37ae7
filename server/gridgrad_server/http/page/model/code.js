/** The same call in Python and for curl. */

import { called } from "./state.js";

/** A program in Python that asks for the same. */
export function pythonOf(state, request, host) {
  const inputs = Object.entries(request.inputs).map(([name, value]) => `        ${quoted(name)}: ${pythonValue(value)},`);
  const text = state.registered ? `gridgrad.registered(${quoted(state.registered)})` : pythonText(state.expression);
  return [
    "import gridgrad",
    ...(Object.values(request.inputs).some((value) => value.linspace) ? ["import numpy as np"] : []),
    "",
    `with gridgrad.Client("${host}:50051") as client:`,
    "    result = client.gradient(",
    `        ${text},`,
    "        {",
    ...inputs.map((line) => `    ${line}`),
    "        },",
    `        wrt=[${request.wrt.map(quoted).join(", ")}],`,
    `        order=${request.order},`,
    "    )",
    "",
    "print(result)",
    "",
  ].join("\n");
}

/** A line for a shell that writes the same into a file of numpy. */
export function curlOf(state, request, origin) {
  const body = JSON.stringify({ ...called(state), ...request }).replaceAll("'", "'\\''");
  return [
    `curl -s ${origin}v1/gradient \\`,
    "  -H 'content-type: application/json' -H 'accept: application/x-npz' \\",
    `  -d '${body}' \\`,
    "  -o grids.npz",
    "",
  ].join("\n");
}

const quoted = (text) => JSON.stringify(text);
const pythonText = (text) => (text.includes("\n") ? `"""\n${text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"""')}\n"""` : quoted(text));
const pythonValue = (value) => (value.linspace ? `np.linspace(${value.linspace.join(", ")})` : String(value));

/** Tables as text: a line of names, then one for each point. */
export function csvOf(names, columns) {
  const lines = [names.map((name) => (name.includes(",") ? `"${name}"` : name)).join(",")];
  for (let row = 0; row < columns[0].length; row++) {
    lines.push(columns.map((column) => column[row]).join(","));
  }
  return `${lines.join("\n")}\n`;
}
