// @ts-check
// Finding elements of the component's HTML and making new ones.

/**
 * Find an element that has to be in the component's HTML.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The component's HTML lacks ${selector}.`);
  return found;
}

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * Make the head of a table row.
 * @param {...(Node | string)} children
 */
export function rowHead(...children) {
  return make("th", { scope: "row" }, ...children);
}

/**
 * @overload
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
/**
 * @overload
 * @param {OffscreenCanvas} canvas
 * @returns {OffscreenCanvasRenderingContext2D}
 */
/**
 * The drawing context of a canvas.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 */
export function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("The browser cannot draw on a canvas.");
  return pen;
}
