// The mapping map: boxes in four columns, lines between them as SVG behind the boxes, the chosen value's way below.
// Lines stand inside the sheet that scrolls, so they follow it by themselves; they are drawn anew when its size changes.

const SVG = "http://www.w3.org/2000/svg";
const COLUMNS = ["order", "worklist", "image", "report"];

function drawing(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

const lineClass = (mark) => mark.split(" ")[0];
const placeOf = (value) => value.within ? `${value.within} > ${value.label}` : value.label;
const start = (text) => text.length > 300 ? `${text.slice(0, 300)}... (${text.length} characters)` : text;

// What is linked with what: the lines that arrive at a value and leave it, and its whole way to both sides.
function relations(state) {
  const values = new Map(state.values.map((value) => [value.key, value]));
  const arriving = new Map(state.values.map((value) => [value.key, []]));
  const leaving = new Map(state.values.map((value) => [value.key, []]));
  state.links.forEach((link) => {
    arriving.get(link.right).push(link);
    leaving.get(link.left).push(link);
  });
  function follow(key, links, end, found) {
    links.get(key).forEach((link) => {
      found.links.add(link);
      found.keys.add(link[end]);
      follow(link[end], links, end, found);
    });
    return found;
  }
  function way(key) {
    const found = { keys: new Set([key]), links: new Set() };
    follow(key, arriving, "left", found);
    return follow(key, leaving, "right", found);
  }
  return { values, arriving, leaving, way };
}

function legend(signs) {
  const samples = signs.map(([mark, sign]) => {
    const item = element("span", { textContent: `${sign} ${mark}` });
    if (mark === "made") return item;
    const sample = drawing("svg", { "aria-hidden": "true", viewBox: "0 0 30 8" });
    sample.append(drawing("path", { d: "M0 4H30", class: lineClass(mark) }));
    item.prepend(sample);
    return item;
  });
  const meanings = signs.map(([mark, sign, meaning]) => element("li", { textContent: `${sign} ${mark}: ${meaning}` }));
  return element("details", { className: "legend" }, element("summary", {}, ...samples), element("ul", {}, ...meanings));
}

// A keyword that may go on in the next line between its words.
function breakable(label) {
  return label.split(/(?<=[a-z])(?=[A-Z])/).flatMap((part, place) => place ? [document.createElement("wbr"), part] : [part]);
}

function box(value, signs) {
  const sign = value.mark ? [element("span", { className: "sign", textContent: signs.get(value.mark) })] : [];
  const within = value.within ? [element("span", { className: "within", textContent: `${value.within} ` }), "> "] : [];
  const className = `name${value.mark ? " marked" : ""}${[0, 3].includes(value.column) ? " field" : ""}`;
  const name = element("span", { className }, ...sign, ...within, ...breakable(value.label));
  const said = { className: value.text ? "text" : "text nothing", textContent: start(value.text) || "(nothing)" };
  const text = element("span", { ...said, dir: "auto" });
  const mark = value.mark === "made" ? `made by ${value.by}` : value.mark;
  const made = element("button", { type: "button", className: `value ${lineClass(value.mark)}`.trim(), tabIndex: -1 }, name, text);
  made.title = [placeOf(value), start(value.text) || "(nothing)", mark].filter(Boolean).join("\n");
  made.setAttribute("aria-pressed", "false");
  made.setAttribute("aria-label", [COLUMNS[value.column], placeOf(value), start(value.text) || "nothing", mark].filter(Boolean).join(", "));
  return made;
}

// The sheet: the headings, and for each group a band with a list in every column.
function sheet(state, boxes) {
  const heads = COLUMNS.map((name, place) => element("div", {},
    element("strong", { textContent: name[0].toUpperCase() + name.slice(1) }),
    element("span", { textContent: state.stages[place], title: state.stages[place] })));
  const bands = state.groups.map(([group, name]) => {
    const lists = COLUMNS.map((column, place) => {
      const members = state.values.filter((value) => value.group === group && value.column === place);
      if (!members.length) return element("span", {});
      const list = element("ul", {}, ...members.map((value) => element("li", {}, boxes.get(value.key))));
      list.setAttribute("aria-label", `${name}, ${column}`);
      return list;
    });
    return element("section", {}, element("h4", { textContent: name }), element("div", { className: "columns" }, ...lists));
  });
  const lines = drawing("svg", { class: "lines", "aria-hidden": "true" });
  const node = element("div", { className: "sheet" }, element("div", { className: "columns heads" }, ...heads), lines, ...bands);
  return { node, bands, lines };
}

// Draw the lines between the boxes that are seen.
function draw(node, lines, links, boxes, paths) {
  const frame = node.getBoundingClientRect();
  lines.setAttribute("width", frame.width);
  lines.setAttribute("height", frame.height);
  links.forEach((link) => {
    const path = paths.get(link);
    const ends = [boxes.get(link.left), boxes.get(link.right)];
    const unseen = ends.some((one) => !one.offsetParent);
    path.toggleAttribute("hidden", unseen);
    if (unseen) return;
    const [from, to] = ends.map((one) => one.getBoundingClientRect());
    const [x1, x2] = [from.right - frame.left, to.left - frame.left];
    const [y1, y2] = [from, to].map((one) => one.top - frame.top + Math.min(one.height / 2, 18));
    const bend = Math.min((x2 - x1) / 2, 60);
    path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  });
}

function howItCame(value, links, related) {
  const came = links.map((link) => {
    const from = related.values.get(link.left);
    const source = `${COLUMNS[from.column]} ${placeOf(from)}`;
    if (link.mark === "differs") return `differs: ${source} has ${start(from.text) || "nothing"}${link.rule ? ` (${link.rule})` : ""}`;
    return link.rule ? `${link.mark} (${link.rule}), from ${source}` : `${link.mark} from ${source}`;
  });
  if (value.mark === "made") came.push(`made by ${value.by}`);
  if (value.column === 0 && value.by) came.push(`in ${value.by}`);
  return [...came, value.note].filter(Boolean).join("; ");
}

// The way of the chosen value in words: what it came from, itself, and what came of it.
function sentences(found, related, signs) {
  const rows = [...related.values.values()].filter((value) => found.keys.has(value.key)).map((value) => {
    const how = howItCame(value, related.arriving.get(value.key).filter((link) => found.links.has(link)), related);
    return element("li", {}, element("span", { textContent: COLUMNS[value.column] }), element("div", {},
      element("strong", { textContent: placeOf(value) }), " ",
      element("code", { dir: "auto", textContent: value.text || "(nothing)" }),
      ` ${signs.get(value.mark) || ""} ${how}`.trimEnd()));
  });
  const list = element("ol", { tabIndex: 0 }, ...rows);
  list.setAttribute("aria-label", "The way of the value, column by column");
  return list;
}

function tools(state) {
  const search = element("input", { type: "search", placeholder: "such as PatientID", spellcheck: false });
  const group = element("select", {}, element("option", { value: "", textContent: "all" }),
    ...state.groups.map(([key, name]) => element("option", { value: key, textContent: name })));
  const made = element("input", { type: "checkbox" });
  const differs = element("input", { type: "checkbox" });
  const shown = element("span", { className: "shown" });
  const node = element("div", { className: "tools" }, element("label", {}, "Search", search), element("label", {}, "Group", group),
    element("label", {}, made, "only what is made"), element("label", {}, differs, "only what differs or is missing"));
  return { node, search, group, made, differs, shown };
}

// The keys of the values to be shown: those that match, and all that lie on their ways.
function matching(state, related, tool) {
  const wanted = tool.search.value.trim().toLowerCase();
  const marks = [...(tool.made.checked ? ["made"] : []), ...(tool.differs.checked ? ["differs", "missing"] : [])];
  const found = new Set();
  state.values.forEach((value) => {
    const text = `${placeOf(value)}\n${value.text}\n${value.by}`.toLowerCase();
    const inGroup = !tool.group.value || value.group === tool.group.value;
    if (!inGroup || !text.includes(wanted) || (marks.length && !marks.includes(value.mark))) return;
    related.way(value.key).keys.forEach((key) => found.add(key));
  });
  return found;
}

// Where a key leads: up and down in the column, left and right along a line.
function neighbour(key, pressed, related, seen) {
  if (pressed === "ArrowLeft") return related.arriving.get(key).map((link) => link.left).find((one) => seen.has(one));
  if (pressed === "ArrowRight") return related.leaving.get(key).map((link) => link.right).find((one) => seen.has(one));
  const column = [...related.values.values()]
    .filter((one) => one.column === related.values.get(key).column && seen.has(one.key)).map((one) => one.key);
  const at = column.indexOf(key);
  return column[{ ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: column.length - 1 }[pressed]];
}

const NOTHING_CHOSEN = "Choose a value with the mouse or the keyboard: its way through the four columns is lit, and told here in words. "
  + "Arrow keys move on, Escape ends.";

class MappingMap {
  constructor(state, el) {
    this.state = state;
    this.related = relations(state);
    this.signs = new Map(state.signs);
    this.boxes = new Map(state.values.map((value) => [value.key, box(value, this.signs)]));
    this.keyOf = new Map([...this.boxes].map(([key, one]) => [one, key]));
    this.paths = new Map(state.links.map((link) => [link, drawing("path", { class: lineClass(link.mark) })]));
    this.seen = new Set(this.boxes.keys());
    this.chosen = "";
    this.build(el);
    this.listen();
    this.filter();
    this.watched = new ResizeObserver(() => this.redraw());
    this.watched.observe(this.sheet.node);
  }

  build(el) {
    const { state } = this;
    this.sheet = sheet(state, this.boxes);
    this.sheet.lines.append(...this.paths.values());
    this.tool = tools(state);
    this.way = element("div", { className: "way" });
    this.news = announcer();
    const map = element("div", { className: "map", tabIndex: 0 }, this.sheet.node);
    map.setAttribute("role", "region");
    map.setAttribute("aria-label", "The map. Arrow keys up and down move in a column, left and right along a line.");
    const summary = element("p", { className: "summary" }, element("span", { textContent: state.summary }), this.tool.shown);
    const title = element("h3", { textContent: state.title });
    el.replaceChildren(title, summary, this.tool.node, legend(state.signs), map, this.way, this.news);
  }

  listen() {
    const { search, group, made, differs } = this.tool;
    search.addEventListener("input", () => this.filtered());
    [group, made, differs].forEach((one) => one.addEventListener("change", () => this.filtered()));
    this.boxes.forEach((one, key) => {
      one.addEventListener("focus", () => { if (this.chosen !== key) this.choose(key); });
      one.addEventListener("click", () => {
        one.focus(); // Safari gives a button that is clicked no focus
        this.choose(key);
      });
    });
    this.sheet.node.addEventListener("keydown", (event) => this.keys(event));
  }

  redraw() {
    draw(this.sheet.node, this.sheet.lines, this.state.links, this.boxes, this.paths);
  }

  // One box of the map is reached with Tab, the others with the arrow keys.
  enter(key) {
    this.boxes.forEach((one, name) => { one.tabIndex = name === key ? 0 : -1; });
  }

  choose(key) {
    this.chosen = key;
    const found = key ? this.related.way(key) : { keys: new Set(), links: new Set() };
    this.sheet.node.classList.toggle("chosen", Boolean(key));
    this.boxes.forEach((one, name) => {
      one.classList.toggle("lit", found.keys.has(name));
      one.setAttribute("aria-pressed", String(name === key));
    });
    this.paths.forEach((path, link) => path.classList.toggle("lit", found.links.has(link)));
    if (key) this.enter(key);
    this.tell(found);
    this.redraw();
  }

  tell(found) {
    if (!this.chosen) {
      this.way.replaceChildren(element("p", { textContent: NOTHING_CHOSEN }));
      return;
    }
    const heading = element("h4", { textContent: `The way of ${placeOf(this.related.values.get(this.chosen))}` });
    this.way.replaceChildren(heading, sentences(found, this.related, this.signs));
    this.news.textContent = `${found.keys.size} values on this way`;
  }

  filter() {
    const seen = this.seen = matching(this.state, this.related, this.tool);
    const { boxes } = this;
    boxes.forEach((one, key) => { one.parentElement.hidden = !seen.has(key); });
    this.sheet.bands.forEach((band) => { band.hidden = !band.querySelector("li:not([hidden])"); });
    if (!seen.has(this.chosen)) {
      this.choose("");
      this.enter(this.state.values.find((value) => seen.has(value.key))?.key);
    }
    this.tool.shown.textContent = `${seen.size} of ${boxes.size} boxes shown`;
    this.redraw();
  }

  filtered() {
    this.filter();
    this.news.textContent = `${this.seen.size} of ${this.boxes.size} boxes are shown`;
  }

  keys(event) {
    const key = this.keyOf.get(event.target);
    const moves = /^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key);
    if (!key || (!moves && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    if (moves) this.move(key, event.key);
    else this.choose("");
  }

  move(key, pressed) {
    const next = this.boxes.get(neighbour(key, pressed, this.related, this.seen));
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  leave() {
    this.watched.disconnect();
  }
}

function render({ model, el }) {
  begin(el, "mapping_map");
  const map = new MappingMap(model.get("state"), el);
  return () => map.leave();
}

export default { render };
