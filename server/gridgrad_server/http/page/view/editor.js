/** The box of the expression. What the server finds wrong is marked at its place, and said below. */

import { upper } from "../model/calls.js";
import { by, make } from "./elements.js";

const WAIT_MS = 180;

export class Editor {
  #timer = 0;
  #error = null;

  /** @param changed is called with a text that has not changed for a moment. */
  constructor(changed) {
    this.box = by("expression");
    this.mirror = by("mirror");
    this.message = by("expression-error");
    this.box.addEventListener("input", () => {
      this.#fit();
      this.#showError(null);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => changed(this.box.value), WAIT_MS);
    });
    this.box.addEventListener("scroll", () => (this.mirror.scrollTop = this.box.scrollTop));
  }

  /** Puts a text there. */
  set text(text) {
    this.box.value = text;
    this.#showError(null);
    this.#fit();
  }

  get text() {
    return this.box.value;
  }

  /** Writes something where the cursor is. */
  insert(text) {
    this.box.focus();
    this.box.setRangeText(text, this.box.selectionStart, this.box.selectionEnd, "end");
    this.box.dispatchEvent(new Event("input"));
  }

  /** Shows an error of the server; null for none. */
  show(error) {
    this.#showError(error);
  }

  #fit() {
    this.box.rows = Math.min(8, Math.max(1, this.box.value.split("\n").length));
  }

  #showError(error) {
    if (error === this.#error) {
      return;
    }
    this.#error = error;
    this.box.setAttribute("aria-invalid", Boolean(error));
    this.message.replaceChildren(...(error ? this.#said(error) : []));
    const { before, faulty, after } = partsOf(this.box.value, error?.place);
    this.mirror.replaceChildren(before, faulty ? make("mark", {}, faulty) : "", after);
  }

  #said(error) {
    const text = error.found ? error.found.replace(/^line \d+, column \d+: /, "") : error.message;
    const { place } = error;
    const where = place ? (this.box.value.includes("\n") ? `line ${place.line}, column ${place.column}: ` : `column ${place.column}: `) : "";
    const field = !place && error.field && error.field !== "function.expression" ? `${error.field}: ` : "";
    return [make("strong", {}, where + field + text), error.remedy ? ` ${upper(error.remedy)}.` : ""];
  }
}

/** What stands before a place, the character there, and what stands after it; columns count characters from 1. */
export function partsOf(text, place) {
  if (!place) {
    return { before: text, faulty: "", after: "" };
  }
  const lines = text.split("\n").map((line) => [...line]);
  const line = lines[place.line - 1] ?? [];
  const above = lines.slice(0, place.line - 1).map((each) => `${each.join("")}\n`).join("");
  const below = lines.slice(place.line).map((each) => `\n${each.join("")}`).join("");
  const column = place.column - 1;
  return {
    before: above + line.slice(0, column).join(""),
    faulty: line[column] ?? " ",
    after: line.slice(column + 1).join("") + below,
  };
}
