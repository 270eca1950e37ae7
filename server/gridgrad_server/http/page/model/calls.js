/** Calls of the server that this page is from. */

import { Grid } from "./grid.js";
import { readNpy } from "./npy.js";

const JSON_KIND = "application/json";
const TOKEN = "gridgrad-token";
const SERVICE = "gridgrad.v1.GridGradientService";

/** What a server says instead of an answer. */
export class ServerError extends Error {
  constructor(status, error, retryAfter = null) {
    super(error.message);
    this.status = status;
    /** After how many ms to ask again, where the server starts or is full; 0 where that is no use. */
    this.again = status === 503 || status === 429 ? 1e3 * (Number(retryAfter) || 1) : 0;
    this.field = error.field ?? "";
    this.found = error.found ?? "";
    this.remedy = error.remedy ?? "";
    this.reason = error.reason ?? "";
  }

  /** What is waited for, where asking again is of use; empty where it is not. */
  get wait() {
    const found = this.reason === "STARTING" ? "A worker is starting" : upper(this.found || this.message);
    return this.again ? `${found}. The page goes on by itself.` : "";
  }

  /** Where in the expression it is at fault, line and column from 1; null where it is elsewhere. */
  get place() {
    const [, line, column] = /^line (\d+), column (\d+)/.exec(this.found) ?? [];
    return line ? { line: Number(line), column: Number(column) } : null;
  }

  /** The inputs that the function uses and the request had not. */
  get missing() {
    const [, names] = this.field === "inputs" ? (/^no (.+) among the inputs/.exec(this.found) ?? []) : [];
    return names ? [...names.matchAll(/'([^']+)'/g)].map((match) => match[1]) : [];
  }
}

/** A sentence from here on. */
export const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The token that calls take along; it is kept as long as this tab is open, and goes nowhere else. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN)),
};

/** Has a grid computed. */
export async function gradient(asked, signal) {
  const began = performance.now();
  const answer = await post("v1/gradient", asked, signal, "application/x-npy");
  const answeredAt = performance.now();
  const { shape, numbers } = readNpy(await answer.arrayBuffer());
  const named = (name, by) => (answer.headers.get(name) ?? "").split(by).filter(Boolean);
  return new Grid({
    asked,
    shape,
    numbers,
    dims: named("gridgrad-dims", ","),
    planes: named("gridgrad-planes", " "),
    components: named("gridgrad-components", ","),
    timing: { ...timingOf(answer.headers.get("server-timing") ?? ""), first: answeredAt - began, all: performance.now() - began },
  });
}

/** The inputs that a function takes, in the order in which its text names them. */
export async function inputsOf(called, signal) {
  try {
    await post("v1/gradient", { ...called, inputs: {}, order: 0 }, signal, JSON_KIND);
    return [];
  } catch (error) {
    if (!error.missing?.length) {
      throw error;
    }
    const text = called.expression ?? "";
    const place = (name) => text.search(new RegExp(`\\b${name}\\b`));
    return error.missing.sort((a, b) => place(a) - place(b));
  }
}

/** Calls a method of the schema. */
export async function connect(method, message = {}, signal = undefined) {
  return (await post(`${SERVICE}/${method}`, message, signal, JSON_KIND)).json();
}

async function post(path, message, signal, accept) {
  const headers = { "content-type": JSON_KIND, accept };
  if (token.get()) {
    headers.authorization = `Bearer ${token.get()}`;
  }
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(message), signal });
  if (!answer.ok) {
    throw new ServerError(answer.status, await said(answer), answer.headers.get("retry-after"));
  }
  return answer;
}

async function said(answer) {
  try {
    const told = await answer.json();
    return told.error ?? { ...(told.details?.[0]?.debug ?? {}), message: told.message };
  } catch {
    return { message: `the server answered ${answer.status} ${answer.statusText}` };
  }
}

/** How long a result waited and took, in ms, and what computed it. */
export function timingOf(header) {
  const of = (name) => Number(new RegExp(`${name};dur=([\\d.]+)`).exec(header)?.[1] ?? NaN);
  return { queue: of("queue"), compute: of("compute"), by: /desc="([^"]*)"/.exec(header)?.[1] ?? "" };
}
