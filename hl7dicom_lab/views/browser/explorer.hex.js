// The bytes of a data set: offset, hexadecimal and text; the pieces of the chosen element named above them.

const HEX_MOST = 768; // bytes of one value that are drawn at a time
const PIECE_MOST = 8; // bytes of a piece that its legend repeats

function hexPane(bytes, lines, name, told) {
  const box = bytesBox(name, told);
  const across = told.across || 16; // bytes of a row
  const legend = element("div", { className: "legend" });
  const node = element("div", { className: "hexpane" }, legend, box);
  const chunks = bytes.chunks.map(([start, view]) => ({ start, end: start + view.byteLength, view }));
  let [from, until, caret] = [0, 0, 0];
  let chosen = -1;
  let cells = new Map();

  function byteAt(offset) {
    const chunk = chunks.find((one) => one.start <= offset && offset < one.end);
    return chunk ? chunk.view.getUint8(offset - chunk.start) : -1;
  }
  function draw(start, end) {
    from = Math.max(0, start - (start % 16) - 32);
    until = Math.min(bytes.size, Math.min(end, start + HEX_MOST) + 48);
    cells = new Map();
    const drawn = [];
    for (let offset = from; offset < until; offset += across) {
      const known = [...Array(across).keys()].some((place) => byteAt(offset + place) >= 0);
      drawn.push(known ? hexRow(offset) : element("div", { className: "line", textContent: `${hex8(offset)}  … not sent to the browser: the value is large` }));
      if (!known) break;
    }
    const left = end - Math.min(end, start + HEX_MOST);
    if (left > 0) drawn.push(element("div", { className: "line", textContent: `… ${left.toLocaleString("en")} more bytes of this value` }));
    box.replaceChildren(...drawn);
  }
  function hexRow(offset) {
    const [codes, texts] = [element("span", { className: "codes" }), element("span", { className: "texts" })];
    for (let at = offset; at < Math.min(offset + across, bytes.size); at += 1) {
      const value = byteAt(at);
      const one = element("span", { textContent: value < 0 ? ".." : hex2(value) });
      const other = element("span", { textContent: value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : "." });
      [one, other].forEach((made) => { made.dataset.offset = at; });
      cells.set(at, [one, other]);
      codes.append(one);
      texts.append(other);
    }
    return element("div", { className: "line hex" }, element("span", { className: "offset", textContent: hex8(offset) }), codes, texts);
  }
  function mark(kind, start, end) {
    cells.forEach((made, at) => made.forEach((one) => one.classList.toggle(kind, start <= at && at < end)));
  }
  // What each piece of the chosen element is: its bytes, and words for them. Where a piece begins, a stroke stands.
  function explain(is) {
    let at = is ? is.start : 0;
    const pieces = is ? is.pieces : [];
    legend.replaceChildren(...pieces.map(([words, size]) => {
      const known = [...Array(Math.min(size, PIECE_MOST)).keys()].map((place) => byteAt(at + place));
      const shown = known.filter((value) => value >= 0).map(hex2).join(" ");
      if (cells.has(at)) cells.get(at)[0].classList.add("begins");
      at += size;
      const code = element("code", { textContent: size > PIECE_MOST ? `${shown} …` : shown });
      return element("span", { className: "part" }, code, element("span", { textContent: size > PIECE_MOST ? `${words}, ${size.toLocaleString("en")} bytes` : words }));
    }));
    if (!is) legend.replaceChildren("Not on this side.");
    else if (is.start < 0) legend.replaceChildren("This line has no bytes.");
    else if (!pieces.length) legend.replaceChildren("Choose an element, and its bytes are explained here.");
    const value = pieces.findIndex(([words]) => words === "value");
    const header = value < 0 ? 0 : pieces.slice(0, value).reduce((sum, [, size]) => sum + size, 0);
    mark("header", is ? is.start : 0, is ? is.start + header : 0);
  }
  function show(line) {
    chosen = line;
    const is = lines[line];
    if (!is || is.start < 0) {
      mark("chosen", 0, 0);
      mark("begins", 0, 0);
      explain(is);
      return;
    }
    if (caret < is.start || caret >= is.end) caret = is.start;
    draw(Math.max(is.start, caret - 256), is.end);
    mark("chosen", is.start, is.end);
    mark("caret", caret, caret + 1);
    explain(is);
    const seen = cells.get(caret);
    if (seen) bringIn(box, seen[0].parentElement);
  }
  function near(line) {
    const is = lines[line];
    mark("near", is ? is.start : 0, is ? is.end : 0);
  }
  function offsetOf(event) {
    return event.target.dataset && event.target.dataset.offset !== undefined ? Number(event.target.dataset.offset) : -1;
  }
  function go(offset) {
    caret = Math.min(Math.max(offset, 0), bytes.size - 1);
    const line = lineAt(lines, caret, caret + 1);
    if (line >= 0) told.chosen(line, true); else show(chosen);
  }
  box.addEventListener("click", (event) => { if (offsetOf(event) >= 0) go(offsetOf(event)); });
  box.addEventListener("mouseover", (event) => { const at = offsetOf(event); if (at >= 0) told.near(lineAt(lines, at, at + 1)); });
  onArrows(box, {
    ArrowRight: () => go(caret + 1), ArrowLeft: () => go(caret - 1), ArrowDown: () => go(caret + across), ArrowUp: () => go(caret - across),
    PageDown: () => go(caret + 256), PageUp: () => go(caret - 256), Home: () => go(0), End: () => go(bytes.size - 1),
  });
  draw(0, 256);
  return { node, show, near };
}

function hex2(value) {
  return value.toString(16).padStart(2, "0");
}

function hex8(offset) {
  return offset.toString(16).padStart(8, "0");
}
