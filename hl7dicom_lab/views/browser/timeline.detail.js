// What stands below the diagram while an arrow is open: the decoded message, its contexts, its bytes.
function heading(text) {
  return element("h3", { textContent: text });
}

function box(label, node) {
  const made = element("div", { className: "box", tabIndex: 0 }, node);
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", label);
  return made;
}

function detailOf(store, entry) {
  const { first } = entry;
  const parts = [element("p", { className: "sentence", dir: "auto", textContent: `${entry.numbers}. ${entry.first.time}. ${entry.sentence}` }), ...first.remarks.map(remarkOf)];
  if (entry.isFold) return [...parts, element("p", { textContent: "Open one of its parts to see its message and bytes." })];
  const detail = store.details.get(first.id);
  if (!detail || !detail.whole) store.ask(first.id);
  if (!detail) return [...parts, waiting("Asking the kernel for the message …")];
  if (detail.table) parts.push(heading("Presentation contexts"), box("Presentation contexts", contextTable(detail.table)));
  if (detail.data) parts.push(heading("Decoded"), box("Decoded message", element("pre", { dir: "auto", textContent: detail.data })));
  if (!detail.whole) parts.push(waiting("Asking the kernel for the rest …"));
  if (detail.bytes) parts.push(...bytesOf(detail));
  if (detail.gone) parts.push(element("p", { textContent: "The trace no longer keeps this message." }));
  return parts;
}

// After a moment the reason is told why nothing has come.
function waiting(text) {
  const made = element("p", { className: "waiting", textContent: text });
  made.setAttribute("role", "status");
  setTimeout(() => { made.textContent = `${text} It is busy or has stopped; this comes when it is free.`; }, 2500);
  return made;
}

function remarkOf([severity, what, rule, repair]) {
  const made = element("div", { className: `remark ${severity}` });
  made.append(element("strong", { textContent: `${severitySymbols[severity]} ${severityWords[severity]}` }));
  const list = element("dl", {});
  [["What", what], ["Rule", rule], ["Repair", repair]].filter(([, text]) => text).forEach(([name, text]) =>
    list.append(element("dt", { textContent: name }), element("dd", { dir: "auto", textContent: text })));
  made.append(list);
  return made;
}

function contextTable({ headings, rows }) {
  const cell = (name) => (text, place) => {
    const made = element(place === 0 && name === "td" ? "th" : name, { textContent: text });
    if (made.tagName === "TH") made.scope = name === "th" ? "col" : "row";
    if (place === 3 && name === "td" && !text.startsWith("✔")) made.className = "refused";
    return made;
  };
  return element("table", {},
    element("thead", {}, element("tr", {}, ...headings.map(cell("th")))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text, place) =>
      cell("td")(place === 3 ? `${text === "accepted" ? "✔" : "✖"} ${text}` : text, place))))));
}

function bytesOf({ bytes, size }) {
  const raw = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const title = raw.length < size ? `Bytes: the first ${raw.length.toLocaleString("en")} of ${size.toLocaleString("en")}` : `Bytes: ${size.toLocaleString("en")}`;
  return [heading(title), box(title, element("pre", { className: "bytes", textContent: dumpOf(raw) }))];
}

function dumpOf(raw) {
  const lines = [];
  for (let at = 0; at < raw.length; at += 16) {
    const part = [...raw.slice(at, at + 16)];
    const hex = part.map((one) => one.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex}  ${part.map((one) => (one >= 32 && one < 127 ? String.fromCharCode(one) : ".")).join("")}`);
  }
  return lines.join("\n");
}
