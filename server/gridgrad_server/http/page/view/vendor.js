/** Loads libraries once, when they are needed first. They are classic scripts, each of which sets one global. */

const SCRIPTS = ["uplot/uPlot.iife.min.js", "d3-array/d3-array.min.js", "d3-contour/d3-contour.min.js"];
const loaded = new Map();
const policy = globalThis.trustedTypes?.createPolicy("vendor", { createScriptURL: known });

function known(url) {
  if (!SCRIPTS.some((script) => url === urlOf(script))) {
    throw new TypeError(`no script of this page: ${url}`);
  }
  return url;
}

const urlOf = (script) => new URL(`../vendor/${script}`, import.meta.url).href;

function load(script) {
  if (!loaded.has(script)) {
    loaded.set(script, new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = policy ? policy.createScriptURL(urlOf(script)) : urlOf(script);
      element.onload = resolve;
      element.onerror = () => reject(new Error(`${script} did not load; reload the page`));
      document.head.append(element);
    }));
  }
  return loaded.get(script);
}

/** uPlot, with its styles. */
export async function uplot() {
  if (!document.querySelector("#uplot-style")) {
    const style = Object.assign(document.createElement("link"), { id: "uplot-style", rel: "stylesheet" });
    style.href = new URL("../vendor/uplot/uPlot.min.css", import.meta.url).href;
    document.head.append(style);
  }
  await load(SCRIPTS[0]);
  return globalThis.uPlot;
}

/** d3 with `contours`. */
export async function d3() {
  await load(SCRIPTS[1]);
  await load(SCRIPTS[2]);
  return globalThis.d3;
}

/** What a surface needs of OGL. */
export async function ogl() {
  const names = ["core/Renderer", "core/Camera", "core/Transform", "core/Geometry", "core/Program", "core/Mesh", "core/Texture",
    "math/Vec3", "extras/Orbit"];
  const modules = await Promise.all(names.map((name) => import(`../vendor/ogl/${name}.js`)));
  return Object.assign({}, ...modules);
}
