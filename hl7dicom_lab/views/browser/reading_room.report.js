// Whose study it is, what does not agree, and the report with its history.

const SIGNS = { P: "◐", F: "✓", C: "✎", X: "✕" }; // beside the words, never instead of them

// A warning stands above everything; nothing where there is none.
function alarm([title, ...reasons], last = "") {
  if (!title) return [];
  const box = element("div", { className: "alarm" }, element("strong", { textContent: `⚠ ${title}` }),
    element("ul", {}, ...reasons.map((reason) => element("li", { textContent: reason, dir: "auto" }))),
    ...(last ? [element("strong", { textContent: last })] : []));
  box.setAttribute("role", "alert");
  return [box];
}

// The facts of a line, each in its own direction of writing.
function apart(line) {
  return line.split(" · ").flatMap((fact, place) => [place ? " · " : "", element("bdi", { textContent: fact })]);
}

function bannerOf(study) {
  const [name, person, what] = study.banner;
  return element("div", { className: "whose" }, ...alarm(study.warning, study.covered),
    element("div", { className: "banner" },
      element("strong", { className: "name", textContent: name, dir: "auto" }),
      element("div", {}, ...apart(person)), element("div", { className: "what" }, ...apart(what))));
}

function reportOf(study, several) {
  const { versions, none } = study.report;
  const title = element("h3", { textContent: several ? `Report on ${study.accession}` : "Report", dir: "auto" });
  const article = element("article", { className: "report" }, title);
  if (study.covered) article.append(element("div", { className: "cover" }, element("strong", { textContent: study.covered })));
  else if (none) article.append(element("p", { textContent: none }));
  else {
    const [current, ...earlier] = versions;
    article.append(element("div", { className: "current" }, ...version(current, versions.length, "current")));
    if (earlier.length) {
      article.append(element("h4", { textContent: `Earlier versions (${earlier.length}), newest first` }));
      article.append(...earlier.map((one) => superseded(one, current, versions.length)));
    }
  }
  return article;
}

function version(one, count, mark) {
  const place = count > 1 ? `Version ${one.number} of ${count} · ${mark}` : "";
  const text = element("div", { className: "text", textContent: one.text, dir: "auto", tabIndex: 0 });
  text.setAttribute("role", "group"); // no landmark: a notebook holds many
  text.setAttribute("aria-label", `Text of the report${count > 1 ? `, version ${one.number}, ${mark}` : ""}`);
  return [
    element("div", { className: "status" },
      element("span", { className: `badge status-${one.code}`, textContent: `${SIGNS[one.code] || ""} ${one.status}` }),
      ...(place ? [element("span", { className: "mark", textContent: place })] : [])),
    element("div", { className: "about" }, ...apart(one.facts)),
    text,
  ];
}

function superseded(one, current, count) {
  const made = element("details", { className: "superseded" },
    element("summary", { textContent: `${one.number}. ${one.line} · superseded` }),
    element("p", { className: "stamp", textContent: `✕ Superseded: do not use. Version ${current.number} holds: ${current.line}.` }),
    ...version(one, count, "superseded"));
  return made;
}
