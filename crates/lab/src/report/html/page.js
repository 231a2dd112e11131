// Puts everything in its place, and again where the scheme of colours changes.
function tool(id, text, control, change) {
  const label = element("label", text);
  label.append(control);
  control.addEventListener("change", () => { change(control); show(id); });
  byId(`${id}-tools`).append(label);
}
if (data.prices.length > 1) {
  const choice = document.createElement("select");
  choice.append(...data.prices.map((chart, i) => new Option(chart.name, i)));
  tool("price", "Instrument", choice, () => { priceShown = +choice.value; });
}
for (const id of ["price", "equity"].filter((id) => byId(id))) {
  // Nothing at or below zero has a logarithm.
  if (id === "equity" && data.equity.y.some((value) => value <= 0)) continue;
  const box = document.createElement("input");
  box.type = "checkbox";
  tool(id, "Logarithmic scale", box, () => { isLogarithmic[id] = box.checked; });
}
if (byId("trades")) showTrades();
const all = [...overTime, "returns", "periods", "chance"].filter((id) => byId(id));
Promise.all(all.map(show)).then(() => {
  for (const id of overTime) byId(id).on("plotly_relayout", (change) => follow(id, change));
  document.documentElement.dataset.ready = "true";
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all.forEach(show));
