// The address of the page at this moment, and a report of what only the browser knows: range and rows.

const CHECK_MS = 500;

function player() {
  return document.querySelector("[data-testid=player]");
}

function address() {
  const link = new URL(window.location.href);
  const { frame, rows } = player()?.dataset ?? {};
  if (frame !== undefined) link.searchParams.set("frame", frame);
  if (rows) link.searchParams.set("rows", rows);
  return link.href;
}

function rows() {
  const shown = [...(player()?.querySelectorAll(".iaca-row-legend[data-row]") ?? [])].filter((box) => box.getClientRects().length);
  return shown.map((box) => [box.dataset.row, Number(box.dataset.printed)]);
}

function range() {
  const ends = new URL(window.location.href).searchParams.get("range")?.match(/^(\d+)-(\d+)$/);
  return ends ? [Number(ends[1]), Number(ends[2])] : null;
}

// A page that is neither https nor localhost has no clipboard of its own.
async function copy(text, input) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    input.select();
    return document.execCommand("copy");
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const input = parentElement.querySelector("input");
  const button = parentElement.querySelector("button");
  const status = parentElement.querySelector("[role=status]");
  const tell = () => {
    if (parentElement.activeElement !== input) input.value = address();
    if (player()?.dataset.subject !== data.subject) return;
    const view = { subject: data.subject, range: range(), rows: rows() };
    const text = JSON.stringify(view);
    if (text === parentElement.iacaTold) return;
    parentElement.iacaTold = text;
    setStateValue("view", view);
  };
  button.onclick = async () => {
    input.value = address();
    status.textContent = (await copy(input.value, input)) ? "Copied." : "Press Ctrl+C to copy the selected link.";
  };
  clearInterval(parentElement.iacaTimer);
  parentElement.iacaTimer = setInterval(tell, CHECK_MS);
  tell();
  return () => clearInterval(parentElement.iacaTimer);
}
