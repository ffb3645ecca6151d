// The list of keys, in a dialog of the browser's own: it takes the focus and gives it back.

export function showHelp(dialog, bindings) {
  const list = dialog.querySelector("tbody");
  list.replaceChildren(
    ...bindings.map(({ keys, text }) => {
      const line = document.createElement("tr");
      const left = document.createElement("th");
      left.scope = "row";
      for (const key of keys) {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        left.append(cap, " ");
      }
      const right = document.createElement("td");
      right.textContent = text;
      line.append(left, right);
      return line;
    }),
  );
  if (!dialog.open) dialog.showModal();
}
