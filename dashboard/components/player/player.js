// Streamlit sends this text with every update, so it is only a door: the player itself is a set of modules that
// the browser fetches once. Plotly is by far the largest file: its way starts here, beside that of the modules.
function preload(address) {
  if (document.head.querySelector(`link[href="${address}"]`)) return;
  document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: address }));
}

export default function (component) {
  preload(component.data.plotly);
  const address = new URL(component.data.modules + "/main.js", document.baseURI).href;
  const mounted = import(address).then((main) => main.render(component));
  return () => {
    mounted.then((unmount) => unmount());
  };
}
