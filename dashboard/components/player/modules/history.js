// @ts-check
// What the user changed, step by step, to take it back and do it again.

/**
 * Something that can be changed back: read as text, and set to such a text.
 * @typedef {object} Aspect
 * @property {() => string | null} read Null as long as it is not known.
 * @property {(text: string) => void} write
 * @property {boolean} [glides] Whether changes in quick succession, as a slider makes them, are one.
 */

/** @typedef {{ name: string, before: string, after: string, at: number }} Change */

const MOST = 200;
const GLIDE_MS = 1500;

export class History {
  /** @type {Change[]} */
  past = [];
  /** @type {Change[]} */
  future = [];
  going = false; // whether a change is being taken back or done again

  /** @param {Record<string, Aspect>} aspects */
  constructor(aspects) {
    this.aspects = aspects;
    /** @type {Map<string, string | null>} */
    this.known = new Map(Object.entries(aspects).map(([name, { read }]) => [name, read()]));
  }

  /**
   * Called after the user has changed something, or may have.
   * @param {number} [now] ms.
   */
  note(now = performance.now()) {
    if (this.going) return;
    for (const [name, { read, glides }] of Object.entries(this.aspects)) {
      const before = this.known.get(name) ?? null;
      const after = read();
      if (before === after) continue;
      this.known.set(name, after);
      if (before === null || after === null) continue;
      const last = this.past.at(-1);
      const goesOn = glides && last?.name === name && now - last.at < GLIDE_MS && !this.future.length;
      if (goesOn) {
        Object.assign(last, { after, at: now });
        if (last.before === after) this.past.pop();
      } else this.past = [...this.past.slice(1 - MOST), { name, before, after, at: now }];
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
 * The changes of a player: how rows are arranged, the range, and what is asked for in What if.
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
    whatIf: {
      read: () => player.whatIf.name,
      write: (text) => player.whatIf.restore(text),
      glides: true,
    },
  });
}
