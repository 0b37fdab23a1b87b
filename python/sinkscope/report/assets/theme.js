// Light and dark: as the system says, or as the reader does. Figures ask for the colours that the page has.
const INK = "#000000", MUTED = "#666666";  // of kinds/figure.py: these two are the text's own colours
const LIGHT = { text: "#1b1f24", muted: "#57606a", line: "#d0d5da", paper: "#ffffff" };

function theme() {
  const of = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  return { text: of("text"), muted: of("muted"), line: of("line"), paper: of("paper") };
}

function followTheme(redraw) {
  const choice = document.getElementById("theme");
  const set = () => {
    document.documentElement.dataset.theme = choice.value;
    try { localStorage.setItem("sinkscope-theme", choice.value); } catch { /* a browser that keeps nothing of files */ }
    redraw();
  };
  try { choice.value = localStorage.getItem("sinkscope-theme") ?? ""; } catch { /* the same */ }
  document.documentElement.dataset.theme = choice.value;
  choice.addEventListener("change", set);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// Colours of a figure as the page has them.
function inTheme(colour, look) {
  return colour === INK ? look.text : colour === MUTED ? look.muted : seenInTheDark(colour, look);
}

// Towards the text's colour, as far as it takes for a dark page not to swallow a line: a contrast of 3, WCAG 2's for what is no text.
function seenInTheDark(colour, look) {
  const paper = channels(look.paper);
  if (luminance(paper) > 0.2 || !/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  const of = channels(colour), text = channels(look.text);
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = of.map((one, at) => Math.round(one + (text[at] - one) * share));
    if ((luminance(mixed) + 0.05) / (luminance(paper) + 0.05) >= 3) return `rgb(${mixed.join(", ")})`;
  }
  return look.text;
}

// 0 to 255, of "#0072b2" or "rgb(0, 114, 178)".
function channels(colour) {
  return colour.startsWith("#") ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) : colour.match(/\d+/g).slice(0, 3).map(Number);
}

// Of WCAG 2, relative to white.
function luminance(rgb) {
  const [r, g, b] = rgb.map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
