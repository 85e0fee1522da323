// Enlarging of the maps of a page: buttons, Ctrl and wheel, dragging, + - 0 and arrows. Without it the maps stand.
for (const map of document.querySelectorAll("svg.map")) {
  const whole = map.viewBox.baseVal;
  const [width, height] = [whole.width, whole.height];
  const frame = document.createElement("div");
  frame.className = "frame";
  map.replaceWith(frame);
  frame.append(map);
  let [x, y, factor] = [0, 0, 1];
  const show = () => {
    factor = Math.min(Math.max(factor, 1), 200);
    x = Math.min(Math.max(x, 0), width - width / factor);
    y = Math.min(Math.max(y, 0), height - height / factor);
    map.setAttribute("viewBox", `${x} ${y} ${width / factor} ${height / factor}`);
    map.style.setProperty("--k", String(width / factor / Math.max(map.clientWidth, 1)));
    map.style.cursor = factor > 1 ? "grab" : "";
  };
  const zoom = (by, u = 0.5, v = 0.5) => {
    const next = Math.min(Math.max(factor * by, 1), 200);
    x += (width / factor - width / next) * u;
    y += (height / factor - height / next) * v;
    factor = next;
    show();
  };
  const move = (u, v) => {
    x += (u * width) / factor;
    y += (v * height) / factor;
    show();
  };
  const acts = {
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    0: () => zoom(0),
    ArrowLeft: () => move(-0.2, 0),
    ArrowRight: () => move(0.2, 0),
    ArrowUp: () => move(0, -0.2),
    ArrowDown: () => move(0, 0.2),
  };
  const bar = document.createElement("div");
  bar.className = "zoom";
  for (const [sign, name] of [["+", "Enlarge"], ["-", "Reduce"], ["0", "Show all"]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign === "0" ? "All" : sign === "-" ? "\u2212" : sign;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", acts[sign]);
    bar.append(button);
  }
  frame.append(bar);
  map.tabIndex = 0;
  map.addEventListener("keydown", (event) => {
    if (!(event.key in acts) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[event.key]();
  });
  map.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = map.getBoundingClientRect();
      const part = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      zoom(event.deltaY < 0 ? 1.3 : 1 / 1.3, ...part);
    },
    { passive: false },
  );
  map.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 1) || factor === 1 || event.pointerType === "touch") return;
    const box = map.getBoundingClientRect();
    move(-event.movementX / box.width, -event.movementY / box.height);
  });
  map.addEventListener("dragstart", (event) => event.preventDefault());
  new ResizeObserver(show).observe(map);
  show();
}
