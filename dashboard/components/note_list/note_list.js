// @ts-check
// Notes on the shown recording and saved views. What somebody has written is only ever set as text.

/** @import { Component, NoteData, NoteEntry, ViewEntry } from "../types" */

const MOST_BYTES = 4 * 2 ** 20; // of a shared file

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The component's HTML lacks ${selector}.`);
  return found;
}

/**
 * @param {string} label
 * @param {string} textContent
 * @param {() => void} onclick
 */
function buttonOf(label, textContent, onclick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = textContent;
  button.title = label;
  button.setAttribute("aria-label", label);
  button.onclick = onclick;
  return button;
}

/**
 * @param {string} className
 * @param {string} textContent
 */
function part(className, textContent) {
  return Object.assign(document.createElement("span"), { className, textContent });
}

/**
 * What stands in an empty list.
 * @param {string} textContent
 */
function none(textContent) {
  return Object.assign(document.createElement("li"), { className: "none", textContent });
}

/** The parameters of the page with the frame, the range and the rows as they are now. */
function addressNow() {
  const { searchParams } = new URL(window.location.href);
  const place = window.iacaPlace;
  if (place) {
    searchParams.set("subject", place.subject);
    searchParams.set("frame", String(place.frame));
    if (place.range) searchParams.set("range", place.range.join("-"));
    else searchParams.delete("range");
    if (place.arrangement) searchParams.set("rows", place.arrangement);
  }
  return searchParams.toString();
}

/** @type {WeakMap<HTMLElement, { of: string, setTriggerValue: Component<NoteData>["setTriggerValue"] }>} */
const drawn = new WeakMap(); // `of` which notes and views a list is, until something is asked of the page

/** @param {Component<NoteData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const list = find(parentElement, ".list", HTMLElement);
  const views = find(parentElement, ".views", HTMLElement);
  const status = find(parentElement, "[role=status]", HTMLElement);
  const file = find(parentElement, "input[type=file]", HTMLInputElement);
  /** @param {Record<string, unknown>} action */
  const ask = (action) => {
    const now = drawn.get(list);
    if (!now) return;
    now.of = "";
    now.setTriggerValue("asked", action);
  };

  /** @param {NoteEntry} note */
  const noteOf = (note) => {
    const item = document.createElement("li");
    item.dataset.second = String(note.second);
    const go = buttonOf(`Go to ${note.time}`, "", () => {
      ask({ do: "seek", second: note.second });
      document.dispatchEvent(new Event("iaca-show-player")); // choosing a note means wanting to see it
    });
    go.removeAttribute("aria-label");
    go.className = "seek";
    go.append(part("time", note.time), part("text", note.text));
    const edit = () => {
      const form = document.createElement("form");
      const input = Object.assign(document.createElement("input"), { value: note.text, maxLength: 2000 });
      input.setAttribute("aria-label", "Text of the note");
      const save = Object.assign(document.createElement("button"), { type: "submit", textContent: "Save" });
      form.append(input, save);
      form.style.flex = "1";
      form.onsubmit = (event) => {
        event.preventDefault();
        ask({ do: "change", id: note.id, before: note.text, text: input.value });
      };
      input.onkeydown = (event) => {
        event.stopPropagation(); // keys of the player
        if (event.key === "Escape") item.replaceChildren(...parts);
      };
      item.replaceChildren(form);
      input.focus();
    };
    const parts = [
      go,
      buttonOf(`Edit the note at ${note.time}`, "✎", edit),
      buttonOf(`Delete the note at ${note.time}`, "✕", () => ask({ do: "delete", id: note.id })),
    ];
    item.append(...parts);
    return item;
  };

  /** @param {ViewEntry} view */
  const viewOf = (view) => {
    const link = document.createElement("a");
    link.href = `?${view.address}`;
    link.target = "_self";
    link.textContent = view.name;
    const item = document.createElement("li");
    item.append(
      link,
      buttonOf(`Delete the view ${view.name}`, "✕", () => ask({ do: "delete view", id: view.id })),
    );
    return item;
  };

  // A run of the page may come at any moment: lists that stay what they are stay where they are, also while one writes.
  const of = JSON.stringify([data.notes, data.views]);
  const before = drawn.get(list)?.of;
  drawn.set(list, { of, setTriggerValue });
  if (of !== before) {
    list.replaceChildren(...data.notes.map(noteOf));
    if (!data.notes.length) list.append(none("No notes on this recording."));
    views.replaceChildren(...data.views.map(viewOf));
    if (!data.views.length) views.append(none("No saved views."));
  }
  status.textContent = data.said;

  for (const [name, action] of /** @type {const} */ ([
    ["add", () => ({ do: "add", frame: window.iacaPlace?.frame ?? 0, range: window.iacaPlace?.range ?? null })],
    ["save", () => ({ do: "save", address: addressNow() })],
  ])) {
    const form = find(parentElement, `form.${name}`, HTMLFormElement);
    const input = find(form, "input", HTMLInputElement);
    input.onkeydown = (event) => event.stopPropagation(); // keys of the player
    form.onsubmit = (event) => {
      event.preventDefault();
      if (!input.value.trim()) return;
      ask({ ...action(), [input.name]: input.value });
      input.value = "";
    };
  }
  file.onchange = async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    if (chosen.size > MOST_BYTES)
      status.textContent = "The file is too large; expected one that this page has written.";
    else ask({ do: "take", content: await chosen.text() });
    file.value = "";
  };
}
