// @ts-check
// Which titles a typed text means, the likeliest first.

/**
 * How well a title starts with, or contains, all typed words; lower is better, Infinity is not at all.
 * @param {string} title
 * @param {string[]} words Lower case.
 */
function distance(title, words) {
  const text = title.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return Infinity;
    const startsWord = text.split(/[^\p{L}\p{N}+]+/u).some((one) => one.startsWith(word));
    sum += at === 0 ? 0 : startsWord ? 1 : 2;
  }
  return sum;
}

/**
 * What contains all typed words, in any order: titles that start with them first, those that contain them inside of
 * words last, otherwise in the order given.
 * @template {{ title: string }} T
 * @param {T[]} commands
 * @param {string} typed
 * @returns {T[]}
 */
export function ranked(commands, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return commands
    .map((command) => ({ command, far: distance(command.title, words) }))
    .filter(({ far }) => far < Infinity)
    .sort((a, b) => a.far - b.far)
    .map(({ command }) => command);
}
