// @ts-check
// What the user changed, step by step, to take it back and do it again.

/**
 * Something that can be changed back: read as text, and set to such a text.
 * @typedef {object} Aspect
 * @property {() => string} read
 * @property {(text: string) => void} write
 */

/** @typedef {{ name: string, before: string, after: string }} Change */

const MOST = 200;

export class History {
  /** @type {Change[]} */
  past = [];
  /** @type {Change[]} */
  future = [];
  going = false; // whether a change is being taken back or done again

  /** @param {Record<string, Aspect>} aspects */
  constructor(aspects) {
    this.aspects = aspects;
    /** @type {Map<string, string>} */
    this.known = new Map(Object.entries(aspects).map(([name, { read }]) => [name, read()]));
  }

  // Called after the user has changed something, or may have.
  note() {
    if (this.going) return;
    for (const [name, { read }] of Object.entries(this.aspects)) {
      const before = this.known.get(name) ?? "";
      const after = read();
      if (before === after) continue;
      this.known.set(name, after);
      this.past = [...this.past.slice(1 - MOST), { name, before, after }];
      this.future = [];
    }
  }

  /**
   * Take an aspect as it is, and forget its changes: they were about something else.
   * @param {string} name
   */
  forget(name) {
    this.known.set(name, this.aspects[name].read());
    this.past = this.past.filter((change) => change.name !== name);
    this.future = this.future.filter((change) => change.name !== name);
  }

  undo() {
    const change = this.past.pop();
    if (!change) return;
    this.future.push(change);
    this.go(change.name, change.before);
  }

  redo() {
    const change = this.future.pop();
    if (!change) return;
    this.past.push(change);
    this.go(change.name, change.after);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  go(name, text) {
    this.going = true;
    try {
      this.aspects[name].write(text);
    } finally {
      this.going = false;
      this.known.set(name, this.aspects[name].read());
    }
  }
}

/** @import { Player } from "./main.js" */

/**
 * The changes of a player: how rows are arranged, and the range.
 * @param {Player} player
 */
export function historyOf(player) {
  return new History({
    rows: {
      read: () => player.arrangement.text,
      write: (text) => {
        player.arrangement.restore(text);
        player.arrange();
      },
    },
    range: {
      read: () => JSON.stringify(player.clock.range),
      write: (text) => player.range.set(JSON.parse(text)),
    },
  });
}
