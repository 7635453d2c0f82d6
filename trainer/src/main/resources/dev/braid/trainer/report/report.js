"use strict";
// Shows the values under the pointer in the legends, with a cursor in every chart. The page is XML too: no less-than sign
// and no ampersand in here.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = document.querySelector(".at");
  const labels = [...document.querySelectorAll("b[data-key]")];
  const last = data.steps.length - 1;

  function element(name, attributes, parent) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    parent.append(made);
    return made;
  }

  function numbers(text) {
    return text.split(" ").map(Number);
  }

  const plots = [...document.querySelectorAll("svg.plot")].map((svg) => {
    const [left, top, width, height] = numbers(svg.dataset.box);
    const [first, final] = numbers(svg.dataset.steps);
    const [low, high] = numbers(svg.dataset.values);
    const scale = svg.dataset.log === "true" ? Math.log : (value) => value;
    const cursor = element("g", { class: "cursor", visibility: "hidden" }, svg);
    const line = element("line", { y1: top, y2: top + height }, cursor);
    const dots = svg.dataset.keys.split(" ").map((key) => ({ key, node: element("circle", { class: key, r: 4 }, cursor) }));
    return {
      svg,
      cursor,
      line,
      dots,
      x: (step) => left + (step - first) / (final - first) * width,
      y: (value) => top + height * (scale(high) - scale(value)) / (scale(high) - scale(low)),
      step: (event) => {
        const box = svg.getBoundingClientRect();
        const across = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
        return first + (across - left) / width * (final - first);
      },
    };
  });

  // The index of the step nearest to the wanted one; -1 where there are none.
  function nearest(steps, wanted) {
    let low = 0;
    let high = steps.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (steps[middle] > wanted) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high >= 0 ? (steps[high] - wanted > wanted - steps[low] ? low : high) : -1;
  }

  function words(value) {
    if (value === null) {
      return "not finite";
    }
    const size = Math.abs(value);
    if (size >= 1e6) {
      return value.toExponential(2).replace("e+", "e");
    }
    if (size >= 1000) {
      return (value / 1000).toPrecision(3) + "k";
    }
    return size > 0 ? (0.01 > size ? value.toExponential(2) : value.toPrecision(4)) : "0";
  }

  // The step and the value of a curve at or near a step; curves of validation have steps of their own.
  function point(key, index) {
    const steps = data[key + "Steps"] ?? data.steps;
    const place = steps === data.steps ? index : nearest(steps, data.steps[index]);
    return { step: steps[place], value: place >= 0 ? data[key][place] : null };
  }

  function tell(index) {
    for (const label of labels) {
      label.textContent = words(point(label.dataset.key, index).value);
    }
  }

  function show(index) {
    const step = data.steps[index];
    tell(index);
    at.textContent = "step " + step.toLocaleString("en");
    for (const plot of plots) {
      plot.cursor.setAttribute("visibility", "visible");
      plot.line.setAttribute("x1", plot.x(step));
      plot.line.setAttribute("x2", plot.x(step));
      for (const { key, node } of plot.dots) {
        const near = point(key, index);
        const height = plot.y(near.value ?? NaN);
        node.setAttribute("visibility", Number.isFinite(height) ? "inherit" : "hidden");
        if (Number.isFinite(height)) {
          node.setAttribute("cx", plot.x(near.step));
          node.setAttribute("cy", height);
        }
      }
    }
  }

  function rest() {
    tell(last);
    at.textContent = at.dataset.final;
    for (const plot of plots) {
      plot.cursor.setAttribute("visibility", "hidden");
    }
  }

  for (const plot of plots) {
    const follow = (event) => show(nearest(data.steps, plot.step(event)));
    plot.svg.addEventListener("pointermove", follow);
    plot.svg.addEventListener("pointerdown", follow);
    plot.svg.addEventListener("pointerleave", rest);
  }
  rest();
})();
