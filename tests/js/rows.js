// Rows and curves for tests, with the fields that a test does not name as the page sends them by default.

export function curve(name, fields = {}) {
  return {
    name,
    column: name,
    colour: "text",
    dash: "solid",
    width: 1.6,
    opacity: 1,
    stack: "",
    fill: 0,
    dotted: false,
    legend: true,
    model: null,
    minus: null,
    floor: null,
    ...fields,
  };
}

export function row(key, fields = {}) {
  return {
    key,
    title: key,
    unit: "",
    help: "",
    range: [-1, 1],
    ticks: [],
    height: 100,
    traces: [curve(key)],
    kind: "curves",
    slot: "",
    model: null,
    hidden: false,
    ...fields,
  };
}
