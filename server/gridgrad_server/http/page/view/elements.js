/** Makes elements of the page. */

/** An element with attributes, listeners (`onclick`) and children, which are elements or text. */
export function make(kind, given = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true || value === false) {
      element.toggleAttribute(name, value);
    } else if (value !== undefined && value !== null) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** The element of the document with an id. */
export const by = (id) => document.getElementById(id);

/** A table with a head of names and rows of texts. */
export function table(names, rows, caption) {
  const cells = (kind, texts, given) => texts.map((text) => make(kind, given, text));
  return make("table", {},
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, ...cells("th", names, { scope: "col" }))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells("td", row)))),
  );
}

/** Makes tabs of buttons with role "tab": arrows go from one to the next. */
export function tabs(list, choose) {
  const buttons = [...list.querySelectorAll("[role=tab]")];
  const select = (name) => buttons.forEach((button) => {
    const isChosen = button.dataset.tab === name;
    button.setAttribute("aria-selected", isChosen);
    button.tabIndex = isChosen ? 0 : -1;
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[role=tab]");
    if (button) {
      choose(button.dataset.tab);
    }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const shown = buttons.filter((button) => !button.hidden);
    if (step) {
      const next = shown.at((shown.indexOf(document.activeElement) + step) % shown.length);
      next.focus();
      choose(next.dataset.tab);
    }
  });
  return select;
}
