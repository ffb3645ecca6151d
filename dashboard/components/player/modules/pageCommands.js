// @ts-check
// Commands of the page around the player. In a notebook there is none of what they look for, and so none of them.

/** @import { Command } from "./commands.js" */

const DOCK = ".st-key-dock_strip [role=radio]";
const SIDEBAR = "[data-testid=stSidebar]";
const EXPAND = "[data-testid=stExpandSidebarButton]"; // there while the sidebar is closed

/** @param {string} selector */
const found = (selector) => document.querySelector(selector);

/** @param {string} selector */
function click(selector) {
  const element = found(selector);
  if (element instanceof HTMLElement) element.click();
}

/** @param {string} selector */
function focus(selector) {
  const element = found(selector);
  if (!(element instanceof HTMLElement)) return;
  const expand = element.closest(SIDEBAR) ? found(EXPAND) : null;
  if (expand) click(EXPAND);
  let patience = 120; // frames
  const take = () => {
    // What is in a closed sidebar takes no focus.
    if (expand?.isConnected && patience--) return void requestAnimationFrame(take);
    element.scrollIntoView({ block: "nearest" });
    element.focus();
  };
  take();
}

/** @type {[title: string, selector: string, act: (selector: string) => void][]} */
const TABLE = [
  ["Choose a subject", ".st-key-subject_place [role=combobox]", focus],
  ["Choose the models", `${SIDEBAR} .st-key-fusion [role=combobox]`, focus],
  ["Choose whose gates are shown", `${SIDEBAR} .st-key-gates [role=combobox]`, focus],
  ["Choose the attention score", `${SIDEBAR} .st-key-score [role=combobox]`, focus],
  ["Drop audio, or stop dropping it", ".st-key-drop_audio [role=switch]", click],
  ["Hear and see what the models get, or the recording", ".st-key-as_given [role=switch]:enabled", click],
  ["Change what is dropped or corrupted", `${SIDEBAR} .st-key-what_if summary`, focus],
  ["Export", ".st-key-take button", click],
  ["Attention in the window at the cursor", `${DOCK}:nth-of-type(1)`, click],
  ["Moments: where to look", `${DOCK}:nth-of-type(2)`, click],
  ["Page: Your video", "header a[href$='/your_video']", click],
  ["Page: Robustness", "header a[href$='/robustness']", click],
  ["Page: Results", "header a[href$='/results']", click],
  ["Page: About the models", "header a[href$='/about']", click],
];

/** @type {Command[]} */
export const PAGE_COMMANDS = TABLE.map(([title, selector, act]) => ({
  title,
  group: "Page",
  act: () => act(selector),
  enabled: () => found(selector) !== null,
}));
