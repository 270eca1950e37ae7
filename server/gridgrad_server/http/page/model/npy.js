/** Files of numpy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */

const KINDS = { "<f8": Float64Array, "<f4": Float32Array, "<i8": BigInt64Array };

/** Reads a file: its shape, and a view of its numbers. */
export function readNpy(buffer) {
  const head = new DataView(buffer);
  if (buffer.byteLength < 10 || head.getUint32(0) !== 0x934e554d || head.getUint16(6) !== 0x0100) {
    throw new Error("the answer is no file of numpy, version 1.0");
  }
  const size = head.getUint16(8, true);
  const said = new TextDecoder("latin1").decode(new Uint8Array(buffer, 10, size));
  const kind = KINDS[/'descr': '([^']+)'/.exec(said)?.[1]];
  const shape = /'shape': \(([\d, ]*)\)/.exec(said)?.[1];
  if (!kind || shape === undefined || said.includes("'fortran_order': True")) {
    throw new Error(`the answer is a file of numpy of another kind: ${said.trim()}`);
  }
  return { shape: shape.split(",").filter((text) => text.trim()).map(Number), numbers: new kind(buffer, 10 + size) };
}
