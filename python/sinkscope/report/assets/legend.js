// The legend: a button a condition, which takes its curve away and brings it back.
function swatch(trace) {
  const lines = trace.type === "scatter" && trace.mode.includes("lines");
  const colour = trace.line?.color ?? trace.marker?.color;
  const dash = { solid: "solid", dot: "dotted", dash: "dashed", dashdot: "dashed", longdash: "dashed", longdashdot: "dashed" };
  const made = element("span", { className: lines ? "swatch" : "swatch mark", ariaHidden: "true" });
  made.style.borderColor = colour;
  if (lines) made.style.borderTopStyle = dash[trace.line.dash ?? "solid"];
  else if (!(trace.marker?.symbol ?? "").includes("open")) made.style.background = colour;
  return made;
}

function decoded(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function Legend(holder, place) {
  const list = element("ul", { className: "legend", "aria-label": "Conditions: press to hide or show" });
  place.before(list);
  return (data, hidden, toggle) => {
    const named = [...new Map(data.filter((trace) => trace.name).map((trace) => [trace.name, trace])).values()];
    list.hidden = named.length < 1;
    list.replaceChildren(...named.map((trace) => {
      const button = element("button", { type: "button" }, swatch(trace), decoded(trace.name));
      button.setAttribute("aria-pressed", String(!hidden.has(trace.name)));
      button.addEventListener("click", () => {
        const visible = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(visible));
        toggle(trace.name, visible);
      });
      return element("li", {}, button);
    }));
  };
}
