// Draws the charts, sorts the tables, and hides what the filters leave out. It asks nothing of the network.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const form = document.getElementById("filters");
  const views = new Map();
  const state = { drawn: 0, failed: 0, all: page.figures.length };
  window.tfbench = { views, state };

  // Gives the chosen numbers of each filter.
  function chosen() {
    const found = {};
    for (const name of Object.keys(page.choices)) {
      const boxes = form.querySelectorAll(`input[name="${name}"]:checked`);
      found[name] = new Set([...boxes].map((box) => Number(box.value)));
    }
    return found;
  }

  // Gives the values that a chart keeps, by the name of its filter; those that have no choice keep all.
  function kept(figure, numbers) {
    const names = figure.filters.filter((name) => name in page.choices);
    return names.map((name) => [`keep_${name}`, page.choices[name].filter((_, i) => numbers[name].has(i))]);
  }

  async function draw(figure) {
    const place = document.getElementById(figure.name);
    const data = figure.spec.data.map((set) => (set.name in page.rows ? { ...set, values: page.rows[set.name] } : set));
    try {
      const { view } = await vegaEmbed(place, { ...figure.spec, data }, {
        mode: "vega",
        ast: true, // expressions are walked, not compiled: the policy of the page forbids that
        actions: false,
        renderer: "svg",
        tooltip: { theme: "custom" },
        logLevel: 1, // errors; filters that leave nothing to draw are none
      });
      views.set(figure.name, view);
      state.drawn += 1;
    } catch (error) {
      state.failed += 1;
      place.textContent = `This chart could not be drawn: ${error.message}`;
      console.error(error);
    }
  }

  function update() {
    const numbers = chosen();
    let rows = 0;
    let charts = 0;
    for (const element of document.querySelectorAll("[data-tags]")) {
      const tags = Object.entries(JSON.parse(element.dataset.tags));
      element.hidden = !tags.every(([name, values]) => values.some((value) => numbers[name].has(value)));
      rows += element.hidden && element.tagName === "TR";
      charts += element.hidden && element.tagName === "FIGURE";
    }
    for (const figure of page.figures) {
      const view = views.get(figure.name);
      if (view) {
        for (const [signal, values] of kept(figure, numbers)) view.signal(signal, values);
        view.runAsync();
      }
    }
    const told = rows || charts ? `Left out: ${rows} rows of tables, ${charts} charts` : "";
    document.getElementById("hidden-by").textContent = told;
    window.dispatchEvent(new Event("resize")); // charts that were hidden have had no width
  }

  // Compares two cells: numbers, else texts; what has no value comes last whichever way.
  function compare(one, other, sign) {
    const none = ("none" in one.dataset) - ("none" in other.dataset);
    if (none) return none;
    if ("number" in one.dataset && "number" in other.dataset) {
      return sign * (Number(one.dataset.number) - Number(other.dataset.number));
    }
    const [left, right] = [one, other].map((cell) => cell.dataset.text ?? cell.textContent);
    return sign * left.localeCompare(right, "en", { numeric: true });
  }

  function sort(head) {
    const column = head.cellIndex;
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    body.append(...[...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column], sign)));
  }

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
  if (form) {
    form.addEventListener("change", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    if (form.querySelector("input:not(:checked)")) update(); // as the browser restores them
  }

  // One after the other, from the top: what is looked at first is there first, and the page answers meanwhile.
  (async () => {
    for (const figure of page.figures) {
      await draw(figure);
      if (state.drawn === 1) performance.mark("first-chart");
      await new Promise((resolve) => setTimeout(resolve));
    }
    performance.mark("all-charts");
    if (form && form.querySelector("input:not(:checked)")) update();
  })();
})();
