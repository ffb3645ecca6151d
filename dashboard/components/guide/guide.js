// The card and the frame around what it speaks of. It never covers the page: everything stays usable under it.

const SEEN = "iaca-tour";
const GAP_PX = 12;

// A browser may keep nothing (private windows): then the tour is offered again.
function seen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
}

function markSeen() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch {
    // Nothing to do: it is offered again.
  }
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// What this visit has been shown: the page may mount the component anew at any time, which must not begin it again.
const visit = (window.iacaTour ??= { asked: 0, begun: false, step: null });

class Guide {
  constructor(anchor) {
    this.anchor = anchor;
    this.place = () => this.stand();
    // Wherever the focus is: the page takes it from the card whenever it draws itself anew.
    this.escape = (event) => event.key === "Escape" && this.close();
  }

  update({ steps, asked }) {
    this.steps = steps;
    const wanted = asked > visit.asked || (!visit.begun && new URL(location.href).searchParams.has("tour"));
    visit.asked = asked;
    if (wanted) this.start();
    else if (visit.step !== null && !this.card?.isConnected) this.go(visit.step, 1);
    // A program that drives the browser wants the page, not a guide; it can ask for one in the address.
    else if (!visit.begun && !seen() && !navigator.webdriver) this.offer();
    visit.begun = true;
  }

  offer() {
    const buttons = [this.button("Not now", () => this.close()), this.button("Show me", () => this.start())];
    this.show("New here?", "A tour of the page takes two minutes. It can be started again under “About the models”.", buttons, "");
  }

  start() {
    this.go(0, 1);
  }

  // The next step whose target is on the page.
  go(index, direction) {
    let next = index;
    while (this.steps[next] && !document.querySelector(this.steps[next].target)) next += direction;
    const step = this.steps[next];
    if (!step) return this.close();
    visit.step = next;
    this.target = document.querySelector(step.target);
    this.target.scrollIntoView({ block: "nearest" });
    const last = next === this.steps.length - 1;
    const buttons = [this.button("Close", () => this.close())];
    if (next > 0) buttons.push(this.button("Back", () => this.go(next - 1, -1)));
    buttons.push(this.button(last ? "Done" : "Next", () => this.go(next + 1, 1)));
    this.show(step.title, step.text, buttons, `${next + 1} of ${this.steps.length}`);
  }

  button(label, action) {
    return element("button", { type: "button", textContent: label, onclick: action });
  }

  show(title, text, buttons, count) {
    this.remove();
    const head = element("strong", { textContent: title });
    const line = element("div", { className: "iaca-guide-buttons" }, element("span", { textContent: count }), ...buttons);
    this.card = element("aside", { className: "iaca-guide-card" }, head, element("p", { textContent: text }), line);
    this.card.setAttribute("role", "region");
    this.card.setAttribute("aria-label", "Tour of the page");
    this.card.dataset.testid = "tour";
    this.frame = element("div", { className: "iaca-guide-frame", hidden: !count });
    const style = getComputedStyle(this.anchor);
    const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    for (const part of [this.card, this.frame]) {
      part.style.setProperty("--iaca-guide-text", value("--st-text-color", "#31333f"));
      part.style.setProperty("--iaca-guide-background", value("--st-background-color", "#ffffff"));
      part.style.setProperty("--iaca-guide-accent", value("--st-primary-color", "#0a5fa5"));
      part.style.setProperty("--iaca-guide-font", value("--st-font", "sans-serif"));
    }
    if (!count) this.target = null;
    document.body.append(this.frame, this.card);
    addEventListener("keydown", this.escape, true);
    addEventListener("resize", this.place);
    addEventListener("scroll", this.place, true);
    this.stand();
    if (count) buttons.at(-1).focus({ preventScroll: true });
  }

  // Beside the target where there is room, else below or above it; without a target in the corner.
  stand() {
    const { card, frame, target } = this;
    const [wide, high] = [card.offsetWidth, card.offsetHeight];
    const within = (value, most) => Math.max(GAP_PX, Math.min(value, most - GAP_PX));
    if (!target) {
      Object.assign(card.style, { right: "16px", bottom: "16px" });
      return;
    }
    const box = target.getBoundingClientRect();
    Object.assign(frame.style, { left: `${box.left - 4}px`, top: `${box.top - 4}px`, width: `${box.width + 8}px`, height: `${box.height + 8}px` });
    const [right, leftward] = [box.right + GAP_PX, box.left - GAP_PX - wide];
    const onRight = right + wide <= innerWidth - GAP_PX;
    const beside = onRight || leftward >= GAP_PX;
    const left = onRight ? right : beside ? leftward : within(box.left + box.width / 2 - wide / 2, innerWidth - wide);
    const below = box.bottom + GAP_PX;
    const top = beside ? box.top : below + high <= innerHeight ? below : box.top - high - GAP_PX;
    Object.assign(card.style, { left: `${left}px`, top: `${within(top, innerHeight - high)}px` });
  }

  remove() {
    removeEventListener("keydown", this.escape, true);
    removeEventListener("resize", this.place);
    removeEventListener("scroll", this.place, true);
    this.card?.remove();
    this.frame?.remove();
  }

  close() {
    markSeen();
    visit.step = null;
    this.remove();
  }
}

export default function ({ data, parentElement }) {
  const anchor = parentElement.querySelector(".iaca-guide");
  anchor.iacaGuide ??= new Guide(anchor);
  anchor.iacaGuide.update(data);
  return () => anchor.iacaGuide.remove();
}
