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

/**
 * Make a canvas empty and as large as its place on the page. One that is so large already keeps its memory.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width px.
 * @param {number} height px.
 * @returns {number} Device pixels to a px.
 */
export function clear(pen, width, height) {
  const { canvas } = pen;
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) {
    [canvas.width, canvas.height] = size;
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  } else pen.clearRect(0, 0, size[0], size[1]);
  return ratio;
}
