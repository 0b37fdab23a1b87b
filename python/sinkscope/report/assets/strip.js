// Tokens of a text in their order, coloured by a number that sliders choose.
const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];

function coloured(share) {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const at = Math.min(Math.floor(place), CIVIDIS.length - 2);
  const [low, high] = [channels(CIVIDIS[at]), channels(CIVIDIS[at + 1])];
  return low.map((one, channel) => Math.round(one + (high[channel] - one) * (place - at)));
}

// Black or white, whichever is read better.
function inkOn(colour) {
  return luminance(colour) > 0.179 ? "#000000" : "#ffffff";
}

function Strip(holder, figure) {
  const at = figure.sliders.map((slider) => slider.start);
  const list = element("ol", { className: "strip", tabIndex: 0, "aria-label": `${figure.title}; arrow keys go from token to token` });
  const readout = element("p", { className: "muted", role: "status" });
  let chosen = 0;

  const values = () => at.reduce((nested, index) => nested[index], figure.values);
  const tokens = () => figure.tokens[figure.tokens.length > 1 ? at[0] : 0];
  const state = () => figure.sliders.map((slider, index) => `${slider.name} ${slider.values[at[index]]}`).join(", ");

  function say() {
    const value = values()[chosen];
    readout.textContent = `${state()}: token ${chosen}, “${tokens()[chosen]}”: ${figure.label} ${value === null ? "none" : value.toFixed(4)}`;
    [...list.children].forEach((item, index) => item.classList.toggle("chosen", index === chosen));
  }

  function draw() {
    const found = values();
    list.replaceChildren(...tokens().slice(0, found.length).map((token, index) => {
      const colour = coloured(found[index] ?? 0);
      const item = element("li", { title: `token ${index}: ${shown(found[index])}` }, token);
      Object.assign(item.style, { backgroundColor: `rgb(${colour})`, color: inkOn(colour) });
      item.addEventListener("pointerenter", () => { chosen = index; say(); });
      return item;
    }));
    chosen = Math.min(chosen, found.length - 1);
    say();
    const details = holder.querySelector(".numbers");
    if (details.open) fill();
  }

  function fill() {
    const rows = values().map((value, index) => [index, tokens()[index], value]);
    fillNumbers(holder.querySelector(".numbers"), { columns: ["place", "token", figure.label], rows }, `${figure.title}; ${state()}`);
  }

  function slider(spec, index) {
    const input = element("input", { type: "range", min: 0, max: spec.values.length - 1, step: 1, value: at[index] });
    const output = element("output", {}, spec.values[at[index]]);
    const tell = () => {
      at[index] = Number(input.value);
      output.textContent = spec.values[at[index]];
      input.setAttribute("aria-valuetext", output.textContent);
      draw();
    };
    input.setAttribute("aria-valuetext", output.textContent);
    input.addEventListener("input", tell);
    return element("label", { className: "slider" }, spec.name, input, output);
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    chosen = Math.min(Math.max(chosen + step, 0), list.children.length - 1);
    say();
  });
  const bar = element("span");
  bar.style.background = `linear-gradient(to right, ${CIVIDIS.join(",")})`;
  holder.querySelector(".controls").append(...figure.sliders.map(slider));
  holder.querySelector(".drawing").append(element("div", { className: "scale" }, element("span", {}, "0"), bar, element("span", {}, `1 ${figure.label}`)),
                                          list, readout);
  holder.querySelector(".numbers").addEventListener("toggle", () => { if (holder.querySelector(".numbers").open) fill(); });
  holder.querySelector(".svg").addEventListener("click", () => downloadStrip(holder, figure, tokens(), values(), state()));
  holder.querySelector(".svg").disabled = false;
  return { draw, option: () => {}, name: () => "" };
}
