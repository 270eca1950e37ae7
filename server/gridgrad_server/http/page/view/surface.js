/** A surface by OGL: height and colours are the numbers of a plane. It is turned by dragging and by the arrows. */

import { evenly, written } from "../model/scale.js";
import { make } from "./elements.js";
import { colour, colourTable } from "./palette.js";
import { ogl } from "./vendor.js";

const MOST = 257;
const HEIGHT = 0.9;
const PICKED = 96;
const NEAR = 14;
const VERTEX = `#version 300 es
in vec2 position;
in float height;
in float shade;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
out vec3 place;
out vec2 flatPlace;
out float part;
void main() {
  vec4 seen = modelViewMatrix * vec4(position.x, height, -position.y, 1.0);
  place = seen.xyz;
  flatPlace = position;
  part = shade;
  gl_Position = projectionMatrix * seen;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec3 place;
in vec2 flatPlace;
in float part;
uniform sampler2D colours;
uniform vec2 cursor;
out vec4 colour;
void main() {
  if (part < -0.01) discard;
  vec3 normal = normalize(cross(dFdx(place), dFdy(place)));
  float light = 0.55 + 0.45 * abs(dot(normal, normalize(vec3(0.3, 0.8, 0.6))));
  vec3 base = texture(colours, vec2(clamp(part, 0.001, 0.999), 0.5)).rgb;
  vec2 mesh = abs(fract(flatPlace * 10.0 + 0.5) - 0.5) / fwidth(flatPlace * 10.0);
  float line = 1.0 - min(min(mesh.x, mesh.y), 1.0);
  vec2 away = abs(flatPlace - cursor) / fwidth(flatPlace);
  float mark = 1.0 - smoothstep(0.8, 1.8, min(away.x, away.y));
  colour = vec4(mix(base * light * (1.0 - 0.18 * line), vec3(1.0), mark), 1.0);
}`;
const PLAIN_VERTEX = `#version 300 es
in vec3 position;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`;
const PLAIN_FRAGMENT = `#version 300 es
precision mediump float;
uniform vec3 shade;
out vec4 colour;
void main() { colour = vec4(shade, 1.0); }`;
const TURNS = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

export class Surface {
  #gl = null;
  #mesh = null;
  #shown = null;
  #cursor = [9, 9];
  #frame = 0;

  /** @param tell has `point(column, row)` called. */
  constructor(tell) {
    this.title = make("figcaption");
    this.canvas = make("canvas", { tabindex: 0, role: "img", "aria-label": "surface" });
    this.labels = make("div", { class: "labels", "aria-hidden": "true" });
    this.element = make("figure", { class: "plot surface" }, this.title, make("div", { class: "stage" }, this.canvas, this.labels));
    this.canvas.addEventListener("keydown", (event) => this.#turn(event));
    this.canvas.addEventListener("pointermove", (event) => {
      const at = event.buttons ? null : this.#under(event.offsetX, event.offsetY);
      if (at) {
        tell.point(at.column, at.row);
      }
    });
  }

  /** Shows a plane, as a heat map takes it. */
  async show(shown) {
    if (!this.#gl && !document.createElement("canvas").getContext("webgl2")) {
      throw new Error("This browser has no WebGL 2, which the surface needs: look at maps, contours or lines");
    }
    const parts = this.parts ?? (await ogl());
    if (!this.parts) {
      this.parts = parts;
      this.#start(parts);
    }
    this.#shown = shown;
    this.title.textContent = shown.name;
    this.#fill();
    this.play();
  }

  /** The text for those who do not see it. */
  describe(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /** Moves the cursor to shares of both axes. */
  point(x, y) {
    this.#cursor = [x - 0.5, y - 0.5];
  }

  /** Draws as long as it is seen. */
  play() {
    cancelAnimationFrame(this.#frame);
    const draw = () => {
      if (this.canvas.isConnected && this.canvas.clientWidth) {
        this.#draw();
        this.#frame = requestAnimationFrame(draw);
      }
    };
    this.#frame = requestAnimationFrame(draw);
  }

  #start({ Renderer, Camera, Transform, Orbit, Vec3, Texture, Program, Mesh, Geometry }) {
    this.renderer = new Renderer({ canvas: this.canvas, alpha: true, antialias: true, dpr: devicePixelRatio || 1 });
    const gl = (this.#gl = this.renderer.gl);
    this.camera = new Camera(gl, { fov: 32 });
    this.camera.position.set(1.4, 1.3, 2.15);
    this.orbit = new Orbit(this.camera, { element: this.canvas, target: new Vec3(0.04, -0.13, 0), enablePan: false, ease: 0.4, inertia: 0.5 });
    this.scene = new Transform();
    this.table = new Texture(gl, { width: 512, height: 1, generateMipmaps: false, wrapS: gl.CLAMP_TO_EDGE });
    this.program = new Program(gl, { vertex: VERTEX, fragment: FRAGMENT, cullFace: false, uniforms: { colours: { value: this.table }, cursor: { value: this.#cursor } } });
    this.plain = new Program(gl, { vertex: PLAIN_VERTEX, fragment: PLAIN_FRAGMENT, uniforms: { shade: { value: [0.5, 0.5, 0.5] } } });
    const box = new Mesh(gl, { geometry: new Geometry(gl, { position: { size: 3, data: boxLines() } }), program: this.plain, mode: gl.LINES });
    box.setParent(this.scene);
  }

  #fill() {
    const { Geometry, Mesh } = this.parts;
    const { columns, rows, values, range } = this.#shown;
    const step = Math.max(1, Math.ceil(Math.max(columns, rows) / MOST));
    const [wide, deep] = [Math.ceil(columns / step), Math.ceil(rows / step)];
    if (this.#mesh?.wide !== wide || this.#mesh?.deep !== deep || this.#mesh.step !== step) {
      this.#mesh?.setParent(null);
      const geometry = new Geometry(this.#gl, meshOf(wide, deep, this.#gl));
      this.#mesh = Object.assign(new Mesh(this.#gl, { geometry, program: this.program, frustumCulled: false }), { wide, deep, step });
      this.#mesh.setParent(this.scene);
    }
    const { height, shade } = this.#mesh.geometry.attributes;
    const even = evenly(range);
    const [low, high, least, most] = [range.low, range.high, range.least, range.most].map(even);
    for (let row = 0, at = 0; row < deep; row++) {
      for (let column = 0; column < wide; column++, at++) {
        const value = even(values[row * step * columns + column * step]);
        const isOdd = value - value !== 0;
        height.data[at] = isOdd ? 0 : ((value - least) / (most - least || 1) - 0.5) * HEIGHT;
        shade.data[at] = isOdd ? -100 : (value - low) / (high - low || 1);
      }
    }
    height.needsUpdate = shade.needsUpdate = true;
    this.#recolour();
    this.#relabel();
  }

  #recolour() {
    this.table.image = new Uint8Array(colourTable(this.#shown.range).buffer.slice(0));
    this.table.needsUpdate = true;
    this.plain.uniforms.shade.value = colour("quiet").match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16) / 255);
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (this.renderer.width !== width || this.renderer.height !== height) {
      this.renderer.setSize(width, height);
      this.camera.perspective({ aspect: width / height });
    }
    this.program.uniforms.cursor.value = this.#cursor;
    this.orbit.update();
    this.renderer.render({ scene: this.scene, camera: this.camera });
    this.#place(width, height);
  }

  #relabel() {
    const { x, y, range } = this.#shown;
    const low = -HEIGHT / 2;
    const said = [
      [x.name, [0, low, 0.58], "name"], [written(x.first, 3), [-0.5, low, 0.56]], [written(x.last, 3), [0.5, low, 0.56]],
      [y.name, [0.6, low, 0], "name"], [written(y.first, 3), [0.57, low, 0.47]], [written(y.last, 3), [0.57, low, -0.5]],
      [written(range.least, 3), [-0.58, low, 0.5]], [written(range.most, 3), [-0.58, -low, 0.5]],
    ];
    this.labels.replaceChildren(...said.map(([text, at, kind]) => Object.assign(make("span", { class: kind ?? "" }, text), { at })));
  }

  #place(width, height) {
    const { Vec3 } = this.parts;
    for (const label of this.labels.children) {
      const seen = new Vec3(...label.at);
      this.camera.project(seen);
      label.style.transform = `translate(-50%, -50%) translate(${((seen.x + 1) / 2) * width}px, ${((1 - seen.y) / 2) * height}px)`;
    }
  }

  /** The point of the grid that is seen at a place, the nearest to the eye of those that are near; null for none. */
  #under(x, y) {
    const { wide, deep, geometry, step } = this.#mesh ?? {};
    if (!wide) {
      return null;
    }
    const { Vec3 } = this.parts;
    const { clientWidth, clientHeight } = this.canvas;
    const { position, height, shade } = geometry.attributes;
    const every = Math.max(1, Math.ceil(Math.max(wide, deep) / PICKED));
    let found = null;
    for (let row = 0; row < deep; row += every) {
      for (let column = 0; column < wide; column += every) {
        const at = row * wide + column;
        const seen = new Vec3(position.data[2 * at], height.data[at], -position.data[2 * at + 1]);
        this.camera.project(seen);
        const away = Math.hypot(((seen.x + 1) / 2) * clientWidth - x, ((1 - seen.y) / 2) * clientHeight - y);
        const depth = seen.z + away / NEAR / 1e3;
        if (away < NEAR && shade.data[at] > -1 && (!found || depth < found.depth)) {
          found = { depth, column: column * step, row: row * step };
        }
      }
    }
    return found;
  }

  #turn(event) {
    const by = TURNS[event.key];
    if (!by) {
      return;
    }
    event.preventDefault();
    const { position } = this.camera;
    const far = position.len();
    const [around, above] = [Math.atan2(position.x, position.z) + by[0], Math.acos(position.y / far) + by[1]];
    const tilt = Math.min(3, Math.max(0.1, above));
    position.set(far * Math.sin(tilt) * Math.sin(around), far * Math.cos(tilt), far * Math.sin(tilt) * Math.cos(around));
    this.orbit.forcePosition();
  }
}

function meshOf(wide, deep, gl) {
  const position = new Float32Array(2 * wide * deep);
  const index = new Uint32Array(6 * (wide - 1) * (deep - 1));
  for (let row = 0, at = 0; row < deep; row++) {
    for (let column = 0; column < wide; column++) {
      position[at++] = column / (wide - 1) - 0.5;
      position[at++] = row / (deep - 1) - 0.5;
    }
  }
  for (let row = 0, at = 0; row < deep - 1; row++) {
    for (let column = 0; column < wide - 1; column++, at += 6) {
      const corner = row * wide + column;
      index.set([corner, corner + 1, corner + wide, corner + 1, corner + wide + 1, corner + wide], at);
    }
  }
  const changing = () => ({ size: 1, data: new Float32Array(wide * deep), usage: gl.DYNAMIC_DRAW });
  return { position: { size: 2, data: position }, height: changing(), shade: changing(), index: { data: index } };
}

/** The edges of the box's floor, and the one at which heights are written. */
function boxLines() {
  const low = -HEIGHT / 2;
  const corners = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]];
  const floor = corners.flatMap(([x, z], index) => {
    const [nextX, nextZ] = corners[(index + 1) % 4];
    return [x, low, z, nextX, low, nextZ];
  });
  return new Float32Array([...floor, -0.5, low, 0.5, -0.5, -low, 0.5]);
}
