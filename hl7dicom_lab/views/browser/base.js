// Stands before the code of every widget of the lab. Everything is drawn with textContent: text from the wire stays text.

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Text with `code` in it, as the text form writes it.
function words(text) {
  return String(text).split("`").map((part, place) => place % 2 ? element("code", { textContent: part }) : part);
}

// A place where news are read out by a screen reader; not to be seen.
function announcer() {
  const made = element("span", { className: "hl7dicom-read-out" });
  made.setAttribute("role", "status");
  return made;
}

// Begin to draw: the widget's own class, and JupyterLab's shortcuts stay outside.
function begin(el, name) {
  el.classList.add("hl7dicom-live", `hl7dicom-${name}`);
  el.setAttribute("data-lm-suppress-shortcuts", "true");
}
