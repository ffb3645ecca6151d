// The address of the page names the exact frame and the range, so that it can be copied at any time. It is written here,
// in the browser: telling the server would run the page.

function put(parameters, name, value) {
  if (value === null) parameters.delete(name);
  else parameters.set(name, value);
}

export function writeAddress(frame, range) {
  replace({ frame: frame || null, range: range ? range.join("-") : null });
  rememberCursor(frame);
}

// How the rows are arranged, in words.
export function writeRows(text) {
  replace({ rows: text || null });
}

export function askedRows() {
  return new URL(window.location.href).searchParams.get("rows");
}

function replace(values) {
  const address = new URL(window.location.href);
  for (const [name, value] of Object.entries(values)) put(address.searchParams, name, value);
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}

// For the other pages, which have addresses of their own.
function rememberCursor(frame) {
  const { subject } = document.querySelector("[data-testid=player]").dataset;
  try {
    sessionStorage.setItem("iaca-cursor", JSON.stringify({ subject, frame }));
  } catch {
    // A browser that keeps nothing: other pages begin at the first frame.
  }
}
