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

function timeline(model, name) {
  const known = storeOf(model);
  const { chosen, places, titles, numbers } = model.get("state"); // numbers: of a picture that does not go on
  const opened = new Set();
  const rows = new Map(); // what is drawn, by the entry's key
  let [entries, layout, current, open, wasAt] = [[], null, "", "", ""];

  const system = choice("System", [["", "all"]], "");
  const protocol = choice("Protocol", [["", "both"], ["HL7", "HL7"], ["DICOM", "DICOM"]], chosen.protocol);
  const problems = tick("Only problems", chosen.problems);
  const follow = tick("Follow", !numbers);
  follow.node.hidden = Boolean(numbers);
  const save = element("button", { type: "button", textContent: "Save as SVG" });
  const count = element("span", { className: "count" });
  const bar = element("div", { className: "bar" }, system.node, protocol.node, problems.node, follow.node, save, count);
  const heads = element("div", { className: "heads" });
  const list = element("ol", { className: "arrows" });
  list.setAttribute("aria-label", "What went over the wire, in the order of time");
  const scroll = element("div", { className: "scroll" }, heads, list);
  const detail = element("section", { className: "detail", hidden: true, id: `${name}-detail` });
  detail.setAttribute("aria-label", "The open arrow");
  const status = announcer();
  const empty = element("p", { className: "empty" });
  const caption = element("p", { className: "caption", dir: "auto" }); // what a screen reader reads from the row itself
  caption.setAttribute("aria-hidden", "true");
  const node = element("div", { className: "timeline" }, bar, empty, scroll, caption, element("p", { className: "legend", textContent: legend }), detail, status);

  function shown() {
    const numbered = known.arrows().map((arrow, place) => ({ arrow, number: numbers?.[arrow.id] ?? known.leftOut + place + 1 }));
    const wanted = system.select.value;
    return numbered.filter(({ arrow }) => (!wanted || arrow.sender === wanted || arrow.receiver === wanted)
      && (!protocol.select.value || arrow.protocol === protocol.select.value)
      && (!problems.input.checked || arrow.severity === "error" || arrow.severity === "warning"));
  }

  function fillSystems() {
    const all = columnsOf(known.arrows(), places);
    const wanted = system.select.options.length === 1 ? chosen.system : system.select.value;
    const match = all.find((one) => one.toLowerCase() === wanted.toLowerCase()) ?? wanted;
    const options = match && !all.includes(match) ? [...all, match] : all;
    if (options.length + 1 !== system.select.options.length) {
      system.select.replaceChildren(...["", ...options].map((one) => element("option", { value: one, textContent: cut(one || "all", 24) })));
    }
    system.select.value = match;
  }

  function rebuild() {
    fillSystems();
    const numbered = shown();
    entries = entriesOf(numbered, opened);
    empty.hidden = numbered.length > 0;
    scroll.hidden = caption.hidden = !empty.hidden;
    list.style.height = `${entries.length * rowHeight}px`; // before the width is measured: what is hidden has none, a bar takes some
    layout = layoutOf(columnsOf(numbered.map(({ arrow }) => arrow), places), Math.max(scroll.clientWidth - 2, 300));
    const wrong = numbered.filter(({ arrow }) => arrow.severity === "error" || arrow.severity === "warning").length;
    count.textContent = `${numbered.length} arrow${numbered.length === 1 ? "" : "s"}, ${wrong} problem${wrong === 1 ? "" : "s"}${known.leftOut ? `; ${known.leftOut} older left out` : ""}`;
    empty.textContent = known.arrows().length ? "Nothing of what went over the wire is chosen here." : "Nothing went over the wire yet. Arrows appear here as systems talk.";
    drawHeads();
    list.style.width = heads.style.width = `${layout.width}px`;
    if (!entries.some((one) => one.key === current)) current = entries[0]?.key ?? "";
    wasAt = "";
    rows.clear();
    window();
  }

  function drawHeads() {
    heads.replaceChildren(...layout.names.slice(0, layout.count).map((one, place) => {
      const made = element("div", { className: "name", title: headName(layout, place) }, element("b", { dir: "auto", textContent: headName(layout, place) }));
      if (titles[one] && !layout.isNarrow) made.append(element("small", { textContent: titles[one] }));
      Object.assign(made.style, { left: `${layout.x(one) - layout.column / 2 + 3}px`, width: `${layout.column - 6}px` });
      return made;
    }));
  }

  // Put the rows that can be seen into the page, and the one that has the focus.
  function window() {
    const first = Math.max(0, Math.floor((scroll.scrollTop - 46) / rowHeight) - spare);
    const last = Math.min(entries.length, first + Math.ceil(scroll.clientHeight / rowHeight) + 2 * spare);
    const at = `${known.version} ${first} ${last} ${current} ${open} ${layout?.width}`;
    if (at === wasAt) return;
    wasAt = at;
    const hadFocus = list.contains(document.activeElement);
    const wanted = entries.slice(first, last).map((entry, place) => [entry, first + place]);
    const focused = entries.findIndex((one) => one.key === current);
    if (focused >= 0 && (focused < first || focused >= last)) wanted.push([entries[focused], focused]);
    wanted.sort((one, other) => one[1] - other[1]);
    const shownRows = wanted.map(([entry, place]) => marked(drawnRow(entry, place), entry));
    if (shownRows.length !== list.children.length || shownRows.some((one, place) => list.children[place] !== one)) list.replaceChildren(...shownRows);
    if (hadFocus && !list.contains(document.activeElement)) list.querySelector('button[tabindex="0"]')?.focus({ preventScroll: true });
  }

  // Rows stay as they are drawn until something else is shown.
  function drawnRow(entry, place) {
    if (!rows.has(entry.key)) rows.set(entry.key, row(entry, place));
    return rows.get(entry.key);
  }

  function marked(item, entry) {
    const button = item.firstChild;
    button.tabIndex = entry.key === current ? 0 : -1;
    button.setAttribute("aria-expanded", String(entry.isFold ? opened.has(entry.key) : open === entry.key));
    return item;
  }

  function row(entry, place) {
    const picture = svg("svg", { width: layout.width, height: rowHeight, "aria-hidden": "true" }, drawEntry(entry, layout));
    const button = element("button", { type: "button", className: entry.inside ? "inside" : "", title: entry.sentence }, picture);
    button.setAttribute("aria-label", `${entry.numbers}. ${entry.first.time}. ${entry.sentence}`);
    button.dataset.key = entry.key;
    const item = element("li", {}, button);
    item.setAttribute("aria-posinset", place + 1);
    item.setAttribute("aria-setsize", entries.length);
    item.style.top = `${place * rowHeight}px`;
    return item;
  }

  function go(place) {
    const entry = entries[Math.max(0, Math.min(place, entries.length - 1))];
    if (!entry) return;
    current = entry.key;
    follow.input.checked = follow.input.checked && entry === entries.at(-1);
    const top = entries.indexOf(entry) * rowHeight;
    const height = scroll.clientHeight - heads.offsetHeight;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + rowHeight > scroll.scrollTop + height) scroll.scrollTop = top + rowHeight - height;
    window();
    list.querySelector('button[tabindex="0"]')?.focus({ preventScroll: true });
  }

  function toggle(key) {
    const entry = entries.find((one) => one.key === key);
    if (!entry) return;
    current = key;
    if (entry.isFold) {
      opened.has(key) ? opened.delete(key) : opened.add(key);
      status.textContent = opened.has(key) ? `${entry.arrows.length} parts shown` : "Parts hidden";
      follow.input.checked = false;
      rebuild();
    } else {
      open = open === key ? "" : key;
      follow.input.checked = follow.input.checked && !open;
      window();
      showDetail(true);
    }
    list.querySelector('button[tabindex="0"]')?.focus({ preventScroll: true });
  }

  function showDetail(isNew) {
    const entry = entries.find((one) => one.key === open);
    detail.hidden = !entry;
    if (!entry) { open = ""; detail.replaceChildren(); return; }
    const close = element("button", { type: "button", className: "close", textContent: "Close", onclick: shut });
    detail.replaceChildren(close, ...detailOf(known, entry));
    if (isNew) status.textContent = "The message is shown below the diagram.";
  }

  function shut() {
    const had = open;
    open = "";
    showDetail(false);
    window();
    if (had) { current = had; go(entries.findIndex((one) => one.key === had)); }
  }

  function keys(event) {
    const at = entries.findIndex((one) => one.key === current);
    const page = Math.max(1, Math.floor(scroll.clientHeight / rowHeight) - 2);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1, PageDown: at + page, PageUp: at - page };
    if (event.key in moves) go(moves[event.key]);
    else if (event.key === "Escape") shut();
    else if (event.key !== "Enter" && event.key !== " ") return;
    else toggle(event.target.dataset.key);
    event.preventDefault();
    event.stopPropagation();
  }

  // The line below the diagram says the row under the mouse in a whole sentence, else the one that has the focus.
  function say(event) {
    const pointed = event.type === "mouseleave" ? null : event.target.closest("button");
    const entry = entries.find((one) => one.key === (pointed ?? list.querySelector("button:focus"))?.dataset.key);
    caption.textContent = entry ? `${entry.numbers}. ${entry.sentence}` : "";
  }

  ["mouseover", "mouseleave", "focusin", "focusout"].forEach((name) => list.addEventListener(name, say));
  list.addEventListener("keydown", keys);
  list.addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) toggle(button.dataset.key); });
  detail.addEventListener("keydown", (event) => { if (event.key === "Escape") { shut(); event.stopPropagation(); } });
  scroll.addEventListener("scroll", () => {
    const isAtEnd = scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - rowHeight;
    if (!isAtEnd && scroll.matches(":hover")) follow.input.checked = false;
    window();
  });
  [system.select, protocol.select, problems.input].forEach((one) => { one.onchange = () => { rebuild(); toEnd(); showDetail(false); }; });
  follow.input.onchange = toEnd;
  save.onclick = () => {
    const text = pictureOf(entries, layout.names, titles, legend);
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "image/svg+xml" })), download: "timeline.svg" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    status.textContent = "Saved as timeline.svg";
  };

  function toEnd() {
    if (follow.input.checked) { scroll.scrollTop = scroll.scrollHeight; window(); }
  }

  let said = 0;
  function news(message) {
    if (message.what === "detail") {
      if (open && entries.find((one) => one.key === open)?.first.id === message.id) showDetail(false);
      return;
    }
    rebuild();
    if (open) showDetail(false);
    toEnd();
    if (Date.now() - said > 2000 && message.put.length) {
      said = Date.now();
      status.textContent = `${message.put.length} new, the newest: ${entries.at(-1)?.sentence ?? ""}`;
    }
  }
  return { node, rebuild, toEnd, news, scroll };
}

function initialize({ model }) {
  storeOf(model);
}

function render({ model, el }) {
  begin(el, "timeline");
  const known = storeOf(model);
  const made = timeline(model, ownName("timeline"));
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
  const stop = known.listen(made.news);
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
