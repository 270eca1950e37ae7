/** How the server is doing: what waits, what its workers do, and how long calls take. */

import { connect } from "../model/calls.js";
import { written } from "../model/scale.js";
import { by, make, table } from "./elements.js";
import { colour } from "./palette.js";

const EVERY_MS = 1000;
const KEPT = 120;
const SLOW_MS = 400;
const mib = (bytes) => `${written(Number(bytes ?? 0) / 2 ** 20, 3)} MiB`;

export class ServerPanel {
  #timer = 0;
  #last = null;
  #trips = [];
  #slow = 0;

  /** Takes in how long a call of this page took. */
  trip(timing) {
    this.#trips.push(timing);
    this.#trips.splice(0, this.#trips.length - KEPT);
    this.#say(`${time(timing.all)}, of it ${time(timing.compute)} computing${timing.by ? ` (${timing.by})` : ""}`);
  }

  /** Takes in that a call was sent; says so when its answer takes long. */
  sent() {
    this.#slow ||= setTimeout(() => {
      by("latency").textContent = "computing …";
      by("plots").setAttribute("aria-busy", "true");
    }, SLOW_MS);
  }

  /** Takes in that there will be no answer. */
  gaveUp() {
    this.#say("");
  }

  #say(text) {
    clearTimeout(this.#slow);
    this.#slow = 0;
    by("latency").textContent = text;
    by("plots").removeAttribute("aria-busy");
  }

  /** Looks as long as it is shown. */
  watch(isShown) {
    clearTimeout(this.#timer);
    if (isShown) {
      this.#look();
    }
  }

  async #look() {
    try {
      if (!document.hidden) {
        this.#show(await connect("GetServerStatus"));
      }
    } catch (error) {
      by("status").replaceChildren(make("p", { class: "wrong" }, error.message));
    }
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  #show(status) {
    const load = status.load ?? {};
    const answered = sum(status.answers ?? [], "count");
    const past = this.#last;
    this.#last = { at: performance.now(), answered, status };
    const rate = past ? (1e3 * (answered - past.answered)) / (this.#last.at - past.at) : 0;
    const figures = [
      ["waiting", String(load.queued ?? 0)],
      ["under way", `${load.entries ?? 0} of ${load.mostEntries ?? 0}`],
      ["held", mib(load.heldBytes)],
      ["answers a second", written(rate, 3)],
      ["waited, median", of(0.5, status.queueS, past?.status.queueS)],
      ["computed, median", of(0.5, status.computeS, past?.status.computeS)],
      ["up", duration(status.upS ?? 0)],
    ];
    const workers = (status.workers ?? []).map((worker) => [
      String(worker.number ?? 0), worker.device ?? "", worker.ready ? "ready" : "starting",
      String(worker.batches ?? 0), String(worker.compiled ?? 0), String(worker.restarts ?? 0),
    ]);
    by("status").replaceChildren(
      make("dl", { class: "figures" }, ...figures.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))),
      table(["worker", "device", "state", "batches", "compiled", "restarts"], workers, "workers"),
    );
    this.#draw();
  }

  #draw() {
    const canvas = by("trips");
    const pen = canvas.getContext("2d");
    const [width, height] = [(canvas.width = canvas.clientWidth), (canvas.height = canvas.clientHeight)];
    const most = Math.max(1, ...this.#trips.map(({ all }) => all));
    const wide = width / KEPT;
    this.#trips.forEach(({ all, compute }, index) => {
      const at = (KEPT - this.#trips.length + index) * wide;
      [[all, "line-2"], [compute, "line-1"]].forEach(([ms, name]) => {
        pen.fillStyle = colour(name);
        const high = Math.max(1, (ms / most) * (height - 14));
        pen.fillRect(at, height - high, Math.max(1, wide - 1), high);
      });
    });
    pen.fillStyle = colour("quiet");
    pen.fillText(time(most), 2, 10);
  }
}

const time = (ms) => (ms < 1e4 ? `${written(ms, 3)} ms` : `${written(ms / 1e3, 3)} s`);

const sum = (entries, name) => entries.reduce((total, each) => total + Number(each[name] ?? 0), 0);

/** A quantile of what came between two looks, as the bound of its bucket. */
function of(share, now, before) {
  const counts = (now?.counts ?? []).map((count, index) => Number(count) - Number(before?.counts?.[index] ?? 0));
  const total = counts.reduce((all, count) => all + count, 0);
  let seen = 0;
  const bucket = counts.findIndex((count) => (seen += count) >= share * total && count);
  return total ? `≤ ${written(1e3 * (now.bounds[bucket] ?? Infinity), 3)} ms` : "—";
}

function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
