// The tree of the explorer: a treegrid that draws only the rows on the screen. The focus stays on the grid itself.

const ROW = 26; // pixels; the style sheet says the same
const PAGE = 12; // rows that PageUp and PageDown go
const CELL_MOST = 400; // letters of a cell; all of them stand below
const TYPING = 900; // milliseconds between two letters of one word

class TreeGrid {
  // `tree` is the outline of the rows; `told` hears of chosen, near, folded. Rows are known by their places among all.
  constructor(tree, columns, label, told) {
    Object.assign(this, { tree, columns, told });
    // Each widget, and each further view of it, may have a copy of this module of its own: no counter is unique.
    this.id = ownName("grid");
    this.shown = [];
    this.chosen = -1;
    this.near = -1;
    this.typed = "";
    this.typedAt = 0;
    this.build(label);
    this.listen();
  }

  build(label) {
    const part = (className, role, ...children) => inRole(role, element("div", { className }, ...children));
    const head = part("row head", "row", ...this.columns.map(columnHead));
    this.body = part("body", "rowgroup");
    this.node = element("div", { className: "grid", tabIndex: 0 }, part("top", "rowgroup", head), this.body);
    inRole("treegrid", this.node).setAttribute("aria-label", label);
    const kinds = this.columns.map((column) => column.kind);
    const facts = kinds.filter((kind) => kind.startsWith("fact")).length;
    this.node.classList.add(kinds.includes("mark") ? "compared" : `facts-${facts}`);
    this.node.classList.toggle("with-notes", kinds.includes("note"));
  }

  listen() {
    const { body, node, told } = this;
    node.addEventListener("keydown", (event) => this.keys(event));
    node.addEventListener("scroll", () => this.draw(), { passive: true });
    body.addEventListener("click", (event) => this.clicked(event));
    body.addEventListener("dblclick", (event) => {
      const place = placeOf(event);
      if (place !== null && !isMarker(event)) this.turn(place);
    });
    body.addEventListener("mouseover", (event) => {
      const place = placeOf(event);
      if (place !== null) told.near(place);
    });
    body.addEventListener("mouseleave", () => told.near(-1));
  }

  draw() {
    const { node, body, shown } = this;
    const first = Math.max(0, Math.floor(node.scrollTop / ROW) - 5);
    const last = Math.min(shown.length, first + Math.ceil((node.clientHeight || 420) / ROW) + 12);
    const at = shown.indexOf(this.chosen);
    const drawn = [];
    for (let place = first; place < last; place += 1) drawn.push(this.row(place));
    if (at >= 0 && (at < first || at >= last)) drawn.push(this.row(at)); // the grid names it as its active row
    body.replaceChildren(...drawn);
    body.style.height = `${shown.length * ROW}px`;
    if (at >= 0) node.setAttribute("aria-activedescendant", `${this.id}-${this.chosen}`);
    else node.removeAttribute("aria-activedescendant");
  }

  row(at) {
    const place = this.shown[at];
    const is = this.tree.rows[place];
    const cells = this.columns.map((column, number) => this.cell(column, number, place));
    const made = element("div", { className: "row", id: `${this.id}-${place}` }, ...cells);
    made.style.top = `${at * ROW}px`;
    made.dataset.place = place;
    const classes = { chosen: place === this.chosen, near: place === this.near, empty: is.empty, counts: is.counts };
    Object.entries(classes).forEach(([name, on]) => made.classList.toggle(name, on));
    if (is.mark) made.classList.add(is.mark.replace(" ", "-"));
    inRole("row", made);
    made.setAttribute("aria-level", is.depth + 1);
    made.setAttribute("aria-rowindex", at + 2); // the head is the first
    made.setAttribute("aria-selected", String(place === this.chosen));
    if (this.tree.hasParts[place]) made.setAttribute("aria-expanded", String(this.isOpen(place)));
    return made;
  }

  cell(column, number, place) {
    const { kind } = column;
    const made = inRole(number ? "gridcell" : "rowheader", element("div", { className: `cell ${kind}` }));
    if (kind === "label") {
      made.style.setProperty("--depth", this.tree.rows[place].depth);
      made.append(this.marker(place));
    }
    const text = column.text(this.tree.rows[place]);
    if (kind === "value" || kind === "note") made.dir = "auto";
    if (text.length > 20) made.title = text.slice(0, 600);
    made.append(...controls(text.length > CELL_MOST ? `${text.slice(0, CELL_MOST)} …` : text));
    return made;
  }

  marker(place) {
    const sign = !this.tree.hasParts[place] ? "" : this.isOpen(place) ? "▾" : "▸";
    const made = element("span", { className: "marker", textContent: sign });
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  // While something is looked for, the rows that it is in are open, whatever the person has opened.
  isOpen(place) {
    const { open, parents, wanted } = this.tree;
    return wanted.text ? this.shown.some((one) => parents[one] === place) : open[place];
  }

  refresh() {
    this.shown = this.tree.visible();
    if (!this.shown.includes(this.chosen)) this.chosen = -1;
    this.node.setAttribute("aria-rowcount", this.shown.length + 1);
    this.draw();
  }

  scrollTo(place) {
    const { node } = this;
    const at = this.shown.indexOf(place);
    if (at < 0) return;
    const room = node.clientHeight - ROW;
    if (at * ROW < node.scrollTop) node.scrollTop = at * ROW;
    else if ((at + 1) * ROW > node.scrollTop + room) node.scrollTop = (at + 1) * ROW - room;
  }

  choose(place) {
    this.chosen = place;
    this.scrollTo(place);
    this.draw();
  }

  showNear(place) {
    this.near = place;
    [...this.body.children].forEach((one) => one.classList.toggle("near", Number(one.dataset.place) === place));
  }

  toggle(place, value) {
    if (!this.tree.hasParts[place] || this.tree.wanted.text) return;
    this.tree.open[place] = value;
    this.refresh();
    this.told.folded();
  }

  turn(place) {
    this.toggle(place, !this.tree.open[place]);
  }

  pick(at) {
    const { shown } = this;
    if (shown.length) this.told.chosen(shown[Math.min(Math.max(at, 0), shown.length - 1)]);
  }

  clicked(event) {
    const place = placeOf(event);
    if (place === null) return;
    if (isMarker(event)) this.turn(place);
    this.told.chosen(place);
  }

  keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    const at = this.shown.indexOf(this.chosen);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + PAGE, PageUp: at - PAGE, Home: 0, End: this.shown.length - 1 };
    if (event.key in moves) this.pick(moves[event.key]);
    else if (event.key === "ArrowRight") this.inward(at);
    else if (event.key === "ArrowLeft") this.outward();
    else if (event.key === "Enter" || event.key === " ") this.turn(this.chosen);
    else if (event.key.length === 1) this.typeAhead(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Open a row, or go to its first part.
  inward(at) {
    if (!this.tree.hasParts[this.chosen]) return;
    if (this.isOpen(this.chosen)) this.pick(at + 1);
    else this.toggle(this.chosen, true);
  }

  // Shut a row, or go to the one that it is a part of.
  outward() {
    const { hasParts, parents, wanted } = this.tree;
    if (hasParts[this.chosen] && this.isOpen(this.chosen) && !wanted.text) this.toggle(this.chosen, false);
    else if (parents[this.chosen] >= 0) this.told.chosen(parents[this.chosen]);
  }

  // Letters lead to the next row whose label or name begins with them.
  typeAhead(letter) {
    const { shown } = this;
    const now = Date.now();
    this.typed = (now - this.typedAt < TYPING ? this.typed : "") + letter.toLowerCase();
    this.typedAt = now;
    const from = Math.max(0, shown.indexOf(this.chosen)) + (this.typed.length === 1 ? 1 : 0);
    const order = [...shown.slice(from), ...shown.slice(0, from)];
    const begins = (text) => text.toLowerCase().startsWith(this.typed);
    const found = order.find((place) => begins(this.tree.rows[place].label) || begins(this.tree.rows[place].name));
    if (found !== undefined) this.told.chosen(found);
  }
}

function placeOf(event) {
  const found = event.target.closest(".row");
  return found && found.dataset.place !== undefined ? Number(found.dataset.place) : null;
}

function isMarker(event) {
  return event.target.classList.contains("marker");
}

function inRole(role, node) {
  node.setAttribute("role", role);
  return node;
}

function columnHead(column) {
  return inRole("columnheader", element("div", { className: `cell ${column.kind}`, textContent: column.title }));
}
