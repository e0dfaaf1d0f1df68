// The tree of the explorer: a treegrid that draws only the rows on the screen. The focus stays on the grid itself.

const ROW = 26; // pixels; the style sheet says the same

function treeGrid({ rows, hasParts, parents, open, visible, wanted }, columns, label, told) {
  // Each widget, and each further view of it, may have a copy of this module of its own: no counter is unique.
  const id = ownName("grid");
  const head = element("div", { className: "row head" }, ...columns.map((column) => columnHead(column)));
  head.setAttribute("role", "row");
  const top = element("div", { className: "top" }, head);
  top.setAttribute("role", "rowgroup");
  const body = element("div", { className: "body" });
  body.setAttribute("role", "rowgroup");
  const node = element("div", { className: "grid", tabIndex: 0 }, top, body);
  node.setAttribute("role", "treegrid");
  node.setAttribute("aria-label", label);
  node.classList.add(columns.some((column) => column.kind === "mark") ? "compared" : `facts-${columns.filter((column) => column.kind.startsWith("fact")).length}`);
  node.classList.toggle("with-notes", columns.some((column) => column.kind === "note"));
  let shown = [];
  let chosen = -1; // a place among all rows
  let near = -1;
  let typed = "";
  let typing = 0;

  function draw() {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW) - 5);
    const last = Math.min(shown.length, first + Math.ceil((node.clientHeight || 420) / ROW) + 12);
    const at = shown.indexOf(chosen);
    const drawn = [];
    for (let place = first; place < last; place += 1) drawn.push(row(place));
    if (at >= 0 && (at < first || at >= last)) drawn.push(row(at)); // the grid names it as its active row
    body.replaceChildren(...drawn);
    body.style.height = `${shown.length * ROW}px`;
    if (at >= 0) node.setAttribute("aria-activedescendant", `${id}-${chosen}`);
    else node.removeAttribute("aria-activedescendant");
  }
  function row(at) {
    const place = shown[at];
    const cells = columns.map((column, number) => cell(column, number, place));
    const made = element("div", { className: "row", id: `${id}-${place}` }, ...cells);
    made.style.top = `${at * ROW}px`;
    made.dataset.place = place;
    const is = rows[place];
    made.classList.toggle("chosen", place === chosen);
    made.classList.toggle("near", place === near);
    made.classList.toggle("empty", is.empty);
    if (is.mark) made.classList.add(is.mark.replace(" ", "-"));
    made.classList.toggle("counts", is.counts);
    made.setAttribute("role", "row");
    made.setAttribute("aria-level", is.depth + 1);
    made.setAttribute("aria-rowindex", at + 2);
    made.setAttribute("aria-selected", String(place === chosen));
    if (hasParts[place]) made.setAttribute("aria-expanded", String(isOpen(place)));
    return made;
  }
  function cell(column, number, place) {
    const made = element("div", { className: `cell ${column.kind}` });
    made.setAttribute("role", number ? "gridcell" : "rowheader");
    if (column.kind === "label") {
      const sign = hasParts[place] ? (isOpen(place) ? "▾" : "▸") : "";
      const marker = element("span", { className: "marker", textContent: sign });
      marker.setAttribute("aria-hidden", "true");
      made.style.setProperty("--depth", rows[place].depth);
      made.append(marker);
    }
    const text = column.text(rows[place]);
    if (column.kind === "value" || column.kind === "note") { made.dir = "auto"; }
    if (text.length > 20) made.title = text.slice(0, 600);
    made.append(...controls(text.length > 400 ? `${text.slice(0, 400)} …` : text));
    return made;
  }
  function isOpen(place) {
    return wanted.text ? shown.some((one) => parents[one] === place) : open[place];
  }
  function refresh() {
    shown = visible();
    if (!shown.includes(chosen)) chosen = -1;
    node.setAttribute("aria-rowcount", shown.length + 1);
    draw();
    return shown.length;
  }
  function scrollTo(place) {
    const at = shown.indexOf(place);
    if (at < 0) return;
    const room = node.clientHeight - ROW;
    if (at * ROW < node.scrollTop) node.scrollTop = at * ROW;
    else if ((at + 1) * ROW > node.scrollTop + room) node.scrollTop = (at + 1) * ROW - room;
  }
  function choose(place) {
    chosen = place;
    scrollTo(place);
    draw();
  }
  function toggle(place, value) {
    if (!hasParts[place] || wanted.text) return;
    open[place] = value;
    refresh();
    told.folded();
  }
  function pick(at) {
    if (shown.length) told.chosen(shown[Math.min(Math.max(at, 0), shown.length - 1)]);
  }
  function typeAhead(key) {
    const now = Date.now();
    typed = (now - typing < 900 ? typed : "") + key.toLowerCase();
    typing = now;
    const from = Math.max(0, shown.indexOf(chosen)) + (typed.length === 1 ? 1 : 0);
    const order = [...shown.slice(from), ...shown.slice(0, from)];
    const begins = (text) => text.toLowerCase().startsWith(typed);
    const found = order.find((place) => begins(rows[place].label) || begins(rows[place].name));
    if (found !== undefined) told.chosen(found);
  }
  const keys = {
    ArrowDown: (at) => pick(at + 1),
    ArrowUp: (at) => pick(at - 1),
    PageDown: (at) => pick(at + 12),
    PageUp: (at) => pick(at - 12),
    Home: () => pick(0),
    End: () => pick(shown.length - 1),
    ArrowRight: (at, place) => { hasParts[place] && !isOpen(place) ? toggle(place, true) : hasParts[place] && pick(at + 1); },
    ArrowLeft: (at, place) => {
      if (hasParts[place] && isOpen(place) && !wanted.text) toggle(place, false);
      else if (parents[place] >= 0) told.chosen(parents[place]);
    },
    Enter: (at, place) => toggle(place, !open[place]),
    " ": (at, place) => toggle(place, !open[place]),
  };
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    const known = keys[event.key];
    if (!known && event.key.length !== 1) return;
    event.preventDefault();
    event.stopPropagation();
    known ? known(shown.indexOf(chosen), chosen) : typeAhead(event.key);
  });
  node.addEventListener("scroll", draw, { passive: true });
  body.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (place === null) return;
    if (event.target.classList.contains("marker")) toggle(place, !open[place]);
    told.chosen(place);
  });
  body.addEventListener("dblclick", (event) => {
    const place = placeOf(event);
    if (place !== null && !event.target.classList.contains("marker")) toggle(place, !open[place]);
  });
  body.addEventListener("mouseover", (event) => {
    const place = placeOf(event);
    if (place !== null) told.near(place);
  });
  body.addEventListener("mouseleave", () => told.near(-1));
  function showNear(place) {
    near = place;
    [...body.children].forEach((one) => one.classList.toggle("near", Number(one.dataset.place) === near));
  }
  return { node, refresh, choose, showNear, draw, chosen: () => chosen, shown: () => shown };
}

function placeOf(event) {
  const found = event.target.closest(".row");
  return found && found.dataset.place !== undefined ? Number(found.dataset.place) : null;
}

function columnHead(column) {
  const made = element("div", { className: `cell ${column.kind}`, textContent: column.title });
  made.setAttribute("role", "columnheader");
  return made;
}
