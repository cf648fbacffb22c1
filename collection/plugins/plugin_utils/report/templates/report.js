"use strict";
(() => {
  const root = document.documentElement;

  // The theme: the system's until the user chooses one; the choice is stored if the browser allows it.
  const theme = document.getElementById("theme");
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const storedTheme = (value) => {
    try {
      if (value) localStorage.setItem("weft-theme", value);
      return localStorage.getItem("weft-theme");
    } catch {
      return null;
    }
  };
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  const stored = storedTheme();
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    storedTheme(root.dataset.theme);
    showTheme();
  });
  systemDark.addEventListener("change", showTheme);
  showTheme();

  // The rows of the heat map, in the order of the hosts.
  const heat = document.getElementById("heat");
  const rows = heat ? [...heat.tBodies[0].rows] : [];
  const names = rows.map((row) => row.cells[0].textContent);
  const cellOf = (from, to) => rows[from] && rows[from].cells[to + 1];
  // The legend has the names of the verdicts.
  const verdictNames = Object.fromEntries([...document.querySelectorAll("[data-verdict]")].map(({ dataset }) => [dataset.verdict, dataset.name]));
  const verdictOf = (cell) => (cell ? /\bv-(\w+)/.exec(cell.className)?.[1] : undefined) ?? "unknown";

  const describeCell = (cell) => {
    const from = cell.parentElement.rowIndex - 1;
    const to = cell.cellIndex - 1;
    if (from === to) return `${names[from]}: same host`;
    const { l, m, p, r, why } = cell.dataset;
    return [
      `${names[from]} → ${names[to]}: ${verdictNames[verdictOf(cell)]}${why ? ` (${why})` : ""}`,
      [l && `${l} ms`, m && `path MTU ${m}`, p && `${p} % lost`, r && `${r} Mbit/s`].filter(Boolean).join(", "),
    ].filter(Boolean).join("\n");
  };

  // The measure of the heat map; the browser keeps the choice when the user returns to the page.
  const showMeasure = (input) => {
    heat.dataset.show = input.value;
    for (const box of document.querySelectorAll(".measure")) box.classList.toggle("is-shown", box.dataset.of === input.value);
  };
  for (const input of document.querySelectorAll("input[name=measure]")) {
    input.addEventListener("change", () => showMeasure(input));
    if (input.checked) showMeasure(input);
  }

  // One tooltip for all elements, on hover and on focus; Escape hides it.
  const tip = document.getElementById("tip");
  let owner = null;
  const textFor = (element) => element.dataset.tip || (heat && heat.contains(element) ? describeCell(element) : "");
  const hideTip = () => {
    tip.hidden = true;
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
  };
  const showTip = (element) => {
    const text = textFor(element);
    if (!text) return hideTip();
    hideTip();
    owner = element;
    tip.textContent = text;
    tip.hidden = false;
    element.setAttribute("aria-describedby", "tip");
    placeTip();
  };
  const placeTip = () => {
    const box = owner.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), innerWidth - own.width - 8);
    const above = box.top - own.height - 10;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above >= 60 ? above : Math.min(box.bottom + 10, innerHeight - own.height - 8)}px`;
  };
  const tipped = (event) => event.target instanceof Element && event.target.closest("[data-tip], .heat tbody td");
  document.addEventListener("pointerover", (event) => {
    const element = tipped(event);
    if (element) showTip(element);
    else if (!tip.contains(event.target)) hideTip();
  });
  document.addEventListener("focusin", (event) => {
    const element = tipped(event);
    if (element) showTip(element);
    else hideTip();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });
  // On scroll, the tooltip of the focused element moves with it; any other tooltip is hidden.
  addEventListener("scroll", () => {
    if (!owner) return;
    if (owner === document.activeElement) placeTip();
    else hideTip();
  }, { capture: true, passive: true });

  // Each group is one tab stop; the arrow keys move within it (roving tabindex).
  const move = (group, from, key) => {
    const grid = group.hasAttribute("data-grid");
    const items = grid ? [...group.rows].map((row) => [...row.cells].slice(1)) : [[...group.children]];
    const y = items.findIndex((row) => row.includes(from));
    const x = items[y].indexOf(from);
    const line = items[y];
    const within = (list, index) => list[Math.min(Math.max(0, index), list.length - 1)];
    if (!grid) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
      if (step) return line[(x + step + line.length) % line.length];
    }
    switch (key) {
      case "ArrowRight": return within(line, x + 1);
      case "ArrowLeft": return within(line, x - 1);
      case "ArrowDown": return within(within(items, y + 1), x);
      case "ArrowUp": return within(within(items, y - 1), x);
      case "Home": return line[0];
      case "End": return line[line.length - 1];
      default: return null;
    }
  };
  for (const group of document.querySelectorAll("[data-roving]")) {
    const first = group.hasAttribute("data-grid") ? group.rows[0]?.cells[1] : group.children[0];
    let current = first;
    if (!first) continue;
    first.tabIndex = 0;
    const select = (item) => {
      current.tabIndex = -1;
      current = item;
      item.tabIndex = 0;
    };
    group.addEventListener("keydown", (event) => {
      const next = move(group, current, event.key);
      if (!next) return;
      event.preventDefault();
      select(next);
      next.focus();
    });
    group.addEventListener("pointerdown", (event) => {
      const item = event.target.closest("[data-roving] > *, [data-grid] td");
      if (item && item.tagName !== "TR") select(item);
    });
  }

  // The links of one host, drawn over all other links.
  const map = document.querySelector(".map");
  const figure = map.closest("figure");
  const spokes = document.getElementById("spokes");
  const nodes = [...map.querySelectorAll(".node")];
  const bend = Number(map.dataset.bend);
  const centre = [map.viewBox.baseVal.width / 2, map.viewBox.baseVal.height / 2];
  const position = (node) => [Number(node.dataset.x), Number(node.dataset.y)];
  const faulty = (verdict) => !["ok", "unknown"].includes(verdict);
  const linkKind = (one, other) => {
    const found = [verdictOf(cellOf(one, other)), verdictOf(cellOf(other, one))];
    return found.some(faulty) ? "bad" : found.includes("unknown") ? "unknown" : "ok";
  };
  const clearSpokes = () => {
    spokes.replaceChildren();
    figure.classList.remove("is-quiet");
  };
  const drawSpokes = (node) => {
    clearSpokes();
    figure.classList.add("is-quiet");
    const [x, y] = position(node);
    for (const other of nodes) {
      if (other === node) continue;
      const [ox, oy] = position(other);
      const [cx, cy] = [(x + ox) / 2, (y + oy) / 2].map((middle, axis) => centre[axis] + (middle - centre[axis]) * bend);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x} ${y}Q${cx} ${cy} ${ox} ${oy}`);
      path.setAttribute("class", linkKind(Number(node.dataset.index), Number(other.dataset.index)));
      spokes.append(path);
    }
  };
  for (const node of nodes) {
    node.addEventListener("pointerenter", () => drawSpokes(node));
    node.addEventListener("pointerleave", clearSpokes);
    node.addEventListener("focus", () => drawSpokes(node));
    node.addEventListener("blur", clearSpokes);
  }

  // Marks the visible section in the navigation.
  const links = new Map([...document.querySelectorAll(".bar nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const [id, link] of links) id === entry.target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
})();
