// A list of moments; a click tells the page where to go.

const HEADS = { time: "Time", subject: "Subject", kind: "Kind", sentence: "What happens", value: "Size" };

function isDark(element) {
  const colour = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour || "#fff";
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

function part(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

// A moment is there to be seen: the player comes into sight where it is not.
function showPlayer() {
  const player = document.querySelector("[data-testid=player]");
  const screen = player?.querySelector(".iaca-screen").getBoundingClientRect();
  if (screen && screen.top + screen.bottom < 0) player.scrollIntoView({ block: "start" });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".list");
  const dark = isDark(list);
  const head = parentElement.querySelector(".head");
  const names = ["time", ...(data.with_subjects ? ["subject"] : []), "kind", "sentence", "value"];
  head.replaceChildren(...names.map((name) => part(name, HEADS[name])));
  head.hidden = !data.entries.length;
  for (const element of [head, list]) element.classList.toggle("everybody", data.with_subjects);
  list.replaceChildren(
    ...data.entries.map((entry) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.kind = entry.kind;
      button.dataset.subject = entry.subject;
      button.dataset.second = entry.second;
      const dot = part("dot", "");
      dot.style.background = Array.isArray(entry.colour) ? entry.colour[dark ? 1 : 0] : "currentColor";
      const subject = data.with_subjects ? [part("subject", entry.subject)] : [];
      button.append(dot, part("time", entry.time), ...subject, part("kind", entry.kind), part("sentence", entry.sentence), part("value", entry.value));
      button.onclick = () => {
        setTriggerValue("chosen", { subject: entry.subject, second: entry.second });
        showPlayer();
      };
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}
