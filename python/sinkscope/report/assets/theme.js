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
  return colour === INK ? look.text : colour === MUTED ? look.muted : colour;
}
