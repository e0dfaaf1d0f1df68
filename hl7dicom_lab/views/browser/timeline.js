// The timeline: arrows in the order of time. Only the rows that can be seen are in the page; the arrow keys move along
// them, Enter opens one, Escape shuts it.
const legend = "HL7: thin line. DICOM: thick line. Answers are dashed. ✖ error, ▲ warning, • note.";
const spare = 6; // rows drawn above and below what can be seen

function columnsOf(arrows, places) {
  const found = new Set(arrows.flatMap((one) => (one.form === "note" ? [one.receiver] : [one.sender, one.receiver])));
  const strangers = [...found].filter((name) => !places.includes(name) && name !== unknown);
  return [...places.filter((name) => found.has(name)), ...strangers, ...(found.has(unknown) ? [unknown] : [])];
}

function choice(label, options, value) {
  const select = element("select", {}, ...options.map(([key, text]) => element("option", { value: key, textContent: text })));
  select.value = value;
  return { select, node: element("label", {}, `${label} `, select) };
}

function tick(label, checked) {
  const input = element("input", { type: "checkbox", checked });
  return { input, node: element("label", {}, input, ` ${label}`) };
}

const isProblem = (arrow) => arrow.severity === "error" || arrow.severity === "warning";

// The bar above the diagram: which arrows are chosen, and whether the newest are followed.
class Bar {
  constructor(chosen, isPicture) {
    this.chosen = chosen;
    this.system = choice("System", [["", "all"]], "");
    this.protocol = choice("Protocol", [["", "both"], ["HL7", "HL7"], ["DICOM", "DICOM"]], chosen.protocol);
    this.problems = tick("Only problems", chosen.problems);
    this.follow = tick("Follow", !isPicture);
    this.follow.node.hidden = isPicture;
    this.save = element("button", { type: "button", textContent: "Save as SVG" });
    this.count = element("span", { className: "count" });
    const nodes = [this.system, this.protocol, this.problems, this.follow].map((one) => one.node);
    this.node = element("div", { className: "bar" }, ...nodes, this.save, this.count);
  }

  get follows() { return this.follow.input.checked; }

  // Followed still, as long as this is so.
  followIf(still) {
    this.follow.input.checked = this.follows && still;
  }

  lets(arrow) {
    const system = this.system.select.value;
    const protocol = this.protocol.select.value;
    return (!system || arrow.sender === system || arrow.receiver === system)
      && (!protocol || arrow.protocol === protocol)
      && (!this.problems.input.checked || isProblem(arrow));
  }

  fillSystems(all) {
    const { select } = this.system;
    const wanted = select.options.length === 1 ? this.chosen.system : select.value;
    const match = all.find((one) => one.toLowerCase() === wanted.toLowerCase()) ?? wanted;
    const options = match && !all.includes(match) ? [...all, match] : all;
    if (options.length + 1 !== select.options.length) {
      select.replaceChildren(...["", ...options].map((one) => element("option", { value: one, textContent: cut(one || "all", 24) })));
    }
    select.value = match;
  }

  tellCount(numbered, leftOut) {
    const wrong = numbered.filter(({ arrow }) => isProblem(arrow)).length;
    const arrows = `${numbered.length} arrow${numbered.length === 1 ? "" : "s"}`;
    const problems = `${wrong} problem${wrong === 1 ? "" : "s"}`;
    this.count.textContent = `${arrows}, ${problems}${leftOut ? `; ${leftOut} older left out` : ""}`;
  }
}

class Timeline {
  constructor(model, name) {
    const { chosen, places, titles, numbers } = model.get("state"); // numbers: of a picture that does not go on
    this.known = storeOf(model);
    Object.assign(this, { places, titles, numbers });
    this.opened = new Set(); // the keys of folds
    this.rows = new Map(); // what is drawn, by the entry's key
    this.entries = [];
    this.layout = null;
    this.current = this.open = ""; // keys: of the entry that has the focus, of the one shown below
    this.wasAt = ""; // what the drawn rows depend on
    this.saidAt = 0;
    this.bar = new Bar(chosen, Boolean(numbers));
    this.build(name);
    this.listen();
  }

  build(name) {
    this.heads = element("div", { className: "heads" });
    this.list = element("ol", { className: "arrows" });
    this.list.setAttribute("aria-label", "What went over the wire, in the order of time");
    this.scroll = element("div", { className: "scroll" }, this.heads, this.list);
    this.detail = element("section", { className: "detail", hidden: true, id: `${name}-detail` });
    this.detail.setAttribute("aria-label", "The open arrow");
    this.status = announcer();
    this.empty = element("p", { className: "empty" });
    this.caption = element("p", { className: "caption", dir: "auto" }); // what a screen reader reads from the row itself
    this.caption.setAttribute("aria-hidden", "true");
    const signs = element("p", { className: "legend", textContent: legend });
    this.node = element("div", { className: "timeline" },
      this.bar.node, this.empty, this.scroll, this.caption, signs, this.detail, this.status);
  }

  listen() {
    const { bar, detail, list } = this;
    ["mouseover", "mouseleave", "focusin", "focusout"].forEach((name) => list.addEventListener(name, (event) => this.say(event)));
    list.addEventListener("keydown", (event) => this.keys(event));
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.toggle(button.dataset.key);
    });
    detail.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.shut();
      event.stopPropagation();
    });
    this.scroll.addEventListener("scroll", () => this.scrolled());
    [bar.system.select, bar.protocol.select, bar.problems.input].forEach((one) => { one.onchange = () => this.chose(); });
    bar.follow.input.onchange = () => this.toEnd();
    bar.save.onclick = () => this.save();
  }

  // The arrows that are chosen, with their numbers among all.
  shown() {
    const { known, numbers } = this;
    const numbered = known.arrows().map((arrow, place) => ({ arrow, number: numbers?.[arrow.id] ?? known.leftOut + place + 1 }));
    return numbered.filter(({ arrow }) => this.bar.lets(arrow));
  }

  rebuild() {
    const { known, bar } = this;
    bar.fillSystems(columnsOf(known.arrows(), this.places));
    const numbered = this.shown();
    this.entries = entriesOf(numbered, this.opened);
    this.tellEmpty(numbered.length === 0);
    this.measure(numbered);
    bar.tellCount(numbered, known.leftOut);
    this.drawHeads();
    if (!this.entryOf(this.current)) this.current = this.entries[0]?.key ?? "";
    this.wasAt = "";
    this.rows.clear();
    this.drawRows();
  }

  tellEmpty(isEmpty) {
    this.empty.hidden = !isEmpty;
    this.scroll.hidden = this.caption.hidden = isEmpty;
    this.empty.textContent = this.known.arrows().length ? "Nothing of what went over the wire is chosen here."
      : "Nothing went over the wire yet. Arrows appear here as systems talk.";
  }

  measure(numbered) {
    // The height comes before the width is measured: what is hidden has none, and a bar takes some.
    this.list.style.height = `${this.entries.length * rowHeight}px`;
    const names = columnsOf(numbered.map(({ arrow }) => arrow), this.places);
    this.layout = layoutOf(names, Math.max(this.scroll.clientWidth - 2, 300));
    this.list.style.width = this.heads.style.width = `${this.layout.width}px`;
  }

  drawHeads() {
    const { layout, titles } = this;
    this.heads.replaceChildren(...layout.names.slice(0, layout.count).map((one, place) => {
      const name = headName(layout, place);
      const made = element("div", { className: "name", title: name }, element("b", { dir: "auto", textContent: name }));
      if (titles[one] && !layout.isNarrow) made.append(element("small", { textContent: titles[one] }));
      Object.assign(made.style, { left: `${layout.x(one) - layout.column / 2 + 3}px`, width: `${layout.column - 6}px` });
      return made;
    }));
  }

  // The entries to draw, with their places: those that can be seen, and the one that has the focus.
  wantedRows(first, last) {
    const wanted = this.entries.slice(first, last).map((entry, place) => [entry, first + place]);
    const focused = this.placeOf(this.current);
    if (focused >= 0 && (focused < first || focused >= last)) wanted.push([this.entries[focused], focused]);
    return wanted.sort((one, other) => one[1] - other[1]);
  }

  drawRows() {
    const { scroll, list } = this;
    const first = Math.max(0, Math.floor((scroll.scrollTop - 46) / rowHeight) - spare);
    const last = Math.min(this.entries.length, first + Math.ceil(scroll.clientHeight / rowHeight) + 2 * spare);
    const at = `${this.known.version} ${first} ${last} ${this.current} ${this.open} ${this.layout?.width}`;
    if (at === this.wasAt) return;
    this.wasAt = at;
    const hadFocus = list.contains(document.activeElement);
    const rows = this.wantedRows(first, last).map(([entry, place]) => this.marked(this.drawnRow(entry, place), entry));
    const isOther = rows.length !== list.children.length || rows.some((one, place) => list.children[place] !== one);
    if (isOther) list.replaceChildren(...rows);
    if (hadFocus && !list.contains(document.activeElement)) this.focus();
  }

  // Rows stay as they are drawn until something else is shown.
  drawnRow(entry, place) {
    if (!this.rows.has(entry.key)) this.rows.set(entry.key, this.row(entry, place));
    return this.rows.get(entry.key);
  }

  marked(item, entry) {
    const button = item.firstChild;
    button.tabIndex = entry.key === this.current ? 0 : -1;
    button.setAttribute("aria-expanded", String(entry.isFold ? this.opened.has(entry.key) : this.open === entry.key));
    return item;
  }

  row(entry, place) {
    const { layout } = this;
    const picture = svg("svg", { width: layout.width, height: rowHeight, "aria-hidden": "true" }, drawEntry(entry, layout));
    const button = element("button", { type: "button", className: entry.inside ? "inside" : "", title: entry.sentence }, picture);
    button.setAttribute("aria-label", `${entry.numbers}. ${entry.first.time}. ${entry.sentence}`);
    button.dataset.key = entry.key;
    const item = element("li", {}, button);
    item.setAttribute("aria-posinset", place + 1);
    item.setAttribute("aria-setsize", this.entries.length);
    item.style.top = `${place * rowHeight}px`;
    return item;
  }

  entryOf(key) { return this.entries.find((one) => one.key === key); }
  placeOf(key) { return this.entries.findIndex((one) => one.key === key); }

  focus() {
    this.list.querySelector('button[tabindex="0"]')?.focus({ preventScroll: true });
  }

  go(wanted) {
    const place = Math.max(0, Math.min(wanted, this.entries.length - 1));
    const entry = this.entries[place];
    if (!entry) return;
    this.current = entry.key;
    this.bar.followIf(place === this.entries.length - 1);
    this.bringIn(place * rowHeight);
    this.drawRows();
    this.focus();
  }

  bringIn(top) {
    const { scroll } = this;
    const height = scroll.clientHeight - this.heads.offsetHeight;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + rowHeight > scroll.scrollTop + height) scroll.scrollTop = top + rowHeight - height;
  }

  toggle(key) {
    const entry = this.entryOf(key);
    if (!entry) return;
    this.current = key;
    if (entry.isFold) this.toggleFold(entry);
    else this.toggleDetail(key);
    this.focus();
  }

  toggleFold({ key, arrows }) {
    const isOpen = !this.opened.has(key);
    if (isOpen) this.opened.add(key);
    else this.opened.delete(key);
    this.status.textContent = isOpen ? `${arrows.length} parts shown` : "Parts hidden";
    this.bar.followIf(false);
    this.rebuild();
  }

  toggleDetail(key) {
    this.open = this.open === key ? "" : key;
    this.bar.followIf(!this.open);
    this.drawRows();
    this.showDetail(true);
  }

  showDetail(isNew) {
    const entry = this.entryOf(this.open);
    this.detail.hidden = !entry;
    if (!entry) {
      this.open = "";
      this.detail.replaceChildren();
      return;
    }
    const close = element("button", { type: "button", className: "close", textContent: "Close", onclick: () => this.shut() });
    this.detail.replaceChildren(close, ...detailOf(this.known, entry));
    if (isNew) this.status.textContent = "The message is shown below the diagram.";
  }

  shut() {
    const had = this.open;
    this.open = "";
    this.showDetail(false);
    this.drawRows();
    if (!had) return;
    this.current = had;
    this.go(this.placeOf(had));
  }

  keys(event) {
    const at = this.placeOf(this.current);
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / rowHeight) - 2);
    const last = this.entries.length - 1;
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + page, PageUp: at - page };
    if (event.key in moves) this.go(moves[event.key]);
    else if (event.key === "Escape") this.shut();
    else if (event.key !== "Enter" && event.key !== " ") return;
    else this.toggle(event.target.dataset.key);
    event.preventDefault();
    event.stopPropagation();
  }

  // The line below the diagram says the row under the mouse in a whole sentence, else the one that has the focus.
  say(event) {
    const pointed = event.type === "mouseleave" ? null : event.target.closest("button");
    const entry = this.entryOf((pointed ?? this.list.querySelector("button:focus"))?.dataset.key);
    this.caption.textContent = entry ? `${entry.numbers}. ${entry.sentence}` : "";
  }

  scrolled() {
    const { scroll } = this;
    const isAtEnd = scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - rowHeight;
    if (scroll.matches(":hover")) this.bar.followIf(isAtEnd); // by the person, not by what follows
    this.drawRows();
  }

  // Something else is chosen in the bar.
  chose() {
    this.rebuild();
    this.toEnd();
    this.showDetail(false);
  }

  toEnd() {
    if (!this.bar.follows) return;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.drawRows();
  }

  save() {
    const text = pictureOf(this.entries, this.layout.names, this.titles, legend);
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "image/svg+xml" })), download: "timeline.svg" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    this.status.textContent = "Saved as timeline.svg";
  }

  news(message) {
    if (message.what === "detail") {
      if (this.open && this.entryOf(this.open)?.first.id === message.id) this.showDetail(false);
      return;
    }
    this.rebuild();
    if (this.open) this.showDetail(false);
    this.toEnd();
    if (message.put.length) this.sayNews(message.put.length);
  }

  // Not more often than a screen reader can tell.
  sayNews(count) {
    if (Date.now() - this.saidAt <= 2000) return;
    this.saidAt = Date.now();
    this.status.textContent = `${count} new, the newest: ${this.entries.at(-1)?.sentence ?? ""}`;
  }
}

function initialize({ model }) {
  storeOf(model);
}

function render({ model, el }) {
  begin(el, "timeline");
  const known = storeOf(model);
  const made = new Timeline(model, ownName("timeline"));
  el.replaceChildren(made.node);
  let width = -1;
  const observer = new ResizeObserver(() => {
    if (made.node.clientWidth === width) return;
    width = made.node.clientWidth;
    made.rebuild();
    made.toEnd();
  });
  made.rebuild();
  observer.observe(made.node);
  const stop = known.listen((message) => made.news(message));
  known.drawn = (known.drawn ?? 0) + 1;
  if (known.drawn === 1 && known.wasGone) known.hello();
  return () => {
    stop();
    observer.disconnect();
    known.drawn -= 1;
    if (!known.drawn) { known.wasGone = true; known.gone(); }
  };
}

export default { initialize, render };
